import type { CacheKey } from '../cache/cache.ts';
import { BufferPool } from './buffers.ts';
import type { DiskFault } from './fault.ts';
import { ReadCount } from './read-count.ts';
import { ReadGate } from './read-gate.ts';
import { DiskRecord } from './record.ts';
import { SegmentFiles } from './segment-files.ts';
import { DISK_FAILED, emptySlot, LOADING } from './slots.ts';
import { chooseDisk, type DiskView } from './view.ts';

/** A read that takes longer counts as failed, in ms. */
const TIMEOUT = 3000;

export interface ReaderOptions {
  /** What is in memory is read by it at once: `DiskAddon.readNow`. Without it every read takes a turn through Node's thread pool. */
  readNow?: ((fd: number, view: Uint8Array, offset: number, length: number, position: number) => number) | undefined;
  /** Told of every fault but records that are gone. */
  onFault?: (fault: DiskFault) => void;
  /** Time limit of a read, in ms. */
  timeout?: number;
}

export interface ReadableDisk extends DiskView {
  readonly files: SegmentFiles;
  readonly gate: ReadGate;
}

/** What the records of a reader share. */
export interface ReaderParts extends ReaderOptions {
  readonly worker: number;
  readonly buffers: BufferPool;
}

/** Finds and reads what disks hold, for one thread. */
export class DiskReader {
  readonly #disks: readonly ReadableDisk[];
  readonly #parts: ReaderParts;
  /** For the next record. */
  #slot = emptySlot();

  /** @param worker id of this thread, at most the `workers` of the tables */
  constructor(disks: readonly DiskView[], worker: number, options: ReaderOptions = {}) {
    const { timeout = TIMEOUT } = options;
    this.#disks = disks.map((disk) => {
      const gate = new ReadGate(new ReadCount(disk.slots, worker), timeout);
      return { ...disk, gate, files: new SegmentFiles(disk.folder, gate) };
    });
    this.#parts = { ...options, worker, buffers: new BufferPool() };
  }

  /**
   * The record of a key, without reading it, to be closed by the caller; undefined where there is none. Notes a use.
   * @param key stays as it is until `openNow` and `open` have been called
   * @param floor `Cache.purgeFloor()`: what has not met all purges up to it is not found
   */
  find(key: CacheKey, floor: number): DiskRecord | undefined {
    const disk = chooseDisk(this.#disks, key.lo, key.hi);
    if (disk === undefined) return this.#endFailed();
    const { table } = disk;
    // before the slot: what has been there all along has met these purges
    const { applied } = table;
    const slot = this.#slot;
    if (!table.find(key.lo, key.hi, slot)) return undefined;
    const sequence = slot.sequence - applied > 0 ? slot.sequence : applied;
    if (sequence - floor < 0 || !table.enter(this.#parts.worker, slot.segment, slot.generation)) return undefined;
    table.touch(slot);
    this.#slot = emptySlot();
    return new DiskRecord(this.#parts, disk, key, slot, sequence);
  }

  /** The disk that may have the key although it is not found, since its slots are still being loaded; -1 where there is none. */
  loading({ lo, hi }: CacheKey): number {
    const disk = chooseDisk(this.#disks, lo, hi);
    return disk?.table.state === LOADING ? disk.index : -1;
  }

  /** Closes the files of disks that have failed. To be called now and then where there are several disks. */
  tidy(): void {
    this.#endFailed();
  }

  /** Closes all files, once what is being read has been read. */
  close(): void {
    for (const { files } of this.#disks) files.endAll();
  }

  #endFailed(): undefined {
    for (const { table, files } of this.#disks) if (table.state === DISK_FAILED) files.endAll();
  }
}
