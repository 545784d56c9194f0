import { HOLD_ROWS, type RateLimitMemory } from './memory.ts';

// Requests under way by key. A row is one word of 64 bits, 0 Int32 count | 4 Int32 tag of the key, and changes by
// compare-and-swap only. A row whose count is 0 is free. What each worker has of a row stands in the worker's column,
// so that it can be taken back when the worker dies.

const WAYS = 8;
const SETS = HOLD_ROWS / WAYS;

/** The key has as many requests under way as it may have. */
export const HELD_ALL = -1;
/** No row is free for the key: its request is not counted. */
export const NO_ROW = -2;

const halves = new Int32Array(2);
const whole = new BigInt64Array(halves.buffer);

/** Numbers of requests under way that threads share. */
export class Holds {
  readonly #words: Int32Array;
  readonly #pairs: BigInt64Array;
  readonly #columns: Int32Array;
  readonly #events: Int32Array;
  readonly #column: number;

  /** @param worker number of the thread */
  constructor({ holdWords, holdPairs, columns, events }: RateLimitMemory, worker: number) {
    this.#words = holdWords;
    this.#pairs = holdPairs;
    this.#columns = columns;
    this.#events = events;
    this.#column = worker * HOLD_ROWS;
  }

  /** @returns the row, to be released when the request is over; HELD_ALL or NO_ROW */
  take(lo: number, hi: number, limit: number): number {
    const tag = hi === 0 ? 1 : hi;
    for (;;) {
      const row = this.#find(lo, tag);
      if (row < 0) {
        Atomics.add(this.#events, 1, 1);
        return NO_ROW;
      }
      const count = this.#words[2 * row];
      const owner = this.#words[2 * row + 1];
      const own = owner === tag ? count : 0;
      if (own >= limit) return HELD_ALL;
      if (owner !== tag && count !== 0) continue;
      if (!this.#swap(row, count, owner, own + 1, tag)) continue;
      Atomics.add(this.#columns, this.#column + row, 1);
      return row;
    }
  }

  /** Requests of a key under way. */
  count(lo: number, hi: number): number {
    const tag = hi === 0 ? 1 : hi;
    const row = this.#find(lo, tag);
    return row >= 0 && this.#words[2 * row + 1] === tag ? Atomics.load(this.#words, 2 * row) : 0;
  }

  release(row: number): void {
    Atomics.sub(this.#columns, this.#column + row, 1);
    Atomics.sub(this.#words, 2 * row, 1);
  }

  /** Takes back what a thread that is gone has held. */
  recover(worker: number): void {
    for (let row = 0; row < HOLD_ROWS; row++) {
      const held = Atomics.exchange(this.#columns, worker * HOLD_ROWS + row, 0);
      if (held !== 0) Atomics.sub(this.#words, 2 * row, held);
    }
  }

  /** The key's row, or a free one, -1 where there is none. */
  #find(lo: number, tag: number): number {
    const set = (lo & (SETS - 1)) * WAYS;
    let free = -1;
    for (let row = set; row < set + WAYS; row++) {
      if (Atomics.load(this.#words, 2 * row + 1) === tag) return row;
      if (free < 0 && Atomics.load(this.#words, 2 * row) === 0) free = row;
    }
    return free;
  }

  #swap(row: number, lo: number, hi: number, newLo: number, newHi: number): boolean {
    halves[0] = lo;
    halves[1] = hi;
    const expected = whole[0];
    halves[0] = newLo;
    halves[1] = newHi;
    return Atomics.compareExchange(this.#pairs, row, expected, whole[0]) === expected;
  }
}
