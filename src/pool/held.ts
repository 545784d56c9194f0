import type { Cache, CacheKey } from '../cache/cache.ts';
import type { Pieces } from './jobs.ts';

/** A stored body that stays in place until `drop`. */
export interface Held {
  readonly id: number;
  readonly body: Pieces;
  drop(): void;
}

/**
 * Looks an entry up and holds it.
 * @param isWanted asked under the pin
 * @returns undefined where there is none, or it is not wanted
 */
export function hold(cache: Cache, key: CacheKey, isWanted: (id: number) => boolean = () => true): Held | undefined {
  const id = cache.lookup(key);
  const handle = id !== 0 && isWanted(id) ? cache.hold(id) : -1;
  cache.unpin();
  if (handle < 0) return undefined;
  const body: Uint8Array[] = [];
  const length = cache.bodyLength(id);
  for (let at = 0; at < length; ) {
    const piece = cache.body(id, at);
    body.push(piece);
    at += piece.length;
  }
  return { id, body, drop: () => cache.drop(handle) };
}
