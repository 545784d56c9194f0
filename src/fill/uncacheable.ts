import type { CacheKey } from '../cache/cache.ts';
import { STORAGE_REASONS, type StorageReason } from '../http/storable.ts';

/** Resources remembered; a power of two. Each has one place, so that a busy cache forgets rather than grows. */
const PLACES = 8192;

/** For how long a resource is remembered, in seconds. */
const TERM = 10;

const WORDS = 4;

/** What an answer was that was not stored. */
export interface LastAnswer {
  reason: StorageReason;
  status: number;
  /** Cache time in seconds. */
  at: number;
}

/** Memory of the table; zeroes are an empty one. */
export function createUncacheable(): SharedArrayBuffer {
  return new SharedArrayBuffer(PLACES * WORDS * 4);
}

/**
 * Resources whose last answer was not for storing, by the hash of their key, as any thread has seen them. Requests for
 * them do not wait for one another (hit-for-miss). A collision, or two threads that write at once, costs a collapse or
 * a pass, nothing else.
 *
 * A place: low and high word of the hash, time of the answer, reason and status (16 bits each).
 */
export class Uncacheable {
  readonly #places: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#places = new Int32Array(memory);
  }

  /** @param now cache time in seconds */
  remember(key: CacheKey, now: number, reason: StorageReason, status: number): void {
    const place = placeOf(key);
    this.#places[place] = key.lo;
    this.#places[place + 1] = key.hi;
    this.#places[place + 2] = now;
    this.#places[place + 3] = (STORAGE_REASONS.indexOf(reason) << 16) | status;
  }

  has(key: CacheKey, now: number): boolean {
    const place = placeOf(key);
    const places = this.#places;
    return places[place] === key.lo && places[place + 1] === key.hi && now < places[place + 2] + TERM;
  }

  /** What is remembered of a resource's last answer. */
  recall(key: CacheKey, now: number): LastAnswer | undefined {
    if (!this.has(key, now)) return undefined;
    const place = placeOf(key);
    const word = this.#places[place + 3];
    return { reason: STORAGE_REASONS[word >>> 16], status: word & 0xffff, at: this.#places[place + 2] };
  }
}

function placeOf(key: CacheKey): number {
  return (key.lo & (PLACES - 1)) * WORDS;
}
