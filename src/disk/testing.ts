/** What the tests of disks share: a folder with segments that entries of a small cache are written to, without index or thread. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cache } from '../cache/cache.ts';
import { BlockSums, decodePrelude, encodePrelude } from './format.ts';
import { createOfferRing } from './ring.ts';
import { segmentName } from './segment-file.ts';
import { createSlotTable, READY, type SlotFields, SlotTable } from './slots.ts';
import type { DiskMemory } from './view.ts';

const WORKERS = 4;

export class TestDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'lb-disk-'));
  readonly memory: DiskMemory;
  readonly table: SlotTable;
  readonly #fds: number[] = [];
  readonly #ends: number[] = [];

  constructor({ slots = 1000, segments = 4, ring = 1024 } = {}) {
    this.memory = {
      folder: this.folder,
      slots: createSlotTable({ slots, segments, workers: WORKERS }),
      ring: createOfferRing(ring),
    };
    this.table = new SlotTable(this.memory.slots);
    for (let segment = 0; segment < segments; segment++) {
      this.#fds.push(openSync(this.path(segment), 'w+'));
      this.#ends.push(0);
      this.table.setGeneration(segment, 1);
    }
    this.table.state = READY;
  }

  path(segment: number): string {
    return join(this.folder, segmentName(segment));
  }

  /** For one more worker. */
  newRing(): SharedArrayBuffer {
    return createOfferRing(1024);
  }

  /** The target of the key of a record. */
  targetOf({ segment, offset, prelude }: SlotFields): string {
    const bytes = new Uint8Array(prelude);
    readSync(this.#fds[segment], bytes, 0, prelude, offset);
    return decodePrelude(bytes)?.target ?? '';
  }

  end(segment: number): number {
    return this.#ends[segment];
  }

  /** From its beginning again, as another generation. */
  reuse(segment: number): void {
    this.table.setGeneration(segment, this.table.generation(segment) + 1);
    this.#ends[segment] = 0;
  }

  /** Appends an entry to a segment and fills its slot; undefined when it is no longer LIVE. */
  write(cache: Cache, id: number, segment = 0): SlotFields | undefined {
    const generation = cache.generation(id);
    const handle = cache.pinEntry(id, generation);
    const record = handle < 0 ? undefined : cache.record(id);
    if (record === undefined) {
      if (handle >= 0) cache.drop(handle);
      return undefined;
    }
    const sums = new BlockSums(record.length);
    const runs: Uint8Array[] = [];
    for (let at = 0; at < record.length; at += runs[runs.length - 1].length) {
      const run = cache.body(id, at);
      sums.add(run);
      runs.push(run);
    }
    const prelude = encodePrelude(record, this.table.generation(segment), sums.sums);
    const offset = this.#ends[segment];
    let at = offset;
    for (const bytes of [prelude, ...runs]) at += writeSync(this.#fds[segment], bytes, 0, bytes.length, at);
    this.#ends[segment] = Math.ceil(at / 64) * 64;
    const { lo, hi, sequence } = record;
    const slot = { lo, hi, segment, offset, prelude: prelude.length, body: record.length, sequence };
    const fields = { ...slot, generation: this.table.generation(segment) };
    this.table.insert(fields);
    const stands = cache.isLive(id, generation);
    if (!stands) this.table.remove(fields);
    cache.drop(handle);
    return stands ? fields : undefined;
  }

  close(): void {
    for (const fd of this.#fds) closeSync(fd);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
