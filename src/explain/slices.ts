import type { Cache, CacheKey } from '../cache/cache.ts';
import { CacheKey as Key } from '../cache/cache.ts';
import { setSliceKey, slicedResource } from '../fill/slices.ts';
import type { StoredMeta } from '../fill/stored.ts';
import type { ByteRange } from '../http/range.ts';

/** Slices that are looked for, at most. */
const MAX_LOOKED = 4096;

/** The slices of a large response. */
export interface FoundSlices {
  /** Bytes of each but the last, and of the whole. */
  size: number;
  complete: number;
  /** Those in memory, by number. */
  stored: ReadonlySet<number>;
}

/** Looks for slices without leaving a trace; undefined where the response is not stored in slices. */
export function findSlices(cache: Cache, key: CacheKey, parts: string, meta: StoredMeta): FoundSlices | undefined {
  const resource = slicedResource(key, parts, meta);
  if (resource === undefined) return undefined;
  const { size, complete } = resource.slices;
  const count = Math.min(MAX_LOOKED, countOf(resource.slices));
  const at = new Key();
  const stored = new Set<number>();
  for (let n = 0; n < count; n++) if (cache.peek(setSliceKey(at, resource, n)).id !== 0) stored.add(n);
  return { size, complete, stored };
}

export function countOf({ size, complete }: Pick<FoundSlices, 'size' | 'complete'>): number {
  return Math.ceil(complete / size);
}

/** How many slices of these ranges are not in memory. */
export function missingOf({ size, stored }: FoundSlices, ranges: readonly ByteRange[]): number {
  const missing = new Set<number>();
  for (const { start, end } of ranges) {
    for (let n = Math.floor(start / size); n <= Math.floor(end / size); n++) if (!stored.has(n)) missing.add(n);
  }
  return missing.size;
}
