import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Cache, type CacheKey, HARD_BAN, NO_BAN } from '../cache/cache.ts';
import { decodePrelude, type Prelude } from '../disk/format.ts';
import { segmentName } from '../disk/segment-file.ts';
import { emptySlot } from '../disk/slots.ts';
import { chooseDisk, type DiskView, openDisks } from '../disk/view.ts';
import type { DiskFind } from '../explain/entry.ts';
import type { DiskMemory } from './shared-memory.ts';

/** Looks on disks without leaving a trace: notes no use, and brings nothing into memory. For explanations, which may wait. */
export function createDiskFind(cache: Cache, folders: readonly string[], disks: readonly DiskMemory[]): DiskFind {
  const views = openDisks(disks.map(({ slots, rings }, i) => ({ folder: folders[i], slots, ring: rings[0] })));
  const slot = emptySlot();
  return (key) => {
    const disk = chooseDisk(views, key.lo, key.hi);
    if (disk === undefined) return undefined;
    const { applied } = disk.table;
    if (!disk.table.find(key.lo, key.hi, slot)) return undefined;
    const prelude = readPrelude(disk, slot.segment, slot.offset, slot.prelude, key);
    const sequence = Math.max(slot.sequence, applied);
    if (prelude === undefined || sequence < cache.purgeFloor()) return undefined;
    // whether a purge of this moment concerns it is not known yet
    const ban = sequence < cache.purgeSequence() ? HARD_BAN : NO_BAN;
    return { folder: disk.folder, prelude, sequence, ban };
  };
}

function readPrelude(
  { folder }: DiskView,
  segment: number,
  offset: number,
  length: number,
  key: CacheKey,
): Prelude | undefined {
  const bytes = new Uint8Array(length);
  try {
    const fd = openSync(join(folder, segmentName(segment)), 'r');
    try {
      if (readSync(fd, bytes, 0, length, offset) < length) return undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
  const prelude = decodePrelude(bytes);
  return prelude?.hasKey(key) === true ? prelude : undefined;
}
