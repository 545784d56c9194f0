import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cache, type CacheKey, HARD_BAN, NO_BAN } from '../cache/cache.ts';
import { decodePrelude, type Prelude } from '../disk/format.ts';
import { ReadCount } from '../disk/read-count.ts';
import { ReadGate } from '../disk/read-gate.ts';
import { segmentName } from '../disk/segment-file.ts';
import { emptySlot, type FoundSlot } from '../disk/slots.ts';
import { chooseDisk, openDisks } from '../disk/view.ts';
import type { DiskFind } from '../explain/entry.ts';
import type { DiskMemory } from './shared-memory.ts';

/** Main among the workers of a disk's table. */
const MAIN = 0;
/** How long a disk is waited for, in ms. */
const LIMIT = 2000;

/** Looks on disks for one explanation, without leaving a trace: notes no use, and brings nothing into memory. */
export interface DiskPeek {
  /** Finds only what has been read. */
  readonly find: DiskFind;
  /** Reads what `find` was asked for and had not read; whether there was something: then all is to be asked anew. Never rejects. */
  read(): Promise<boolean>;
}

/** @returns what makes one for an explanation */
export function createDiskPeek(cache: Cache, folders: readonly string[], disks: readonly DiskMemory[]): () => DiskPeek {
  const views = openDisks(disks.map(({ slots, rings }, i) => ({ folder: folders[i], slots, ring: rings[0] })));
  const gates = disks.map(({ slots }) => new ReadGate(new ReadCount(slots, MAIN), LIMIT));
  return () => {
    const preludes = new Map<string, Prelude | undefined>();
    const wanted = new Map<string, () => Promise<Prelude | undefined>>();
    const find: DiskFind = (key) => {
      const disk = chooseDisk(views, key.lo, key.hi);
      if (disk === undefined) return undefined;
      const { applied } = disk.table;
      const slot = emptySlot();
      if (!disk.table.find(key.lo, key.hi, slot)) return undefined;
      const name = [disk.index, slot.segment, slot.generation, slot.offset].join();
      if (!preludes.has(name)) {
        const own = key.copy();
        wanted.set(name, () => gates[disk.index].run(() => readPrelude(disk.folder, slot, own), LIMIT));
        return undefined;
      }
      const prelude = preludes.get(name);
      const sequence = Math.max(slot.sequence, applied);
      if (prelude === undefined || sequence < cache.purgeFloor()) return undefined;
      // whether a purge of this moment concerns it is not known yet
      const ban = sequence < cache.purgeSequence() ? HARD_BAN : NO_BAN;
      return { folder: disk.folder, prelude, sequence, ban };
    };
    const read = async (): Promise<boolean> => {
      const all = [...wanted];
      wanted.clear();
      // what cannot be read is none
      for (const [name, begin] of all) preludes.set(name, await begin().catch(() => undefined));
      return all.length > 0;
    };
    return { find, read };
  };
}

async function readPrelude(
  folder: string,
  { segment, offset, prelude: length }: FoundSlot,
  key: CacheKey,
): Promise<Prelude | undefined> {
  await using file = await open(join(folder, segmentName(segment)));
  const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
  const prelude = bytesRead === length ? decodePrelude(buffer) : undefined;
  return prelude?.hasKey(key) === true ? prelude : undefined;
}
