import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { createOriginStates, OriginStates, OWN, SUM, WORD } from './state.ts';
import { OriginSlots } from './state-slots.ts';
import { siteConfig } from './testing.ts';

function twoWorkers() {
  const memory = createOriginStates({ workers: 2, slots: 4 });
  return [0, 1, 2].map((worker) => new OriginStates(memory, worker));
}

test('threads see what the others have under way; a dead one gives back its share, its places and its trial', () => {
  const [main, first, second] = twoWorkers();
  const [a, b] = [first.slot(1), second.slot(1)];
  a.addOwn(OWN.underWay, 3);
  b.addOwn(OWN.underWay, 2);
  assert.equal(main.slot(1).total(OWN.underWay), 5);
  for (let i = 0; i < 2; i++) assert.ok(a.claim(WORD.connections, OWN.connections, 3));
  assert.ok(b.claim(WORD.connections, OWN.connections, 3));
  assert.ok(!b.claim(WORD.connections, OWN.connections, 3), 'the limit is that of both');
  a.claim(WORD.waiting, OWN.waiting, 9);
  a.setOwn(OWN.oldest, 7);
  a.store(WORD.probe, 2);
  a.count(SUM.requests);
  main.recover(1);
  const state = main.slot(1);
  assert.deepEqual(
    [state.total(OWN.underWay), state.load(WORD.connections), state.load(WORD.waiting), state.total(OWN.oldest)],
    [2, 1, 0, 0],
  );
  assert.equal(state.load(WORD.probe), 0);
  assert.equal(state.sum(SUM.requests), 1, 'sums never fall');
  assert.equal(main.slot(0).total(OWN.underWay), 0, 'slots are apart');
});

test('no slots and lines overlap', () => {
  const [, first] = twoWorkers();
  const words = [...Object.values(WORD), WORD.window + 23];
  fc.assert(
    fc.property(fc.nat(3), fc.nat(3), fc.constantFrom(...words), (one, other, word) => {
      first.slot(one).store(word, 41);
      first.slot(one).setOwn(OWN.sockets, 42);
      first.slot(one).setTime(26, 43);
      first.slot(one).count(SUM.ejections);
      if (one !== other) assert.equal(first.slot(other).load(word) === 41, first.slot(other).load(word) !== 0);
      assert.equal(first.slot(one).load(word), 41);
      first.slot(one).clear();
      assert.equal(first.slot(one).load(word), 0);
      assert.deepEqual([first.slot(one).own(OWN.sockets), first.slot(one).sum(SUM.ejections)], [0, 0]);
    }),
  );
});

/** What a thread reports. */
interface Result {
  most: number;
  taken: number;
}

test('threads that claim at once never go over the limit', async () => {
  const memory = createOriginStates({ workers: 2, slots: 1 });
  const url = new URL('./state.ts', import.meta.url).href;
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { OriginStates, WORD, OWN } = await import(workerData.url);
    const state = new OriginStates(workerData.memory, workerData.worker).slot(0);
    let most = 0, taken = 0;
    for (let i = 0; i < 20000; i++) {
      if (!state.claim(WORD.connections, OWN.connections, 3)) continue;
      taken++;
      most = Math.max(most, state.load(WORD.connections));
      state.giveBack(WORD.connections, OWN.connections);
    }
    parentPort.postMessage({ most, taken });`;
  const source = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const threads = [1, 2].map((worker) => new Worker(source, { workerData: { memory, worker, url } }));
  const results = (await Promise.all(threads.map((thread) => once(thread, 'message')))).flat() as Result[];
  for (const result of results) {
    assert.ok(result.most <= 3 && result.taken > 0, JSON.stringify(result));
  }
  await Promise.all(threads.map((thread) => thread.terminate()));
  const state = new OriginStates(memory, 0).slot(0);
  assert.deepEqual([state.load(WORD.connections), state.total(OWN.connections)], [0, 0]);
});

test('an origin keeps its slot over reloads, wherever it stands; one that is new begins anew', () => {
  const [main] = twoWorkers();
  const slots = new OriginSlots(main);
  const before = siteConfig({ origins: ['a.test:80', 'b.test:80'] });
  const [first] = slots.assign([before]);
  main.slot(first.origins[1]).store(WORD.failures, 3);
  const after = siteConfig({ origins: ['b.test:80', 'c.test:80'] });
  const [second] = slots.assign([after]);
  assert.equal(second.site, first.site);
  assert.equal(second.origins[0], first.origins[1]);
  assert.equal(main.slot(second.origins[0]).load(WORD.failures), 3);
  slots.keep([after]);
  assert.throws(() => slots.assign([before]), /too many origins/, 'what was just given up may still be written to');
  const twins = siteConfig({ origins: ['b.test:80', 'b.test:80'] });
  assert.throws(() => slots.assign([twins]), 'two of the same are two');
});
