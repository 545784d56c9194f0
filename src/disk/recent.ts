/** What a thread has lately read from disks without bringing it into memory. */

const ENTRY = 3;
/** Bytes of memory for each key that is known, and bounds on their number. */
const BYTES_A_KEY = 16 << 10;
const FEWEST = 1 << 10;
const MOST = 1 << 17;
/** Bytes read are counted in so many; a count that wraps makes one ancient use look recent at worst. */
const GRAIN_BITS = 10;

/**
 * Tells what is used again soon, and so worth a place in memory: where since its last use no more bytes were read than memory holds.
 * What is read once, however much of it, leaves memory as it is. A direct-mapped table by hash of the key: of two keys in one place
 * the later one is known.
 */
export class RecentReads {
  readonly #keys: Int32Array;
  readonly #mask: number;
  /** Between two uses of a key that are close. */
  readonly #window: number;
  /** All that was read. */
  #read = 0;

  /** @param memory bytes that the memory cache holds */
  constructor(memory: number) {
    const keys = 2 ** Math.ceil(Math.log2(Math.min(MOST, Math.max(FEWEST, memory / BYTES_A_KEY))));
    this.#mask = keys - 1;
    this.#keys = new Int32Array(keys * ENTRY);
    this.#window = Math.min(2 ** 30, Math.ceil(memory / 2 ** GRAIN_BITS));
  }

  /** Notes a use of a body of `bytes`. Whether there was another one lately. */
  use(lo: number, hi: number, bytes: number): boolean {
    const keys = this.#keys;
    const at = (lo & this.#mask) * ENTRY;
    const isKnown = keys[at] === lo && keys[at + 1] === hi && ((this.#read - keys[at + 2]) | 0) <= this.#window;
    this.#read = (this.#read + (bytes >>> GRAIN_BITS) + 1) | 0;
    keys[at] = lo;
    keys[at + 1] = hi;
    keys[at + 2] = this.#read;
    return isKnown;
  }
}
