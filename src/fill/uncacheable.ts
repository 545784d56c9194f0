import type { CacheKey } from '../cache/cache.ts';

/** Resources remembered; a power of two. Each has one place, so that a busy thread forgets rather than grows. */
const PLACES = 8192;

/** For how long a resource is remembered, in seconds. */
const TERM = 10;

const WORDS = 3;

/**
 * Resources whose last answer was not for storing, by the hash of their key, as this thread has seen them. Requests for
 * them do not wait for one another (hit-for-miss). A collision costs a collapse, nothing else.
 */
export class Uncacheable {
  readonly #places = new Int32Array(PLACES * WORDS);

  /** @param now cache time in seconds */
  remember(key: CacheKey, now: number): void {
    const place = (key.lo & (PLACES - 1)) * WORDS;
    this.#places[place] = key.lo;
    this.#places[place + 1] = key.hi;
    this.#places[place + 2] = now + TERM;
  }

  has(key: CacheKey, now: number): boolean {
    const place = (key.lo & (PLACES - 1)) * WORDS;
    const places = this.#places;
    return places[place] === key.lo && places[place + 1] === key.hi && now < places[place + 2];
  }
}
