import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HARD_BAN, NO_BAN, RELEASED, SOFT_BAN } from './cache.ts';
import { Bench, bytes, NO_WORDS, text } from './testing.ts';

const ANY = { site: -1, host: '' };

test('a look leaves no trace: no use, no purge applied, and the bytes stay while they are looked at', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  assert.deepEqual(bench.main.peek(bench.key('/a')), { id: 0, ban: NO_BAN, uses: null, tags: [], fetching: false });
  const tags = [bench.main.tagHash('x'), bench.main.tagHash('y')];
  cache.put(bench.key('/a'), bytes('head'), bytes('meta'), bytes('body'), NO_WORDS, undefined, tags);
  for (let i = 0; i < 3; i++) {
    const { id, ban, uses, fetching } = bench.main.peek(bench.key('/a'));
    assert.ok(id > 0);
    assert.deepEqual({ ban, uses, fetching }, { ban: NO_BAN, uses: 0, fetching: false });
  }
  assert.equal(bench.get(cache, '/a'), 'body');
  const used = bench.main.peek(bench.key('/a'));
  assert.equal(used.uses, 1);
  assert.deepEqual(
    Array.from(used.tags, (tag) => tag >>> 0),
    tags,
  );

  bench.main.purge.add({ ...ANY, pattern: '/a', soft: true });
  assert.equal(bench.main.peek(bench.key('/a')).ban, SOFT_BAN);
  bench.main.purge.add({ ...ANY, pattern: '*', tag: 'y', soft: false });
  const banned = bench.main.peek(bench.key('/a'));
  assert.equal(banned.ban, HARD_BAN);
  assert.equal(bench.get(cache, '/a'), null, 'the next look-up obeys');
  assert.equal(text(bench.main.head(banned.id)), 'head', 'under the pin');
  bench.main.unpin();
  assert.equal(bench.main.peek(bench.key('/a')).id, 0);
  bench.main.audit();
});

test('a flight under way is seen; of uses nothing is known under LRU', () => {
  const bench = new Bench({ eviction: 'lru' });
  const cache = bench.open(1);
  const { id, handle } = cache.claim(bench.key('/a'));
  assert.ok(id > 0);
  const { id: none, fetching } = bench.main.peek(bench.key('/a'));
  assert.deepEqual([none, fetching], [0, true]);
  bench.put(cache, '/b', 'b');
  assert.equal(bench.main.peek(bench.key('/b')).uses, null);
  bench.main.unpin();
  cache.finish(id, RELEASED);
  cache.drop(handle);
});
