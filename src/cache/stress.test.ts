import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { IS_LONG } from '../../test/support/long.ts';
import { type Cache, createCache, openCache } from './cache.ts';
import { Random } from './stress.bodies.ts';

const WORKERS = 4;
const KEYS = 6000;
const MEMORY = 3 << 20;
const DEATHS = IS_LONG ? 30 : 12;

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

function start(run: Run, worker: number, seed: number, rounds: number, deadly: number): Worker {
  const thread = new Worker(new URL('./stress.worker.ts', import.meta.url), {
    workerData: { sab: run.sab, progress: run.progress, worker, seed, keys: KEYS, rounds, deadly },
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

for (const [eviction, rounds, operations] of [
  ['s3fifo', IS_LONG ? 220_000 : 60_000, IS_LONG ? 1_500_000 : 400_000],
  ['lru', IS_LONG ? 80_000 : 30_000, IS_LONG ? 500_000 : 190_000],
] as const) {
  test(`${eviction}: threads fill, read, evict and purge; every byte is right and nothing leaks`, async (t) => {
    const run = begin(eviction);
    const random = new Random(7);
    const threads = Array.from({ length: WORKERS }, (_, i) => start(run, i + 1, 100 + i, rounds, 0));
    let ended = 0;
    const ends = threads.map((thread) => once(thread, 'exit').then(() => ended++));
    for (let i = 0; ended < WORKERS; i++) {
      const pattern = i % 50 === 0 ? '*' : `/object/${random.below(KEYS)}${i % 3 === 0 ? '*' : ''}`;
      const scope = { site: 1, host: i % 2 ? '' : 'example.org', soft: i % 5 === 0 };
      run.main.purge.add({ ...scope, pattern });
      run.main.purge.add({ ...scope, pattern: '*', tag: `tag-${random.below(100)}` });
      run.main.purge.sweep(500);
      await delay(3);
    }
    await Promise.all(ends);
    t.diagnostic(`${operationsIn(run)} operations`);
    assert.ok(operationsIn(run) > operations, `${operationsIn(run)} operations`);
    assertNoLeak(run);
  });
}

test('threads die at random, are recovered and replaced; every byte is right and nothing leaks', async (t) => {
  const run = begin('s3fifo');
  const random = new Random(9);
  let deaths = 0;
  const enough = (): boolean => run.errors.length > 0 || (deaths >= DEATHS && operationsIn(run) > 50_000);
  const keepAlive = async (worker: number): Promise<void> => {
    while (!enough()) {
      const thread = start(run, worker, random.below(1 << 30), 1e9, 2e-5);
      const exited = once(thread, 'exit');
      await Promise.race([exited, delay(100 + random.below(500))]);
      await thread.terminate();
      await exited;
      deaths++;
      while (!run.main.recover(worker).done) await delay(1);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, i) => keepAlive(i + 1)));
  t.diagnostic(`${deaths} deaths, ${run.main.stats().rebuilds} in a critical section, ${operationsIn(run)} operations`);
  assertNoLeak(run);
});
