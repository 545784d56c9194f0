/** Buffers for reads, kept for the next ones; one pool a thread. */

const SMALLEST_BITS = 13;
/** A power of two and an eighth of it: bodies are often powers of two, and something stands before them. */
const SHARE = 9 / 8;
/**
 * Free buffers kept, of each size, in bytes. A new one costs far more than a read into one at hand: the system clears it page by
 * page, and the garbage collector is driven by it.
 */
const KEPT = 8 << 20;

export class BufferPool {
  /** By the logarithm of their size. */
  readonly #free: Uint8Array<ArrayBuffer>[][] = [];

  /** At least `bytes` long, at the start of an ArrayBuffer; what it holds is anything. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const bits = Math.max(SMALLEST_BITS, Math.ceil(Math.log2(bytes / SHARE)));
    return this.#free[bits]?.pop() ?? new Uint8Array(2 ** bits * SHARE);
  }

  /** Nobody reads or writes it any more, the system neither. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const bits = Math.log2(buffer.length / SHARE);
    this.#free[bits] ??= [];
    const kept = this.#free[bits];
    if (kept.length * buffer.length < KEPT) kept.push(buffer);
  }
}
