import { type Policy, Queue } from './policy.ts';

const WINDOW_SHARE = 0.01;
const PROTECTED_SHARE = 0.8;
const ROWS = 4;
const MAX_COUNT = 15;
/** Requests, for each object that is held, after which all counts are halved. */
const SAMPLE = 10;
const SEEDS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];

/** How often an object was asked for lately, at most 15: a count-min sketch whose counts are halved now and then. */
class Sketch {
  readonly #counts: Uint8Array;
  readonly #mask: number;
  readonly #sample: number;
  #added = 0;

  constructor(objects: number) {
    const width = 2 ** Math.ceil(Math.log2(Math.max(64, objects * 2)));
    this.#counts = new Uint8Array(width * ROWS);
    this.#mask = width - 1;
    this.#sample = objects * SAMPLE;
  }

  add(id: number): void {
    const least = this.of(id);
    for (let row = 0; row < ROWS && least < MAX_COUNT; row++) {
      const at = this.#at(id, row);
      if (this.#counts[at] === least) this.#counts[at]++;
    }
    if (++this.#added < this.#sample) return;
    this.#added >>= 1;
    for (let at = 0; at < this.#counts.length; at++) this.#counts[at] >>= 1;
  }

  of(id: number): number {
    let least = MAX_COUNT;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#counts[this.#at(id, row)]);
    return least;
  }

  #at(id: number, row: number): number {
    const mixed = Math.imul(id + 1, SEEDS[row]);
    return row * (this.#mask + 1) + ((mixed ^ (mixed >>> 15)) & this.#mask);
  }
}

/**
 * A small LRU window in front of a segmented LRU; what leaves the window stays only where it was asked for more often than
 * those whose room it needs. Einziger, Friedman, Manes, "TinyLFU: a highly efficient cache admission policy", ACM Transactions on Storage
 * 13 (2017). Sizes as in Einziger et al., "Lightweight robust size aware cache management", ACM Transactions on Storage 18 (2022): one
 * victim after the other is compared.
 */
export class WTinyLfu implements Policy {
  readonly #window = new Queue();
  readonly #probation = new Queue();
  readonly #protected = new Queue();
  readonly #sketch: Sketch;
  readonly #windowBytes: number;
  readonly #mainBytes: number;

  /** @param objects how many of mean size fit */
  constructor(capacity: number, objects: number) {
    this.#sketch = new Sketch(Math.max(1, objects));
    this.#windowBytes = Math.max(capacity * WINDOW_SHARE, capacity / Math.max(1, objects));
    this.#mainBytes = capacity - this.#windowBytes;
  }

  access(id: number, size: number): boolean {
    this.#sketch.add(id);
    if (this.#hit(id, size)) return true;
    this.#window.push(id, size);
    while (this.#window.bytes > this.#windowBytes) {
      const candidate = this.#window.oldest() as number;
      this.#admit(candidate, this.#window.take(candidate) as number);
    }
    return false;
  }

  #hit(id: number, size: number): boolean {
    if (this.#window.take(id) !== undefined) {
      this.#window.push(id, size);
      return true;
    }
    if (this.#protected.take(id) === undefined && this.#probation.take(id) === undefined) return false;
    this.#protected.push(id, size);
    while (this.#protected.bytes > this.#mainBytes * PROTECTED_SHARE) {
      const oldest = this.#protected.oldest() as number;
      this.#probation.push(oldest, this.#protected.take(oldest) as number);
    }
    return true;
  }

  #admit(id: number, size: number): void {
    if (size > this.#mainBytes) return;
    while (this.#probation.bytes + this.#protected.bytes + size > this.#mainBytes) {
      const queue = this.#probation.bytes > 0 ? this.#probation : this.#protected;
      const victim = queue.oldest() as number;
      if (this.#sketch.of(victim) >= this.#sketch.of(id)) return;
      queue.take(victim);
    }
    this.#probation.push(id, size);
  }
}
