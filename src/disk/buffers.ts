/** Buffers for reads, kept for the next ones; one pool a thread. */

const SMALLEST_BITS = 13;
/** Free buffers kept, of each size, in bytes. */
const KEPT = 4 << 20;

export class BufferPool {
  /** By the logarithm of their size. */
  readonly #free: Uint8Array<ArrayBuffer>[][] = [];

  /** At least `bytes` long, at the start of an ArrayBuffer; what it holds is anything. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const bits = Math.max(SMALLEST_BITS, Math.ceil(Math.log2(bytes)));
    return this.#free[bits]?.pop() ?? new Uint8Array(2 ** bits);
  }

  /** Nobody reads or writes it any more, the system neither. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const bits = Math.log2(buffer.length);
    this.#free[bits] ??= [];
    const kept = this.#free[bits];
    if (kept.length * buffer.length < KEPT) kept.push(buffer);
  }
}
