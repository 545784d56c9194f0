import type { Cache } from '../cache/cache.ts';
import { parseCacheTags } from '../http/cache-tags.ts';
import { contentCoding } from '../http/content-coding.ts';
import type { HeaderList } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { renderHead } from './head.ts';
import { type OriginAnswer, storedMeta, storedWords, type Variant } from './judge.ts';
import { encodeMeta, FLAG_CODED, FLAG_SLICED, type StoredParts, type StoredSlices } from './stored.ts';

/** What an entry holds of an answer beside its body. */
export interface EntryContent {
  head: Uint8Array;
  meta: Uint8Array;
  words: [number, number, number, number];
  tags: number[];
}

/** What an answer is beside itself: a variant of its resource, a part of it, or the head of what is stored in slices. */
export interface EntryKind {
  variant?: Variant;
  parts?: StoredParts;
  slices?: StoredSlices;
  /** Names the content for variants in other codings. */
  content?: string | undefined;
}

/** @param hide fields that clients do not get */
export function entryOf(
  cache: Cache,
  answer: OriginAnswer,
  judgement: Judgement,
  hide: readonly string[],
  { variant, parts, slices, content }: EntryKind = {},
): EntryContent {
  const omit = parts === undefined ? judgement.omitFields : [...judgement.omitFields, 'content-range'];
  const head = renderHead(answer.headers, omit, hide);
  const meta = { ...storedMeta(judgement, answer, head, variant), parts, slices, content };
  const words = storedWords(judgement, answer.status);
  words[2] |= codedFlag(answer.headers, variant?.fields) | (slices === undefined ? 0 : FLAG_SLICED);
  return { head: head.block, meta: encodeMeta(meta), words, tags: tagHashes(cache, answer.headers) };
}

/** The flag of an answer whose coding is not what its key selects. */
export function codedFlag(headers: HeaderList, selecting: readonly string[] = []): number {
  return contentCoding(headers) === 'identity' || selecting.includes('accept-encoding') ? 0 : FLAG_CODED;
}

/** The hashes of an answer's tags. */
export function tagHashes(cache: Cache, headers: HeaderList): number[] {
  return parseCacheTags(headers).map((tag) => cache.tagHash(tag));
}
