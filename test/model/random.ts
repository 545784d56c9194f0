/** A small repeatable generator of random choices (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `below` - 1. */
  int(below: number): number {
    return this.next() % below;
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.int(1000) < percent * 10;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }
}
