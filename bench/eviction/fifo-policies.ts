/** Policies that do nothing but mark an object on a hit: LRU for comparison, SIEVE and S3-FIFO. */
import { type Policy, Queue } from './policy.ts';

/** Least recently used. Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal 9 (1970). */
export class Lru implements Policy {
  readonly #queue = new Queue();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  access(id: number, size: number): boolean {
    const known = this.#queue.take(id) !== undefined;
    if (size > this.#capacity) return known;
    this.#queue.push(id, size);
    while (this.#queue.bytes > this.#capacity) this.#queue.take(this.#queue.oldest() as number);
    return known;
  }
}

/**
 * One queue and a hand that goes from the oldest to the newest, spares what was used and takes the first that was not.
 * Zhang et al., "SIEVE is simpler than LRU", NSDI 2024.
 */
export class Sieve implements Policy {
  readonly #queue = new Queue();
  readonly #used = new Set<number>();
  readonly #capacity: number;
  #hand: MapIterator<number>;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#hand = this.#queue.sizes.keys();
  }

  access(id: number, size: number): boolean {
    if (this.#queue.sizes.has(id)) {
      this.#used.add(id);
      return true;
    }
    if (size > this.#capacity) return false;
    while (this.#queue.bytes + size > this.#capacity) this.#evict();
    this.#queue.push(id, size);
    return false;
  }

  /** An iterator over a Map stays where it is when entries before it go: it is the hand. */
  #evict(): void {
    for (;;) {
      const { value, done } = this.#hand.next();
      if (done === true) this.#hand = this.#queue.sizes.keys();
      else if (!this.#used.delete(value)) {
        this.#queue.take(value);
        return;
      }
    }
  }
}

const SMALL_SHARE = 0.1;
const MAX_USE = 3;

/**
 * A small queue for what is new, a main one for what was used there, ghosts for what was not. Yang et al., "FIFO queues are all you need for
 * cache eviction", SOSP 2023. The ghost queue remembers as many objects as are stored.
 */
export class S3Fifo implements Policy {
  readonly #small = new Queue();
  readonly #main = new Queue();
  readonly #ghosts = new Queue();
  readonly #uses = new Map<number, number>();
  readonly #capacity: number;
  readonly #needed: number;

  /** @param needed uses in the small queue that lead to the main one: 2 in the paper's algorithm, 1 in lb */
  constructor(capacity: number, needed = 2) {
    this.#capacity = capacity;
    this.#needed = needed;
  }

  access(id: number, size: number): boolean {
    const uses = this.#uses.get(id);
    if (uses !== undefined) {
      this.#uses.set(id, Math.min(MAX_USE, uses + 1));
      return true;
    }
    if (size > this.#capacity) return false;
    while (this.#small.bytes + this.#main.bytes + size > this.#capacity) this.#evict();
    (this.#ghosts.take(id) === undefined ? this.#small : this.#main).push(id, size);
    this.#uses.set(id, 0);
    return false;
  }

  #evict(): void {
    if (this.#small.bytes >= this.#capacity * SMALL_SHARE || this.#main.bytes === 0) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    const id = this.#small.oldest() as number;
    const size = this.#small.take(id) as number;
    if ((this.#uses.get(id) ?? 0) >= this.#needed) {
      this.#uses.set(id, 0);
      this.#main.push(id, size);
      return;
    }
    this.#uses.delete(id);
    this.#ghosts.push(id, 1);
    while (this.#ghosts.bytes > this.#uses.size) this.#ghosts.take(this.#ghosts.oldest() as number);
  }

  #evictMain(): void {
    for (;;) {
      const id = this.#main.oldest() as number;
      const uses = this.#uses.get(id) ?? 0;
      const size = this.#main.take(id) as number;
      if (uses === 0) {
        this.#uses.delete(id);
        return;
      }
      this.#main.push(id, size);
      this.#uses.set(id, uses - 1);
    }
  }
}
