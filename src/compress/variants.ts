import { type Cache, CacheKey, USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { encodeMeta, metaOf } from '../fill/stored.ts';
import type { Coding, DictionaryCoding } from '../http/content-coding.ts';

/**
 * A stored response in another coding: an entry of its own, under the key of its original with `coding:<coding>` behind
 * the key's variant. It holds a body and no head; what clients get is the original's head, as it stands then, with the
 * fields of the coding changed. Its meta names the original by the id that the original was given when it was stored
 * (`StoredMeta.content`), so that it is dead as soon as that holds another content. The original decides about
 * freshness; purges by URL, prefix, tag or site meet both, since they have one target and the same tags.
 */
export interface VariantWish {
  /** Of the original; to be copied. */
  readonly key: CacheKey;
  /** The original's entry, which is under this worker's transient pin during the call: `Cache.hold` keeps it. */
  readonly id: number;
  /** The original's content id. */
  readonly content: string;
  /** How the original's body is coded. */
  readonly from: Coding | 'identity';
  readonly to: Coding;
  /** Media type, lowercase, without parameters. */
  readonly type: string;
  /** Bytes of the original's body. */
  readonly length: number;
  /** Number of the site. */
  readonly site: number;
}

/** Makes variants at a high level, in the background. */
export interface VariantMaker {
  /**
   * A coding of a stored response has been asked for again, and there is no variant of it. Called by the request, so it
   * must be quick; may be called any number of times for one variant, which whoever implements it notes.
   */
  want(wish: VariantWish): void;
}

/** What a variant is coded in; `dcz:<hash>` for Zstandard with the dictionary of that hash (RFC 9842), `dcb:<hash>` for brotli. */
export type VariantCoding = Coding | `${DictionaryCoding}:${string}`;

/** What stands between a key's own variant and the name of a coding. */
const PREFIX = 'coding:';

const NOTHING = new Uint8Array(0);

/** The key of the variant of a response whose key is `original`. @param into filled and returned */
export function variantKey(original: CacheKey, coding: VariantCoding, into: CacheKey = new CacheKey()): CacheKey {
  return into.set(original.prefix, original.target, `${original.variant}${PREFIX}${coding}`);
}

/**
 * Stores a variant, unless its original has gone or changed meanwhile; a purge since the original was stored forbids it
 * too. Ends the transient pin.
 *
 * @param wish with a key and an entry that are held: `id` by a long pin
 * @param body the content in the coding
 * @returns whether it is stored
 */
export function storeVariant(
  cache: Cache,
  wish: Pick<VariantWish, 'key' | 'id' | 'content'> & { readonly to: VariantCoding },
  body: Uint8Array,
): boolean {
  const { key, id, content, to } = wish;
  const current = cache.lookup(key);
  const isCurrent = current !== 0 && metaOf(cache, current).content === content;
  if (isCurrent) {
    const words: [number, number, number, number] = [
      cache.word(current, USER_FRESH_UNTIL),
      cache.word(current, USER_BORN),
      0,
      200,
    ];
    const meta = encodeMeta({ status: 200, tail: 0, original: content });
    cache.unpin();
    return cache.put(variantKey(key, to), NOTHING, meta, body, words, cache.sequence(id), cache.tags(id)) !== 0;
  }
  cache.unpin();
  return false;
}
