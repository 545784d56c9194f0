import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { createDoorbells, Doorbells } from './doorbell.ts';

test('a ring from another thread wakes the listener', async () => {
  const memory = createDoorbells(2);
  const bells = new Doorbells(memory);
  const code = `
    const { workerData } = require('node:worker_threads');
    const words = new Int32Array(workerData);
    Atomics.add(words, 16, 1);
    Atomics.notify(words, 16);`;
  const rung = new Promise<void>((resolve) => {
    const close = bells.listen(1, () => {
      close();
      resolve();
    });
  });
  const worker = new Worker(code, { eval: true, workerData: memory });
  await Promise.all([rung, once(worker, 'exit')]);
});

test('a mask wakes its threads but not the excepted one', async () => {
  const bells = new Doorbells(createDoorbells(40));
  const heard: number[] = [];
  await new Promise<void>((resolve) => {
    const closers = [2, 1, 33].map((id) =>
      bells.listen(id, () => {
        heard.push(id);
        if (heard.length < 2) return;
        for (const close of closers) close();
        resolve();
      }),
    );
    bells.ringMask(0b110, 0b10, 2);
  });
  assert.deepEqual(
    heard.sort((a, b) => a - b),
    [1, 33],
  );
});
