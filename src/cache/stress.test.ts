import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Cache, createCache, openCache } from './cache.ts';
import { Random } from './stress.bodies.ts';

const WORKERS = 4;
const KEYS = 6000;
const MEMORY = 3 << 20;

interface Run {
  sab: SharedArrayBuffer;
  main: Cache;
  progress: SharedArrayBuffer;
  errors: unknown[];
}

function begin(eviction: 's3fifo' | 'lru'): Run {
  const sab = createCache({ memory: MEMORY, workers: WORKERS, eviction });
  return { sab, main: openCache(sab, 0), progress: new SharedArrayBuffer(4), errors: [] };
}

function start(run: Run, worker: number, seed: number, operations: number, deadly: number): Worker {
  const thread = new Worker(new URL('./stress.worker.ts', import.meta.url), {
    workerData: { sab: run.sab, progress: run.progress, worker, seed, keys: KEYS, operations, deadly },
  });
  thread.on('error', (error) => run.errors.push(error));
  return thread;
}

/** Everything has come back: no pins, flights or zombies; once everything is purged, every page is free. */
function assertNoLeak(run: Run): void {
  const { main } = run;
  assert.deepEqual(run.errors, []);
  main.audit();
  assert.equal(main.stats().pins, 0);
  assert.equal(main.stats().flights, 0);
  main.purge.add({ site: -1, host: '', pattern: '*', soft: false });
  while (!main.purge.sweep(100_000).finished);
  main.purge.sweep(1);
  main.audit();
  const stats = main.stats();
  assert.equal(stats.objects, 0);
  assert.equal(stats.zombies, 0);
  assert.equal(stats.freePages, stats.pages);
}

const operationsIn = (run: Run): number => Atomics.load(new Int32Array(run.progress), 0);

for (const [eviction, operations] of [
  ['s3fifo', 400_000],
  ['lru', 150_000],
] as const) {
  test(`${eviction}: threads fill, read, evict and purge; every byte is right and nothing leaks`, async () => {
    const run = begin(eviction);
    const random = new Random(7);
    const threads = Array.from({ length: WORKERS }, (_, i) => start(run, i + 1, 100 + i, operations, 0));
    let ended = 0;
    const ends = threads.map((thread) => once(thread, 'exit').then(() => ended++));
    for (let i = 0; ended < WORKERS; i++) {
      const pattern = i % 50 === 0 ? '*' : `/object/${random.below(KEYS)}${i % 3 === 0 ? '*' : ''}`;
      run.main.purge.add({ site: 1, host: i % 2 ? '' : 'example.org', pattern, soft: i % 5 === 0 });
      run.main.purge.sweep(500);
      await delay(3);
    }
    await Promise.all(ends);
    assert.equal(operationsIn(run), WORKERS * operations);
    assertNoLeak(run);
  });
}

test('threads die at random, are recovered and replaced; every byte is right and nothing leaks', async () => {
  const run = begin('s3fifo');
  const random = new Random(9);
  const until = performance.now() + 5000;
  let deaths = 0;
  const keepAlive = async (worker: number): Promise<void> => {
    while (performance.now() < until) {
      const thread = start(run, worker, random.below(1 << 30), 1e9, 2e-5);
      const exited = once(thread, 'exit');
      const killed = delay(50 + random.below(400)).then(() => thread.terminate());
      await exited;
      await killed;
      deaths++;
      while (!run.main.recover(worker).done) await delay(1);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, i) => keepAlive(i + 1)));
  assert.ok(deaths > 20, `${deaths} deaths`);
  assert.ok(operationsIn(run) > 100_000, `${operationsIn(run)} operations`);
  assertNoLeak(run);
});
