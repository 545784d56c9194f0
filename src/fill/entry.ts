import type { Cache } from '../cache/cache.ts';
import { parseCacheTags } from '../http/cache-tags.ts';
import type { HeaderList } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { renderHead } from './head.ts';
import { type OriginAnswer, storedMeta, storedWords, type Variant } from './judge.ts';
import { encodeMeta, type StoredParts } from './stored.ts';

/** What an entry holds of an answer beside its body. */
export interface EntryContent {
  head: Uint8Array;
  meta: Uint8Array;
  words: [number, number, number, number];
  tags: number[];
}

/** What an answer is beside itself: a variant of its resource, or a part of it. */
export interface EntryKind {
  variant?: Variant;
  parts?: StoredParts;
}

/** @param hide fields that clients do not get */
export function entryOf(
  cache: Cache,
  answer: OriginAnswer,
  judgement: Judgement,
  hide: readonly string[],
  { variant, parts }: EntryKind = {},
): EntryContent {
  const omit = parts === undefined ? judgement.omitFields : [...judgement.omitFields, 'content-range'];
  const head = renderHead(answer.headers, omit, hide);
  const meta = { ...storedMeta(judgement, answer, head, variant), parts };
  const words = storedWords(judgement, answer.status);
  return { head: head.block, meta: encodeMeta(meta), words, tags: tagHashes(cache, answer.headers) };
}

/** The hashes of an answer's tags. */
export function tagHashes(cache: Cache, headers: HeaderList): number[] {
  return parseCacheTags(headers).map((tag) => cache.tagHash(tag));
}
