import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createOfferRing, FORGET, OFFER, OFFER_AGAIN, OfferRing, type RingRecord } from './ring.ts';

test('records come out as they went in, in their order', () => {
  const sab = createOfferRing(8);
  let woken = 0;
  const producer = new OfferRing(sab, () => woken++);
  const consumer = new OfferRing(sab);
  const taken: RingRecord[] = [];
  for (let round = 0; round < 20; round++) {
    producer.offer(round, 7, -1, 2, false);
    producer.offer(round, 0x0fff_ffff, 3, 4, true);
    producer.forget(5, 6, 9, 64 * (2 ** 31 + round));
    assert.equal(producer.length, 3);
    assert.equal(
      consumer.take(2, (record) => taken.push({ ...record })),
      2,
    );
    assert.equal(
      consumer.take(9, (record) => taken.push({ ...record })),
      1,
    );
    assert.equal(woken, round + 1);
    assert.deepEqual(taken.splice(0), [
      { kind: OFFER, id: round, generation: 7, lo: -1, hi: 2, segment: -1, offset: 0 },
      { kind: OFFER_AGAIN, id: round, generation: 0x0fff_ffff, lo: 3, hi: 4, segment: -1, offset: 0 },
      { kind: FORGET, id: 0, generation: 0, lo: 5, hi: 6, segment: 9, offset: 64 * (2 ** 31 + round) },
    ]);
  }
});

test('offers leave room for what must be told, and what is lost is told', () => {
  const sab = createOfferRing(8);
  const ring = new OfferRing(sab);
  for (let i = 0; i < 6; i++) ring.offer(i, 0, 0, 0, false);
  assert.deepEqual([ring.length, ring.dropped, ring.lost()], [4, 2, 0]);
  for (let i = 0; i < 7; i++) ring.forget(i, 0, -1, 0);
  assert.deepEqual([ring.length, ring.lost(), ring.lost()], [8, 3, 0]);
  assert.throws(() => createOfferRing(12), RangeError);
});

test('two threads: nothing is torn, doubled or out of order, and every loss is counted', async () => {
  const TOTAL = 300_000;
  const sab = createOfferRing(256);
  const thread = new Worker(
    `const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ OfferRing }) => {
      const ring = new OfferRing(workerData.sab);
      for (let i = 1; i <= workerData.total; i++) {
        if (i % 3 === 0) ring.offer(i, i, i, i, i % 2 === 0);
        else ring.forget(i, i, i, i * 64);
      }
    });`,
    { eval: true, workerData: { sab, total: TOTAL, module: new URL('./ring.ts', import.meta.url).href } },
  );
  let ended = false;
  const exit = once(thread, 'exit').then(() => {
    ended = true;
  });
  const ring = new OfferRing(sab);
  let last = 0;
  let offers = 0;
  let forgets = 0;
  const each = ({ kind, id, generation, lo, hi, segment, offset }: RingRecord): void => {
    const words = kind === FORGET ? [hi, segment, offset / 64] : [hi, id, generation];
    assert.ok(words.every((word) => word === lo) && lo > last, `${lo} after ${last}`);
    last = lo;
    if (kind === FORGET) forgets++;
    else offers++;
  };
  while (!ended) if (ring.take(100, each) === 0) await new Promise((resolve) => setImmediate(resolve));
  await exit;
  while (ring.take(100, each) > 0);
  assert.equal(offers + ring.dropped, TOTAL / 3);
  assert.equal(forgets + ring.lost(), (TOTAL * 2) / 3);
});
