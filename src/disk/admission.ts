/** Which of the entries that are offered a disk takes. */

/** Fingerprints of one set, newest first. */
const WAYS = 8;
const MIN_SETS = 1 << 10;
const MAX_SETS = 1 << 18;
/** Bytes of disk for each fingerprint. */
const BYTES_PER_GHOST = 16 << 10;

export class Admission {
  /** Fingerprints of keys that were offered and not taken, or taken and left out unused. */
  readonly #ghosts: Int32Array;
  readonly #mask: number;

  /** @param size of the disk, in bytes */
  constructor(size: number) {
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, size / BYTES_PER_GHOST / WAYS)));
    const sets = Math.min(MAX_SETS, Math.max(MIN_SETS, wanted));
    this.#ghosts = new Int32Array(sets * WAYS);
    this.#mask = sets - 1;
  }

  /**
   * Whether a disk takes an entry: while it has room every one, then those that were used again, or offered once before not
   * long ago. Those that it does not take are remembered.
   * @param again the memory cache says that it was used again
   */
  admits(lo: number, hi: number, again: boolean, hasRoom: boolean): boolean {
    const known = this.#take(lo, hi);
    if (again || hasRoom || known) return true;
    this.remember(lo, hi);
    return false;
  }

  /** A key that is to be taken the next time that it is offered. */
  remember(lo: number, hi: number): void {
    const at = this.#set(lo);
    this.#ghosts.copyWithin(at + 1, at, at + WAYS - 1);
    this.#ghosts[at] = hi | 1;
  }

  #take(lo: number, hi: number): boolean {
    const at = this.#set(lo);
    for (let way = at; way < at + WAYS; way++) {
      if (this.#ghosts[way] !== (hi | 1)) continue;
      this.#ghosts.copyWithin(way, way + 1, at + WAYS);
      this.#ghosts[at + WAYS - 1] = 0;
      return true;
    }
    return false;
  }

  #set(lo: number): number {
    // the low bits choose places elsewhere too
    return ((lo >>> 8) & this.#mask) * WAYS;
  }
}
