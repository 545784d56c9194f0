import type { LowerTier } from '../cache/cache.ts';
import { READY } from './slots.ts';
import { chooseDisk, type DiskView } from './view.ts';

/** The disks as the tier below the cache, for one thread. */
export class DiskLower implements LowerTier {
  readonly #disks: readonly DiskView[];

  constructor(disks: readonly DiskView[]) {
    this.#disks = disks;
  }

  offer(id: number, generation: number, lo: number, hi: number, again: boolean): void {
    chooseDisk(this.#disks, lo, hi)?.ring.offer(id, generation, lo, hi, again);
  }

  /** On every disk: one that is not the key's now may have been before another failed, and may be again. */
  forget(lo: number, hi: number): void {
    for (const { table, ring } of this.#disks) {
      // before the slots: when it is READY all have been loaded
      const isReady = table.state === READY;
      const killed = table.forget(lo, hi);
      if (killed) ring.forget(lo, hi, killed.segment, killed.offset);
      // What is not in the table may yet be in the index.
      else if (killed === null || !isReady) ring.forget(lo, hi, -1, 0);
    }
  }
}
