/** What the tests of the thread's side share: a folder, a cache above it, and a thread that is played by the test. */
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cache, CacheKey, type KeyPrefix, openCache } from '../cache/cache.ts';
import { createCache } from '../cache/layout.ts';
import { bytes } from '../cache/testing.ts';
import type { DiskPurge } from '../threads/messages.ts';
import { DiskFault } from './fault.ts';
import { OpenFolder } from './folder.ts';
import { DiskLower } from './lower.ts';
import { DiskReader } from './reader.ts';
import { createOfferRing, OfferRing } from './ring.ts';
import { createSlotTable, LOADING, READY, SlotTable } from './slots.ts';
import { DiskStore } from './store.ts';
import { openDisks } from './view.ts';

const EDGE = 1;
const DISK = 2;

export interface Logged {
  level: string;
  message: string;
  details: Record<string, unknown>;
}

/** A process that has one disk: ends with `close`, or with `forget` as by a kill, save that its locks are given back. */
export class StoreBench {
  readonly folder: OpenFolder;
  readonly edge: Cache;
  readonly main: Cache;
  readonly prefix: KeyPrefix;
  readonly store: DiskStore;
  readonly slots: SlotTable;
  readonly reader: DiskReader;
  readonly faults: DiskFault[] = [];
  readonly logged: Logged[];
  readonly #key = new CacheKey();

  /** @param memory bytes of the cache */
  constructor(path: string, size: number, memory = 8 << 20) {
    this.logged = [];
    const folder = OpenFolder.open(path, size, (level, message, details) =>
      this.logged.push({ level, message, details }),
    );
    if (folder === undefined) throw new Error('the folder is locked');
    this.folder = folder;
    const { secret = bytes('8 bytes!'), applied, purges, table } = folder.contents();
    const sab = createCache({ memory, workers: 2, eviction: 's3fifo', secret, purgeSequence: applied });
    this.main = openCache(sab, 0);
    for (const { sequence, tag, exact, ...spec } of purges) {
      if (sequence > applied) this.main.purge.restore(exact ? { ...spec, exact } : spec, sequence, tag);
    }
    const sequence = this.main.purgeSequence();
    const slots = createSlotTable({ slots: table.slots, segments: table.segments + 8, workers: DISK });
    const ring = createOfferRing();
    folder.prepare({ secret, sequence, missed: [], empty: false }, 'x', []);
    this.slots = new SlotTable(slots);
    const cache = openCache(sab, DISK);
    this.store = new DiskStore({ folder, cache, slots: this.slots, rings: [new OfferRing(ring)], forgotten: [] });
    this.slots.state = LOADING;
    this.edge = openCache(sab, EDGE);
    const views = openDisks([{ folder: path, slots, ring }]);
    this.edge.lower = new DiskLower(views);
    this.reader = new DiskReader(views, EDGE, { onFault: (fault) => this.faults.push(fault) });
    this.prefix = this.main.prefix(bytes('1|http|a.example|GET|'), 1, 'a.example');
  }

  key(target: string): CacheKey {
    return this.#key.set(this.prefix, target, '');
  }

  put(target: string, body: Uint8Array, tags: number[] = []): number {
    const { edge } = this;
    return edge.put(this.key(target), bytes(`head ${target}`), bytes('meta'), body, [1, 2, 3, 4], undefined, tags);
  }

  /** Stores an object and has it written. */
  write(target: string, body: Uint8Array, tags: number[] = []): void {
    this.put(target, body, tags);
    this.store.flush();
  }

  /** Turns until there is nothing to do. */
  settle(): void {
    this.store.flush();
    while (this.store.turn());
    this.store.flush();
  }

  load(): void {
    while (this.slots.state !== READY) this.store.turn();
  }

  /** What the disk has under a target, the whole of it read and verified; undefined where there is none. */
  async read(target: string): Promise<Buffer | undefined> {
    const key = this.key(target).copy();
    const record = this.reader.find(key, this.main.purgeFloor());
    if (record === undefined) return undefined;
    try {
      await record.open();
      const { prelude } = record;
      if (this.main.verdictSince !== undefined && !this.#isValid(key, record.sequence, prelude.tags)) return undefined;
      const parts: Uint8Array[] = [];
      for (let block = 0; block < record.blocks; block++) parts.push((await record.blocksOf(block)).slice());
      return Buffer.concat(parts);
    } catch (error) {
      if (error instanceof DiskFault) return undefined;
      throw error;
    } finally {
      record.close();
    }
  }

  /** As whoever loads an entry asks before it is stored. */
  #isValid(key: CacheKey, sequence: number, tags: ArrayLike<number>): boolean {
    const claim = this.edge.claim(key);
    if (!claim.leader) throw new Error('a flight is under way');
    const verdict = this.edge.verdictSince(claim.id, sequence, Array.from(tags));
    this.edge.finish(claim.id, 5);
    this.edge.drop(claim.handle);
    return verdict === 0;
  }

  /** A purge as main makes it: in force, and kept by the disk. Not yet applied. */
  purge(spec: Partial<DiskPurge> & { pattern: string }, tag?: string): void {
    const { site = -1, host = '', pattern, exact = false, soft = false } = spec;
    const exactly = exact ? { exact: true as const } : {};
    const tagged = tag === undefined ? {} : { tag };
    const sequence = this.main.purge.add({ site, host, pattern, soft, ...exactly, ...tagged });
    const hash = tag === undefined ? 0 : this.main.tagHash(tag) | 0;
    this.store.keep([{ sequence, site, host, pattern, exact, soft, stamp: 0, tag: hash }]);
  }

  close(): void {
    this.store.close();
    this.forget();
  }

  forget(): void {
    this.reader.close();
    this.folder.close();
  }
}

/** A temporary folder, removed after the test. */
export function temporaryFolder(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes of all files in a folder, by length and by what they take. */
export function folderBytes(folder: string): { length: number; taken: number } {
  let length = 0;
  let taken = 0;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const { size, blocks } = lstatSync(join(folder, name));
    length += size;
    taken += blocks * 512;
  }
  return { length, taken };
}

/** A body that says whose it is, so that one of another key or version is found out. */
export function bodyOf(name: string, length: number): Buffer {
  const line = `${name}.`;
  return Buffer.alloc(length, line);
}
