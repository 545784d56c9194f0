import type { Cache, CacheKey } from '../cache/cache.ts';
import { largestRecord, segmentBytesFor } from '../disk/sizes.ts';
import type { CachePolicy } from '../site/plan.ts';

/** Resources remembered; a power of two. Each has one place, so that a busy thread forgets rather than grows. */
const PLACES = 4096;

/** For how long a resource is not asked for in slices, in seconds. */
const TERM = 600;

const WORDS = 3;

/** Room that a slice leaves beside its body, and the smallest slice, in bytes. */
const OVERHEAD = 16 * 1024;
const SMALLEST = 64 * 1024;

/** Slices that the memory is to hold at least, where nothing says how large they are: each client pins up to two. */
const SHARE = 32;

/** What one thread knows of slicing: how large a slice may be, and which resources do not come in slices. */
export class SliceTerms {
  readonly #places = new Int32Array(PLACES * WORDS);
  readonly #cache: Cache;
  readonly #largestBelow: number;
  #largest = -1;
  #share = 0;

  /** @param diskSize bytes of the smallest disk below the cache, undefined where there is none */
  constructor(cache: Cache, diskSize?: number) {
    this.#cache = cache;
    this.#largestBelow = diskSize === undefined ? Infinity : largestRecord(segmentBytesFor(diskSize));
  }

  /** Bytes of a slice under a policy, 0 for none: what is stored of a resource in one piece must fit the cache and disks. */
  size(policy: CachePolicy): number {
    if (policy.slice === 0) return 0;
    const largest = Math.min(this.#maxObject(), this.#largestBelow) - OVERHEAD;
    if (largest < SMALLEST) return 0;
    return Math.min(policy.slice, largest, policy.sliceAuto ? this.#share : Infinity);
  }

  /** Whether so many bytes have no room in the cache in one piece. */
  isLarge(length: number): boolean {
    return length > this.#maxObject();
  }

  #maxObject(): number {
    if (this.#largest < 0) {
      const { maxObject, memory } = this.#cache.stats();
      this.#largest = maxObject;
      this.#share = Math.max(SMALLEST, Math.floor(memory / SHARE));
    }
    return this.#largest;
  }

  /**
   * A resource whose origin answers requests for parts in a way that does not do for slices.
   *
   * @param now cache time in seconds
   */
  refuse(key: CacheKey, now: number): void {
    const place = placeOf(key);
    this.#places[place] = key.lo;
    this.#places[place + 1] = key.hi;
    this.#places[place + 2] = now;
  }

  isRefused(key: CacheKey, now: number): boolean {
    const place = placeOf(key);
    const places = this.#places;
    const at = places[place + 2];
    return places[place] === key.lo && places[place + 1] === key.hi && now >= at && now < at + TERM && at > 0;
  }
}

function placeOf(key: CacheKey): number {
  return (key.lo & (PLACES - 1)) * WORDS;
}
