import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Belady, nextUses } from './belady.ts';
import { Lru, S3Fifo, Sieve } from './fifo-policies.ts';
import type { Policy } from './policy.ts';
import { WTinyLfu } from './tinylfu.ts';
import { footprint, traces } from './traces.ts';

/** Which of the requests are hits, objects of size 1. */
const hits = (policy: Policy, requests: Iterable<number>) =>
  [...requests].map((id) => (policy.access(id, 1) ? 'h' : '-')).join('');

test('LRU: the one that was not used for longest goes', () => {
  assert.equal(hits(new Lru(2), [1, 2, 1, 3, 1, 2]), '--h-h-');
});

test('SIEVE: the hand spares what was used, and goes on from where it was', () => {
  // 1 is used: the hand passes it, takes 2, and then 3, which came after
  assert.equal(hits(new Sieve(3), [1, 2, 3, 1, 4, 5, 1, 4, 5, 2]), '---h--hhh-');
});

test('S3-FIFO: what is used once leaves by the small queue, and comes back into the main one', () => {
  const policy = new S3Fifo(10);
  hits(policy, [1, 1, 1]);
  hits(policy, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  assert.equal(hits(policy, [1, 23, 10]), 'hh-');
  hits(policy, [30, 31, 32]);
});

test('W-TinyLFU: a scan does not push out what is asked for often', () => {
  const policy = new WTinyLfu(10, 10);
  for (let round = 0; round < 4; round++) hits(policy, [1, 2, 3, 4]);
  hits(policy, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]);
  assert.equal(hits(policy, [1, 2, 3]), 'hhh');
});

test('Belady: the example of the textbooks, three frames', () => {
  const requests = Uint32Array.from([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]);
  const result = hits(new Belady(3, requests), requests);
  // 9 faults where every object must be stored; what is not worth it need not be here
  assert.ok((result.match(/-/g)?.length ?? 0) <= 9, result);
  assert.deepEqual([...nextUses(Uint32Array.from([1, 2, 1]))], [2, 3, 3]);
});

test('No policy holds more than it may, none beats Belady on objects of one size', () => {
  for (const { name, requests, sizes } of traces(500, 5000)) {
    const policies: Policy[] = [new Lru(50), new Sieve(50), new S3Fifo(50), new WTinyLfu(50, 50)];
    const count = (policy: Policy) => hits(policy, requests).replaceAll('-', '').length;
    const most = count(new Belady(50, requests));
    for (const policy of policies) assert.ok(count(policy) <= most, `${name}: ${policy.constructor.name}`);
    assert.equal(sizes.length, 500);
  }
});

test('Footprint counts each object once', () => {
  const [even] = traces(10, 1000);
  assert.equal(footprint(even), 20_000);
});
