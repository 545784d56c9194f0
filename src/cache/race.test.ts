import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createCache, openCache } from './cache.ts';

const WORKERS = 3;
const KEYS = 12;
const PURGES = 4000;

test('purges race fills on other threads: nothing from before a purge is found after it', async () => {
  const sab = createCache({ memory: 1 << 20, workers: WORKERS, eviction: 's3fifo' });
  const shared = new SharedArrayBuffer(16);
  const words = new Int32Array(shared);
  const main = openCache(sab, 0);
  const errors: unknown[] = [];
  const threads = Array.from({ length: WORKERS }, (_, i) => {
    const thread = new Worker(new URL('./race.worker.ts', import.meta.url), {
      workerData: { sab, shared, worker: i + 1, keys: KEYS },
    });
    thread.on('error', (error) => errors.push(error));
    return thread;
  });
  const ends = threads.map((thread) => once(thread, 'exit'));
  while (Atomics.load(words, 3) < 1000) await tick();
  for (let i = 0; i < PURGES && errors.length === 0; i++) {
    const content = Atomics.add(words, 0, 1) + 1;
    const all = { site: 1, host: '', pattern: '*', soft: false };
    if (i % 4 === 0) main.purge.add(all);
    else if (i % 4 === 1) main.purge.add({ ...all, tag: 'race' });
    else if (i % 4 === 2) for (let n = 0; n < KEYS; n++) main.purge.add({ ...all, tag: `tag-${n}` });
    else {
      for (let n = 0; n < KEYS; n++) {
        main.purge.add({ site: -1, host: 'race.example', pattern: n % 2 ? `/${n}` : `*/${n}`, soft: false });
      }
    }
    Atomics.store(words, 1, content);
    if (i % 5 === 0) main.purge.sweep(300);
    if (i % 8 === 0) await tick();
  }
  Atomics.store(words, 2, 1);
  await Promise.all(ends);
  assert.deepEqual(errors, []);
  assert.ok(Atomics.load(words, 3) > 10_000, `${Atomics.load(words, 3)} hits`);
  main.purge.sweep(1e6);
  main.audit();
  assert.equal(main.stats().pins, 0);
});
