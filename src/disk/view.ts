/** One thread's view of the disks: their slots, its rings to their threads, and which of them a key belongs to. */
import { OfferRing } from './ring.ts';
import { DISK_FAILED, SlotTable } from './slots.ts';

/** What a thread is given of a disk. */
export interface DiskMemory {
  folder: string;
  /** By `createSlotTable`. */
  slots: SharedArrayBuffer;
  /** By `createOfferRing`: the ring of which this thread is the producer. */
  ring: SharedArrayBuffer;
}

export interface DiskView {
  readonly index: number;
  readonly folder: string;
  readonly table: SlotTable;
  readonly slots: SharedArrayBuffer;
  readonly ring: OfferRing;
  /** Its part in the choice of a disk for a key: the same on all threads, and after a restart. */
  readonly salt: number;
}

/** @param wake told of a disk whose thread may be asleep with something in its ring; under the cache's lock, so it must be short */
export function openDisks(disks: readonly DiskMemory[], wake?: (disk: number) => void): DiskView[] {
  return disks.map(({ folder, slots, ring }, index) => ({
    index,
    folder,
    table: new SlotTable(slots),
    slots,
    ring: new OfferRing(ring, wake && (() => wake(index))),
    salt: saltOf(folder),
  }));
}

/**
 * The disk that a key of this hash belongs to, among those that have not failed; undefined when all have. By rendezvous (Thaler
 * and Ravishankar, "Using name-based mappings to increase hit rates", 1998): when a disk fails only its keys move.
 */
export function chooseDisk<View extends DiskView>(disks: readonly View[], lo: number, hi: number): View | undefined {
  let chosen: View | undefined;
  let highest = -1;
  for (const disk of disks) {
    if (disk.table.state === DISK_FAILED) continue;
    const score = disks.length === 1 ? 0 : mix(lo ^ disk.salt, hi);
    if (score <= highest) continue;
    highest = score;
    chosen = disk;
  }
  return chosen;
}

/** 32 bits that depend on all bits of both words (the finalizer of MurmurHash3). */
function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ (a >>> 16), 0x85eb_ca6b) ^ b;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** FNV-1a. */
function saltOf(name: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash;
}
