import { H_HUNG, H_READS, H_SEGMENTS, HEADER_WORDS, lines, readerRow } from './slot-layout.ts';

/**
 * Threads of libuv's pool that one disk may take at a time, over all threads of lb: the pool is shared with whatever else
 * waits for the system or computes there, and a disk that hangs does not give them back.
 */
export const MAX_READS = Math.max(1, Math.floor((Number(process.env.UV_THREADPOOL_SIZE) || 4) / 2));

/** Operations on one disk that threads of libuv's pool are busy with, for all threads of lb: in the memory of its table of slots. */
export class ReadCount {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #own: number;

  constructor(slots: SharedArrayBuffer, worker: number) {
    const words = new Int32Array(slots);
    const segments = words[H_SEGMENTS];
    this.#words = words;
    this.#own = HEADER_WORDS + lines(segments) + readerRow(segments) * worker + segments;
  }

  /** Counts an operation in, until `leave`; false where there are as many as may be. */
  enter(): boolean {
    const words = this.#words;
    for (let reads = Atomics.load(words, H_READS); reads < MAX_READS; ) {
      const seen = Atomics.compareExchange(words, H_READS, reads, reads + 1);
      if (seen === reads) {
        Atomics.add(words, this.#own, 1);
        return true;
      }
      reads = seen;
    }
    return false;
  }

  leave(): void {
    Atomics.sub(this.#words, this.#own, 1);
    Atomics.sub(this.#words, H_READS, 1);
  }

  /** An operation that is counted in has taken longer than it may, and is not over. Until `answers`. */
  hangs(): void {
    Atomics.add(this.#words, this.#own + 1, 1);
    Atomics.add(this.#words, H_HUNG, 1);
  }

  answers(): void {
    Atomics.sub(this.#words, this.#own + 1, 1);
    Atomics.sub(this.#words, H_HUNG, 1);
  }

  /** Whether all that the disk may take hang. */
  get isHung(): boolean {
    return Atomics.load(this.#words, H_HUNG) >= MAX_READS;
  }
}
