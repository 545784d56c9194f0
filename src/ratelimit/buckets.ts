import { BUCKETS, type RateLimitMemory } from './memory.ts';

// Buckets by GCRA, the generic cell rate algorithm: all that a bucket has is the time at which it will be full again
// (the theoretical arrival time). Time counts in ticks of the limit's own: a request takes a whole number of them, so
// that rates are exact. A bucket, of which four make a set:
//
//   0 Uint32 theoretical arrival time, ticks modulo 2^32 | 4 Int32 tag of the key, 0 where the bucket is free
//   8 Int32 when it is full again, sixteenths of a second: a hint by which sets choose what to forget | 12 unused
//
// The first two are one word of 64 bits, which changes by compare-and-swap only: no thread ever waits for another, and
// a bucket that was given to another key meanwhile is noticed.

const WAYS = 4;
const WORDS = 4;
const SETS = BUCKETS / WAYS;
/** Hints in a ms. */
const HINTS = 16 / 1000;

/** The most ticks that a full bucket may hold. */
const MAX_CAPACITY = 2 ** 29;
/** What clocks of threads may be apart, in ms: what is full later than that is left from before time came round. */
const SLACK = 10_000;
/** Ticks a second, where a request may be cut so finely. */
const FINE = 1_000_000;

/** A rate in ticks. */
export interface RateTerms {
  readonly perMs: number;
  /** Ticks that a request takes. */
  readonly cost: number;
  /** Ticks of a full bucket. */
  readonly capacity: number;
  /** A bucket that is behind by more is left from before time came round. */
  readonly most: number;
}

/** @param rate requests a second @param burst whole requests, at most 2^29 */
export function rateTerms(rate: number, burst: number): RateTerms {
  const whole = Math.min(burst, MAX_CAPACITY);
  let cost = 64;
  while (cost > 1 && (whole * cost > MAX_CAPACITY || rate * cost > FINE)) cost >>= 1;
  const perMs = (rate * cost) / 1000;
  const capacity = whole * cost;
  return { perMs, cost, capacity, most: capacity + Math.min(Math.ceil(SLACK * perMs), 2 ** 30) };
}

/** A 64-bit word put together from halves, without a BigInt of its own. */
const halves = new Int32Array(2);
const whole = new BigInt64Array(halves.buffer);

/** What threads share of rates. `lo` and `hi` are the hash of a key, limit and site in it. Times are monotonic ms. */
export class Buckets {
  readonly #words: Int32Array;
  readonly #pairs: BigInt64Array;
  readonly #events: Int32Array;
  readonly #start: number;

  constructor({ words, pairs, events, start }: RateLimitMemory) {
    this.#words = words;
    this.#pairs = pairs;
    this.#events = events;
    this.#start = start;
  }

  /**
   * Takes a request out of a bucket.
   * @returns 0 where that was possible, else ms until it will be
   */
  take(lo: number, hi: number, terms: RateTerms, now: number): number {
    const tag = hi === 0 ? 1 : hi;
    const ms = now - this.#start;
    const ticks = Math.floor(ms * terms.perMs) | 0;
    const { cost, capacity } = terms;
    for (;;) {
      const at = this.#find(lo, tag, ms);
      const arrival = this.#words[at];
      const owner = this.#words[at + 1];
      const used = owner === tag ? usedOf(arrival, ticks, terms) : 0;
      if (used + cost > capacity) return (used + cost - capacity) / terms.perMs;
      if (owner !== tag && owner !== 0 && this.#words[at + 2] - Math.floor(ms * HINTS) > 0)
        Atomics.add(this.#events, 0, 1);
      if (!this.#swap(at, arrival, owner, (ticks + used + cost) | 0, tag)) continue;
      const full = Math.ceil((ms + (used + cost) / terms.perMs) * HINTS) | 0;
      if (this.#words[at + 2] !== full) this.#words[at + 2] = full;
      return 0;
    }
  }

  /** Requests that could be taken now. Changes nothing. */
  room(lo: number, hi: number, terms: RateTerms, now: number): number {
    return Math.max(0, Math.floor((terms.capacity - this.#used(lo, hi, terms, now)) / terms.cost));
  }

  /** Ms until a request can be taken, 0 for now. Changes nothing. */
  wait(lo: number, hi: number, terms: RateTerms, now: number): number {
    return Math.max(0, (this.#used(lo, hi, terms, now) + terms.cost - terms.capacity) / terms.perMs);
  }

  /** Puts a request back that was taken a moment ago. */
  giveBack(lo: number, hi: number, terms: RateTerms): void {
    const tag = hi === 0 ? 1 : hi;
    for (;;) {
      const at = this.#known(lo, tag);
      if (at < 0) return;
      const arrival = this.#words[at];
      if (this.#swap(at, arrival, tag, (arrival - terms.cost) | 0, tag)) return;
    }
  }

  #used(lo: number, hi: number, terms: RateTerms, now: number): number {
    const tag = hi === 0 ? 1 : hi;
    const at = this.#known(lo, tag);
    return at < 0 ? 0 : usedOf(this.#words[at], Math.floor((now - this.#start) * terms.perMs) | 0, terms);
  }

  /** Where the key's bucket is, -1 where it has none: it is full then. */
  #known(lo: number, tag: number): number {
    const set = (lo & (SETS - 1)) * WAYS * WORDS;
    for (let at = set; at < set + WAYS * WORDS; at += WORDS) {
      if (Atomics.load(this.#words, at + 1) === tag) return at;
    }
    return -1;
  }

  /** The key's bucket, or the one that it may have: a free one, else the one that is full first. */
  #find(lo: number, tag: number, ms: number): number {
    const known = this.#known(lo, tag);
    if (known >= 0) return known;
    const words = this.#words;
    const set = (lo & (SETS - 1)) * WAYS * WORDS;
    const hint = Math.floor(ms * HINTS) | 0;
    let best = set;
    let least = Infinity;
    for (let at = set; at < set + WAYS * WORDS; at += WORDS) {
      if (words[at + 1] === 0) return at;
      const left = (words[at + 2] - hint) | 0;
      if (left >= least) continue;
      least = left;
      best = at;
    }
    return best;
  }

  #swap(at: number, lo: number, hi: number, newLo: number, newHi: number): boolean {
    halves[0] = lo;
    halves[1] = hi;
    const expected = whole[0];
    halves[0] = newLo;
    halves[1] = newHi;
    return Atomics.compareExchange(this.#pairs, at >> 1, expected, whole[0]) === expected;
  }
}

/** Ticks that a bucket lacks. */
function usedOf(arrival: number, ticks: number, { most }: RateTerms): number {
  const behind = (arrival - ticks) | 0;
  return behind < 0 || behind > most ? 0 : behind;
}
