import type { CacheKey } from '../cache/cache.ts';
import { STORAGE_REASONS, type StorageReason } from '../http/storable.ts';

/** Resources remembered; a power of two. Each has one place, so that a busy cache forgets rather than grows. */
const PLACES = 8192;

/** For how long a resource is remembered, in seconds. */
const TERM = 10;

const WORDS = 4;

/** Bit of the last word, above a status. */
const PASSES = 0x8000;

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
 * A place: low and high word of the hash, time of the answer, reason (15 bits), whether requests pass, and status.
 */
export class Uncacheable {
  readonly #places: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#places = new Int32Array(memory);
  }

  /**
   * @param now cache time in seconds
   * @param passes whether that keeps requests from waiting for one another
   */
  remember(key: CacheKey, now: number, reason: StorageReason, status: number, passes = true): void {
    // what keeps requests from waiting is not forgotten for what does not
    if (!passes && this.has(key, now)) return;
    const place = placeOf(key);
    this.#places[place] = key.lo;
    this.#places[place + 1] = key.hi;
    this.#places[place + 2] = now;
    this.#places[place + 3] = (STORAGE_REASONS.indexOf(reason) << 16) | (passes ? PASSES : 0) | status;
  }

  /** Whether requests for a resource are to pass. */
  has(key: CacheKey, now: number): boolean {
    return this.#isThere(key, now) && (this.#places[placeOf(key) + 3] & PASSES) !== 0;
  }

  #isThere(key: CacheKey, now: number): boolean {
    const place = placeOf(key);
    const places = this.#places;
    const at = places[place + 2];
    return places[place] === key.lo && places[place + 1] === key.hi && now >= at && now < at + TERM;
  }

  /** What is remembered of a resource's last answer. */
  recall(key: CacheKey, now: number): LastAnswer | undefined {
    if (!this.#isThere(key, now)) return undefined;
    const place = placeOf(key);
    const word = this.#places[place + 3];
    return { reason: STORAGE_REASONS[word >>> 16], status: word & (PASSES - 1), at: this.#places[place + 2] };
  }
}

function placeOf(key: CacheKey): number {
  return (key.lo & (PLACES - 1)) * WORDS;
}
