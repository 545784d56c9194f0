import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BROKEN,
  CacheKey,
  DONE,
  FAILED,
  REFRESHED,
  RELEASED,
  STREAMING,
  USER_AUX,
  USER_FRESH_UNTIL,
  WAITING,
} from './cache.ts';
import { Bench, bytes, NO_WORDS, text, wholeBody } from './testing.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);

test('one leader, others join; they see head, growing body and the end', () => {
  const bench = new Bench();
  const leader = bench.open(1);
  const joiner = bench.open(3);
  const first = leader.claim(bench.key('/a'));
  assert.equal(first.leader, true);
  assert.equal(leader.flightState(first.id), WAITING);
  const second = joiner.claim(bench.key('/a'));
  assert.deepEqual([second.id, second.leader], [first.id, false]);
  assert.deepEqual(leader.waiters(first.id), [1 << 3, 0]);
  assert.equal(joiner.lookup(bench.key('/a')), 0);
  assert.ok(leader.open(first.id, bytes('head'), bytes('meta'), 10));
  assert.deepEqual(leader.waiters(first.id), [1 << 3, 0]);
  assert.equal(joiner.flightState(first.id), STREAMING);
  assert.equal(text(joiner.head(first.id)), 'head');
  assert.deepEqual([joiner.bodyLength(first.id), joiner.totalLength(first.id)], [0, 10]);
  assert.ok(leader.append(first.id, bytes('01234')));
  assert.equal(text(joiner.body(first.id, 2)), '234');
  assert.equal(joiner.body(first.id, 5).length, 0);
  assert.equal(leader.append(first.id, bytes('567890')), false, 'over the declared length');
  assert.ok(leader.append(first.id, bytes('56789')));
  assert.ok(leader.finish(first.id, DONE, undefined, [1, 2, 3, 4]));
  assert.equal(joiner.flightState(first.id), DONE);
  assert.equal(joiner.lookup(bench.key('/a')), first.id);
  assert.equal(joiner.word(first.id, USER_FRESH_UNTIL), 1);
  joiner.unpin();
  joiner.drop(second.handle);
  leader.drop(first.handle);
  assert.throws(() => leader.drop(first.handle));
  bench.main.audit();
  assert.equal(bench.main.stats().pins, 0);
});

test('worker 62 waits in the high mask', () => {
  const bench = new Bench({ workers: 62, memory: 8 << 20 });
  const { id } = bench.open(5).claim(bench.key('/a'));
  for (const worker of [31, 62]) bench.open(worker).claim(bench.key('/a'));
  assert.deepEqual(bench.main.waiters(id), [1 << 31, 1 << 30]);
});

test('a stale entry is served while its refresh is in flight, and is then replaced at once', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  bench.put(cache, '/a', 'old');
  const old = cache.lookup(bench.key('/a'));
  const oldHandle = cache.hold(old);
  cache.unpin();
  const { id, handle } = cache.claim(bench.key('/a'));
  assert.equal(bench.get(cache, '/a'), 'old');
  cache.open(id, bytes('h'), bytes('m'), 3);
  cache.append(id, bytes('new'));
  assert.equal(bench.get(cache, '/a'), 'old');
  assert.ok(cache.finish(id, DONE));
  assert.equal(bench.get(cache, '/a'), 'new');
  assert.equal(text(wholeBody(cache, old)), 'old', 'a holder keeps the old bytes');
  assert.equal(cache.flightState(old), DONE);
  cache.drop(oldHandle);
  cache.drop(handle);
  bench.main.purge.sweep(1);
  assert.equal(bench.main.stats().zombies, 0);
  bench.main.audit();
});

for (const outcome of [RELEASED, REFRESHED, FAILED, BROKEN] as const) {
  test(`outcome ${outcome} is told to those who joined, and the key is free again`, () => {
    const bench = new Bench();
    const leader = bench.open(1);
    const joiner = bench.open(2);
    const { id, handle } = leader.claim(bench.key('/a'));
    const joined = joiner.claim(bench.key('/a'));
    assert.ok(leader.finish(id, outcome, undefined, [0, 0, 0, 42]));
    assert.equal(joiner.flightState(id), outcome);
    assert.equal(joiner.word(id, USER_AUX), 42);
    const next = joiner.claim(bench.key('/a'));
    assert.equal(next.leader, true);
    assert.notEqual(next.id, id);
    leader.drop(handle);
    joiner.drop(joined.handle);
    assert.throws(() => leader.finish(next.id, DONE), 'only its owner ends a flight');
    joiner.finish(next.id, RELEASED);
    joiner.drop(next.handle);
    bench.main.purge.sweep(1);
    bench.main.audit();
    assert.equal(bench.main.stats().flights, 0);
  });
}

test('a body shorter than declared is broken, never stored', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const { id, handle } = cache.claim(bench.key('/a'));
  cache.open(id, bytes('h'), bytes('m'), 10);
  cache.append(id, bytes('12345'));
  assert.equal(cache.finish(id, DONE), false);
  assert.equal(cache.flightState(id), BROKEN);
  assert.equal(bench.get(cache, '/a'), null);
  cache.drop(handle);
  const next = cache.claim(bench.key('/a'));
  assert.equal(cache.finish(next.id, DONE), false, 'nor is one that was never opened');
});

test('bodies of every size, known or not, in chunks of any size, come back whole', () => {
  const bench = new Bench({ memory: 4 << 20, maxObject: 1 << 20 });
  const cache = bench.open(1);
  const edge = [0, 1, 127, 4096, 16383, 16384, 16385, 32768, 100_000, 400_000, 1 << 20];
  const sizes = fc.oneof(fc.constantFrom(...edge), fc.nat(70_000));
  fc.assert(
    fc.property(sizes, fc.boolean(), fc.integer({ min: 1, max: 60_000 }), fc.nat(6000), (size, known, chunk, head) => {
      const body = pattern(size);
      const { id, handle } = cache.claim(bench.key('/b'));
      assert.ok(cache.open(id, pattern(head), bytes('m'), known ? size : -1));
      for (let at = 0; at < size; at += chunk) assert.ok(cache.append(id, body.subarray(at, at + chunk)));
      assert.equal(Buffer.compare(wholeBody(cache, id), body), 0);
      assert.ok(cache.finish(id, DONE));
      cache.drop(handle);
      const live = cache.lookup(bench.key('/b'));
      assert.equal(Buffer.compare(wholeBody(cache, live), body), 0);
      assert.equal(Buffer.compare(cache.head(live), pattern(head)), 0);
      assert.equal(cache.totalLength(live), size);
      cache.unpin();
      bench.main.audit();
    }),
    { numRuns: 60 },
  );
});

test('a body of unknown length ends up in about as much room as it needs', () => {
  const bench = new Bench({ memory: 8 << 20 });
  const cache = bench.open(1);
  for (const size of [10, 500, 9000, 40_000, 300_000]) {
    assert.ok(bench.fill(cache, '/u', pattern(size), false));
    bench.main.purge.sweep(1);
    const { stored, objects } = bench.main.stats();
    assert.equal(objects, 1);
    assert.ok(stored <= size * 1.2 + 512, `${stored} bytes for ${size}`);
  }
});

test('adjacent body pages are one run', () => {
  const bench = new Bench({ memory: 8 << 20 });
  const cache = bench.open(1);
  assert.ok(bench.fill(cache, '/u', pattern(500_000)));
  const id = cache.lookup(bench.key('/u'));
  let runs = 0;
  for (let at = 0; at < 500_000; at += cache.body(id, at).length) runs++;
  assert.ok(runs <= 3, `${runs} runs`);
});

test('finish under a variant key: short or long, small or large', () => {
  const bench = new Bench({ memory: 8 << 20 });
  const cache = bench.open(1);
  const variants = ['e=gzip', 'x'.repeat(3000)];
  for (const size of [0, 100, 250_000]) {
    for (const variant of variants) {
      for (const early of [false, true]) {
        const { id, handle } = cache.claim(bench.key('/v'));
        const other = new CacheKey().set(bench.prefix, '/v', variant);
        assert.ok(cache.open(id, bytes('head'), bytes('meta'), size, early ? other : undefined));
        const head = cache.head(id);
        assert.ok(cache.append(id, pattern(size)));
        assert.ok(cache.finish(id, DONE, other, NO_WORDS));
        assert.equal(text(head), 'head', 'a view taken before stays valid while it is pinned');
        assert.equal(cache.flightState(id), DONE);
        cache.drop(handle);
        assert.equal(bench.get(cache, '/v'), null);
        assert.equal(bench.get(cache, '/v', variant), text(pattern(size)));
        assert.ok(cache.remove(other));
        bench.main.audit();
      }
    }
  }
});

test('replaceHead copies the body and keeps what the holders see', () => {
  const bench = new Bench({ memory: 8 << 20 });
  const cache = bench.open(1);
  bench.put(cache, '/r', pattern(300_000));
  const id = cache.lookup(bench.key('/r'));
  const next = cache.replaceHead(id, bench.key('/r'), bytes('new head'), bytes('new meta'), [9, 8, 7, 6]);
  assert.ok(next !== 0 && next !== id);
  assert.equal(text(cache.head(id)), 'head /r');
  assert.equal(cache.lookup(bench.key('/r')), next);
  assert.equal(text(cache.head(next)), 'new head');
  assert.equal(cache.word(next, USER_FRESH_UNTIL), 9);
  assert.equal(Buffer.compare(wholeBody(cache, next), pattern(300_000)), 0);
});

test('too large is refused; nothing is left behind', () => {
  const bench = new Bench({ memory: 4 << 20, maxObject: 100_000 });
  const cache = bench.open(1);
  const { id, handle } = cache.claim(bench.key('/big'));
  assert.equal(cache.open(id, bytes('h'), bytes('m'), 100_001), false);
  assert.equal(cache.flightState(id), WAITING);
  assert.ok(cache.open(id, bytes('h'), bytes('m'), -1));
  assert.ok(cache.append(id, pattern(99_999)));
  assert.equal(cache.append(id, pattern(2)), false);
  cache.finish(id, RELEASED);
  cache.drop(handle);
  assert.equal(bench.put(cache, '/big', pattern(100_001)), 0);
  bench.main.purge.sweep(1);
  bench.main.audit();
  assert.equal(bench.main.stats().freePages, bench.main.stats().pages);
});

test('when all is pinned, claims and puts give up, and everything works again after', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const cache = bench.open(1);
  const handles: number[] = [];
  for (let i = 0; ; i++) {
    if (bench.put(cache, `/${i}`, pattern(4000)) === 0) break;
    const id = cache.lookup(bench.key(`/${i}`));
    const handle = cache.hold(id);
    if (handle < 0) break;
    handles.push(handle);
  }
  cache.unpin();
  assert.ok(handles.length > 50);
  assert.equal(bench.put(cache, '/more', pattern(50_000)), 0);
  const { id, handle } = cache.claim(bench.key('/more'));
  if (id !== 0) {
    assert.equal(cache.open(id, bytes('h'), bytes('m'), 200_000), false);
    cache.finish(id, RELEASED);
    cache.drop(handle);
  }
  bench.main.audit();
  for (const held of handles) cache.drop(held);
  assert.notEqual(bench.put(cache, '/more', pattern(50_000)), 0);
  bench.main.audit();
});

test('the ledger has an end: hold says so', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const cache = bench.open(1);
  bench.put(cache, '/a', 'x');
  const id = cache.lookup(bench.key('/a'));
  const handles: number[] = [];
  for (let handle = cache.hold(id); handle >= 0; handle = cache.hold(id)) handles.push(handle);
  assert.equal(handles.length, 256);
  assert.deepEqual(cache.claim(bench.key('/b')), { id: 0, handle: -1, leader: false });
  assert.equal(bench.put(cache, '/b', 'x'), 0);
  for (const handle of handles) cache.drop(handle);
  cache.unpin();
  assert.throws(() => cache.hold(id), 'hold needs the transient pin');
  bench.main.audit();
});
