import type { Policy } from './policy.ts';

/** Requests, for each of which the next one of the same object is known; `trace.length` where there is none. */
export function nextUses(trace: Uint32Array): Uint32Array {
  const next = new Uint32Array(trace.length);
  const seen = new Map<number, number>();
  for (let at = trace.length - 1; at >= 0; at--) {
    next[at] = seen.get(trace[at]) ?? trace.length;
    seen.set(trace[at], at);
  }
  return next;
}

/**
 * MIN, which knows the future: what is asked for again last goes first, or is not stored at all. Belady, "A study of replacement
 * algorithms for a virtual-storage computer", IBM Systems Journal 5 (1966). The most that is possible where all objects are of one size;
 * with mixed sizes, for which the best is NP-hard, it is the usual approximation by next use alone, and others may have more hits.
 */
export class Belady implements Policy {
  readonly #capacity: number;
  readonly #next: Uint32Array;
  readonly #stored = new Map<number, { next: number; size: number }>();
  /** Binary heap of pairs: greatest next use first; pairs that are out of date are dropped when they come up. */
  readonly #heap: { id: number; next: number }[] = [];
  #bytes = 0;
  #at = 0;

  constructor(capacity: number, trace: Uint32Array) {
    this.#capacity = capacity;
    this.#next = nextUses(trace);
  }

  access(id: number, size: number): boolean {
    const next = this.#next[this.#at++];
    const stored = this.#stored.get(id);
    if (stored !== undefined) stored.next = next;
    else {
      if (size > this.#capacity) return false;
      this.#stored.set(id, { next, size });
      this.#bytes += size;
    }
    this.#push({ id, next });
    while (this.#bytes > this.#capacity) this.#evict();
    return stored !== undefined;
  }

  #evict(): void {
    const { id, next } = this.#pop();
    const stored = this.#stored.get(id);
    if (stored === undefined || stored.next !== next) return;
    this.#stored.delete(id);
    this.#bytes -= stored.size;
  }

  #push(pair: { id: number; next: number }): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(pair);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].next >= pair.next) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = pair;
  }

  #pop(): { id: number; next: number } {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop() as { id: number; next: number };
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].next > heap[child].next) child++;
      if (heap[child].next <= last.next) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
