/** What is counted of one key. */
export interface Sums {
  requests: number;
  bytes: number;
  errors: number;
  misses: number;
  /** Milliseconds. */
  time: number;
}

/** A key that counts among the heaviest. Its weight is at most the true one plus `error`, and at least the true one. */
export interface Heavy extends Sums {
  readonly key: string;
  weight: number;
  error: number;
}

interface Entry {
  key: string;
  weight: number;
  error: number;
  sums: Sums;
  /** Position in the heap. */
  at: number;
}

/**
 * The heaviest of any number of keys in bounded memory (space-saving: Metwally, Agrawal and El Abbadi, "Efficient
 * Computation of Frequent and Top-k Elements in Data Streams", 2005). Every key with more than 1/capacity of the whole
 * weight is among those kept; a new key takes the place of the lightest, and its weight as its error.
 */
export class SpaceSaving {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();
  /** By weight, the lightest first. */
  readonly #heap: Entry[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(key: string, weight: number, sums: Readonly<Sums>): void {
    const entry = this.#entries.get(key) ?? this.#take(key);
    entry.weight += weight;
    for (const name of SUMS) entry.sums[name] += sums[name];
    this.#sink(entry);
  }

  /** An entry for a new key, of its own or the lightest's. */
  #take(key: string): Entry {
    const lightest = this.#heap[0];
    if (this.#heap.length >= this.#capacity) {
      this.#entries.delete(lightest.key);
      lightest.key = key;
      lightest.error = lightest.weight;
      lightest.sums = noSums();
      this.#entries.set(key, lightest);
      return lightest;
    }
    const entry = { key, weight: 0, error: 0, sums: noSums(), at: this.#heap.length };
    this.#heap.push(entry);
    this.#rise(entry);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Lets what was before count less: all is multiplied by a factor below 1. */
  fade(factor: number): void {
    for (const entry of this.#heap) {
      entry.weight *= factor;
      entry.error *= factor;
      for (const name of SUMS) entry.sums[name] *= factor;
    }
  }

  /** The heaviest keys, the heaviest first. */
  top(count: number): Heavy[] {
    return this.#heap
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1))
      .slice(0, count)
      .map(({ key, weight, error, sums }) => ({ key, weight, error, ...sums }));
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = 2 * entry.at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const isRight = right < this.#heap.length && this.#heap[right].weight < this.#heap[left].weight;
      const child = this.#heap[isRight ? right : left];
      if (child.weight >= entry.weight) return;
      this.#swap(entry, child);
    }
  }

  #rise(entry: Entry): void {
    while (entry.at > 0) {
      const parent = this.#heap[(entry.at - 1) >> 1];
      if (parent.weight <= entry.weight) return;
      this.#swap(entry, parent);
    }
  }

  #swap(a: Entry, b: Entry): void {
    [a.at, b.at] = [b.at, a.at];
    this.#heap[a.at] = a;
    this.#heap[b.at] = b;
  }
}

const SUMS = ['requests', 'bytes', 'errors', 'misses', 'time'] as const;

function noSums(): Sums {
  return { requests: 0, bytes: 0, errors: 0, misses: 0, time: 0 };
}
