import { cacheNow } from '../base/clock.ts';
import { type CacheKey, USER_FLAGS, USER_FRESH_UNTIL, type UserWords } from '../cache/cache.ts';
import { parseEntityTag } from '../http/etag.ts';
import type { EdgeContext } from './context.ts';
import type { Variant } from './judge.ts';
import { encodeMeta, FLAG_VARY_MARKER, type KnownVariant, type StoredMeta } from './stored.ts';

/** Entity tags that one request to an origin names. */
const MAX_ETAGS = 16;

const NOTHING = new Uint8Array(0);

/** The entry that tells which fields select a variant of a resource, and which variants are stored. */
export interface Marker {
  id: number;
  meta: StoredMeta;
}

/**
 * Entity tags to ask the origin with: that of the stored response to be validated or, where there is none, those of the
 * stored variants that the marker knows, since the origin may choose one of them for this request too (RFC 9111 section
 * 4.3.1).
 *
 * @param isStored whether a variant is still stored with the tag that the marker has of it
 */
export function etagsToSend(
  marker: StoredMeta | undefined,
  stale: StoredMeta | undefined,
  isStored: (variant: KnownVariant) => boolean,
): string[] {
  if (stale !== undefined) return isSendable(stale.etag) ? [stale.etag] : [];
  const etags = new Set<string>();
  for (const variant of marker?.known ?? []) {
    if (etags.size < MAX_ETAGS && isSendable(variant.etag) && isStored(variant)) etags.add(variant.etag);
  }
  return [...etags];
}

/** In If-None-Match a star or a list would ask for something else. */
function isSendable(etag: string | undefined): etag is string {
  return etag !== undefined && etag !== '*' && (parseEntityTag(etag) !== undefined || !/[,"*]/.test(etag));
}

/** The variant that an entity tag names. */
export function variantOfEtag(marker: StoredMeta | undefined, etag: string | undefined): KnownVariant | undefined {
  return etag === undefined ? undefined : marker?.known?.find((variant) => variant.etag === etag);
}

/** The variants of one resource, as the cache has them now. */
export class Variants {
  readonly #context: EdgeContext;
  readonly #keyOf: (name: string) => CacheKey;

  /** @param keyOf the key of the variant of a name; of '', the plain key, where the marker stands */
  constructor(context: EdgeContext, keyOf: (name: string) => CacheKey) {
    this.#context = context;
    this.#keyOf = keyOf;
  }

  /** The marker of a nonce, if it still stands: variants may have been stored, or all been made invalid, since the look-up. */
  marker(nonce: string | undefined): Marker | undefined {
    const { cache, stored } = this.#context;
    const id = cache.lookup(this.#keyOf(''));
    const isMarker = id !== 0 && (cache.word(id, USER_FLAGS) & FLAG_VARY_MARKER) !== 0;
    const meta = isMarker ? stored.of(id).meta : undefined;
    cache.unpin();
    return meta !== undefined && meta.variant === nonce ? { id, meta } : undefined;
  }

  /** Whether a variant is stored with the tag that the marker has of it. */
  isStored({ name, etag }: KnownVariant): boolean {
    const { cache, stored } = this.#context;
    const id = cache.lookup(this.#keyOf(name));
    const isSame = id !== 0 && stored.of(id).meta.etag === etag;
    cache.unpin();
    return isSame;
  }

  /**
   * Notes a variant that is about to be stored, so that it is found and counted. Where there are `max` of others, one
   * that is not stored or not fresh any more makes room.
   *
   * @param marker that of the look-up as it stands now, undefined where there was none
   * @returns false when there are too many, or the marker has been replaced meanwhile: the variant must not be stored
   */
  note(variant: Variant, etag: string | undefined, max: number, marker: Marker | undefined): boolean {
    const before = marker?.meta.variant === variant.nonce ? (marker.meta.known ?? []) : [];
    if (marker?.meta.variant === variant.nonce && before.some((one) => one.name === variant.key && one.etag === etag)) {
      return true;
    }
    let others = before.filter(({ name }) => name !== variant.key);
    if (others.length >= max) others = others.filter(({ name }) => this.#isFresh(name));
    if (others.length >= max) return false;
    const known = [...others, { name: variant.key, etag }];
    const meta: StoredMeta = { status: 0, tail: 0, vary: variant.fields, variant: variant.nonce, known };
    const words: UserWords = [0, cacheNow(), FLAG_VARY_MARKER, 0];
    const { cache } = this.#context;
    return (
      cache.put(this.#keyOf(''), NOTHING, encodeMeta(meta), NOTHING, words, undefined, undefined, marker?.id) !== 0
    );
  }

  #isFresh(name: string): boolean {
    const { cache } = this.#context;
    const { id } = cache.peek(this.#keyOf(name));
    const isFresh = id !== 0 && cacheNow() < cache.word(id, USER_FRESH_UNTIL);
    cache.unpin();
    return isFresh;
  }
}
