import type { Cache, CacheKey } from '../cache/cache.ts';
import type { KnownVariant, StoredMeta } from './stored.ts';

/** Entity tags that one request to an origin names. */
const MAX_ETAGS = 16;

/**
 * Entity tags to ask the origin with: that of the stored response to be validated or, where there is none, those of the
 * variants that the marker knows, since the origin may choose one of them for this request too (RFC 9111 section 4.3.1).
 */
export function etagsToSend(marker: StoredMeta | undefined, stale: StoredMeta | undefined): string[] {
  if (stale !== undefined) return stale.etag === undefined ? [] : [stale.etag];
  const etags = new Set<string>();
  for (const { etag } of marker?.known ?? []) if (etag !== undefined && etags.size < MAX_ETAGS) etags.add(etag);
  return [...etags];
}

/** The variant that an entity tag names. */
export function variantOfEtag(marker: StoredMeta | undefined, etag: string | undefined): KnownVariant | undefined {
  return etag === undefined ? undefined : marker?.known?.find((variant) => variant.etag === etag);
}

/**
 * The variants that a marker is to know once `added` is stored, or undefined where there are too many: one for which
 * no response is stored any more makes room.
 *
 * @param keyOf the key of the variant of a name
 */
export function withVariant(
  known: readonly KnownVariant[],
  added: KnownVariant,
  max: number,
  cache: Cache,
  keyOf: (name: string) => CacheKey,
): KnownVariant[] | undefined {
  const others = known.filter(({ name }) => name !== added.name);
  if (others.length < max) return [...others, added];
  const stored = others.filter(({ name }) => cache.lookup(keyOf(name)) !== 0);
  cache.unpin();
  return stored.length < max ? [...stored, added] : undefined;
}
