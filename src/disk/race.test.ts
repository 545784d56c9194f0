import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CacheKey, createCache, openCache } from '../cache/cache.ts';
import { fillBody, Random } from '../cache/stress.bodies.ts';
import { DiskLower } from './lower.ts';
import { TestDisk } from './testing.ts';
import { openDisks } from './view.ts';

const KEYS = 24;
const THREADS = 3;
const SEGMENTS = 4;
const MILLISECONDS = Number(process.env.LB_DISK_RACE_MS ?? 700);

/** Replaces entries at random, writes them, and begins segments anew; whether it waits for those who read a segment is `considerate`. */
async function race(t: TestContext, considerate: boolean): Promise<{ read: number; corrupt: number; gone: number }> {
  const sab = createCache({ memory: 32 << 20, workers: THREADS, eviction: 's3fifo' });
  const cache = openCache(sab, 0);
  const disk = new TestDisk({ segments: SEGMENTS });
  t.after(() => disk.close());
  cache.lower = new DiskLower(openDisks([disk.memory]));
  const shared = new SharedArrayBuffer((4 + KEYS) * 4);
  const words = new Int32Array(shared);
  const errors: unknown[] = [];
  const threads = Array.from({ length: THREADS }, (_, i) => {
    const workerData = { sab, memory: disk.memory, shared, worker: i + 1, keys: KEYS };
    return new Worker(new URL('./race.worker.ts', import.meta.url), { workerData }).on('error', (error) =>
      errors.push(error),
    );
  });
  const ends = threads.map((thread) => once(thread, 'exit'));
  const random = new Random(considerate ? 3 : 4);
  const prefix = cache.prefix(Buffer.from('race'), 1, 'race.example');
  const key = new CacheKey();
  const body = new Uint8Array(600_000);
  // small ones come round while they are read
  const segmentBytes = considerate ? 3 << 20 : 620_000;
  const deadline = performance.now() + MILLISECONDS;
  let segment = 0;
  for (let version = 1; errors.length === 0 && (performance.now() < deadline || words[1] < 300); version++) {
    const n = random.below(KEYS);
    const length = random.below(n % 3 === 0 ? body.length : 20_000);
    fillBody(body, length, n, version, 0);
    const head = new Uint8Array(Int32Array.of(n, version, length).buffer);
    const id = cache.put(
      key.set(prefix, `/${n}`, ''),
      head,
      head.subarray(0, 0),
      body.subarray(0, length),
      [0, 0, 0, 0],
    );
    Atomics.store(words, 4 + n, version);
    if (disk.end(segment) + length + 4096 > segmentBytes) {
      segment = (segment + 1) % SEGMENTS;
      disk.reuse(segment);
      while (considerate && disk.table.isRead(segment) && errors.length === 0) await tick();
    }
    assert.ok(disk.write(cache, id, segment) !== undefined);
    disk.table.sweepDead(0, disk.table.capacity);
    if (version % 4 === 0) await tick();
  }
  Atomics.store(words, 0, 1);
  await Promise.all(ends);
  assert.deepEqual(errors, []);
  for (let i = 0; i < SEGMENTS; i++) assert.equal(disk.table.isRead(i), false);
  cache.audit();
  const figures = { read: words[1], corrupt: words[2], gone: words[3] };
  t.diagnostic(JSON.stringify(figures));
  return figures;
}

test('threads read while all is replaced, and segments are used again once nobody reads them: every byte is right', async (t) => {
  const { read, corrupt } = await race(t, true);
  assert.ok(read > 200, `${read} records`);
  assert.equal(corrupt, 0);
});

test('even where segments are written over under their readers no byte is wrong', async (t) => {
  const { read, gone } = await race(t, false);
  assert.ok(read > 200 && gone > 0, `${read} records, ${gone} gone while they were read`);
});
