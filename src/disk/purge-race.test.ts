import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Cache, createCache, openCache } from '../cache/cache.ts';
import { FORGET, OfferRing } from './ring.ts';
import type { SlotFields } from './slots.ts';
import { TestDisk } from './testing.ts';

const KEYS = 120;
const THREADS = 3;
const MILLISECONDS = Number(process.env.LB_DISK_RACE_MS ?? 1000);
const SEGMENTS = 4;
const SEGMENT_BYTES = 1 << 20;

interface Row {
  fields: SlotFields;
  n: number;
}

/** What a disk's thread does, on main: writes what is offered, and applies purges to it a good while after they are in force. */
class Keeper {
  readonly rows = new Map<string, Row>();
  readonly #cache: Cache;
  readonly #disk: TestDisk;
  readonly #rings: OfferRing[];
  readonly #due: { sequence: number; concerns: (n: number) => boolean }[] = [];
  #segment = 0;
  written = 0;

  constructor(cache: Cache, disk: TestDisk, rings: SharedArrayBuffer[]) {
    this.#cache = cache;
    this.#disk = disk;
    this.#rings = rings.map((ring) => new OfferRing(ring));
  }

  purge(sequence: number, concerns: (n: number) => boolean): void {
    this.#due.push({ sequence, concerns });
  }

  work(): void {
    for (const ring of this.#rings) {
      ring.take(200, ({ kind, id, generation }) => {
        if (kind !== FORGET) this.#keep(id, generation);
      });
    }
    if (this.#due.length > 3) this.#apply();
    for (const { lo, hi, offset } of this.#disk.table.sweepDead(0, this.#disk.table.capacity)) {
      if (this.rows.get(`${lo} ${hi}`)?.fields.offset === offset) this.rows.delete(`${lo} ${hi}`);
    }
  }

  #keep(id: number, generation: number): void {
    if (!this.#cache.isLive(id, generation)) return;
    if (this.#disk.end(this.#segment) + 20_000 > SEGMENT_BYTES) this.#advance();
    const fields = this.#disk.write(this.#cache, id, this.#segment);
    if (fields === undefined) return;
    this.written++;
    const target = this.#disk.targetOf(fields);
    this.rows.set(`${fields.lo} ${fields.hi}`, { fields, n: Number(target.slice(1)) });
  }

  #advance(): void {
    const next = (this.#segment + 1) % SEGMENTS;
    for (const [name, { fields }] of this.rows) {
      if (fields.segment !== next) continue;
      this.#disk.table.remove(fields);
      this.rows.delete(name);
    }
    // whoever reads it still finds out by the checksums
    this.#disk.reuse(next);
    this.#segment = next;
  }

  #apply(): void {
    const purge = this.#due.shift();
    if (purge === undefined) return;
    for (const [name, { fields, n }] of this.rows) {
      if (fields.sequence >= purge.sequence || !purge.concerns(n)) continue;
      this.#disk.table.remove(fields);
      this.rows.delete(name);
    }
    this.#disk.table.applied = purge.sequence;
  }
}

test('purges race fills, evictions, writes to disk and loads from it: nothing from before a purge is found after it', async (t) => {
  const sab = createCache({ memory: 1 << 20, workers: THREADS, eviction: 's3fifo' });
  const cache = openCache(sab, 0);
  const disk = new TestDisk({ segments: SEGMENTS });
  t.after(() => disk.close());
  cache.purge.applied = () => disk.table.applied;
  const rings = Array.from({ length: THREADS }, () => disk.newRing());
  const keeper = new Keeper(cache, disk, rings);
  const shared = new SharedArrayBuffer((8 + KEYS) * 4);
  const words = new Int32Array(shared);
  const errors: unknown[] = [];
  const threads = rings.map((ring, i) => {
    const workerData = { sab, memory: { ...disk.memory, ring }, shared, worker: i + 1, keys: KEYS };
    const thread = new Worker(new URL('./purge-race.worker.ts', import.meta.url), { workerData });
    return thread.on('error', (error) => errors.push(error));
  });
  const ends = threads.map((thread) => once(thread, 'exit'));
  const deadline = performance.now() + MILLISECONDS;
  for (let i = 0; errors.length === 0 && (performance.now() < deadline || words[4] < 500); i++) {
    keeper.work();
    const content = Atomics.add(words, 0, 1) + 1;
    const all = { site: 1, host: '', pattern: '*', soft: false };
    const n = i % KEYS;
    if (i % 101 === 0) {
      keeper.purge(cache.purge.add(all), () => true);
      Atomics.store(words, 1, content);
    } else if (i % 5 === 0) {
      keeper.purge(cache.purge.add({ ...all, pattern: `/${n}`, exact: true }), (other) => other === n);
      Atomics.store(words, 8 + n, content);
    } else if (i % 37 === 0) {
      keeper.purge(cache.purge.add({ ...all, tag: `tag-${n % 5}` }), (other) => other % 5 === n % 5);
      for (let other = n % 5; other < KEYS; other += 5) Atomics.store(words, 8 + other, content);
    }
    if (i % 3 === 0) cache.purge.sweep(100);
    await tick();
  }
  Atomics.store(words, 2, 1);
  await Promise.all(ends);
  assert.deepEqual(errors, []);
  t.diagnostic(`${words[3]} hits, ${words[4]} loads, ${keeper.written} written, ${cache.purgeSequence()} purges`);
  assert.ok(words[4] >= 500 && words[3] > 1000);
  cache.purge.sweep(1e6);
  cache.audit();
  assert.equal(cache.stats().pins, 0);
});
