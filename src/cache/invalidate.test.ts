import assert from 'node:assert/strict';
import test from 'node:test';
import { CacheKey, createCache, DONE, openCache } from './cache.ts';
import { Bench, bytes } from './testing.ts';

const NOTHING = new Uint8Array(0);

function open() {
  const cache = openCache(createCache({ memory: 8 << 20, workers: 1, eviction: 's3fifo' }), 1);
  const key = new CacheKey().set(cache.prefix(new TextEncoder().encode('site'), 0, 'a.example'), '/x', '');
  return { cache, key };
}

test('invalidating removes the stored entry', () => {
  const { cache, key } = open();
  cache.put(key, NOTHING, NOTHING, NOTHING, [1, 1, 0, 0]);
  assert.equal(cache.invalidate(key), true);
  assert.equal(cache.lookup(key), 0);
  assert.equal(cache.invalidate(key), false);
});

test('a fill under way is not stored, and the next request begins another', () => {
  const { cache, key } = open();
  const old = cache.claim(key);
  assert.equal(cache.open(old.id, NOTHING, NOTHING, 1), true);
  cache.invalidate(key);
  const next = cache.claim(key);
  assert.equal(next.leader, true);
  cache.append(old.id, new Uint8Array([7]));
  cache.finish(old.id, DONE, undefined, [1, 1, 0, 0]);
  assert.equal(cache.lookup(key), 0);
  assert.deepEqual([...cache.body(old.id, 0)], [7]);
  cache.drop(old.handle);
  cache.open(next.id, NOTHING, NOTHING, 0);
  cache.finish(next.id, DONE, undefined, [1, 1, 0, 0]);
  cache.drop(next.handle);
  assert.notEqual(cache.lookup(key), 0);
  cache.unpin();
  cache.audit();
});

test('what a purge by tag has left on its way is not stored after an invalidation either', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const older = cache.claim(bench.key('/a'));
  bench.main.purge.add({ site: -1, host: '', pattern: '*', soft: false, tag: 'x' });
  const newer = cache.claim(bench.key('/a'));
  assert.deepEqual([older.leader, newer.leader], [true, true]);
  cache.invalidate(bench.key('/a'));
  for (const { id, handle } of [older, newer]) {
    cache.open(id, bytes('h'), bytes('m'), 0);
    assert.equal(cache.finish(id, DONE), false);
    cache.drop(handle);
  }
  assert.equal(bench.get(cache, '/a'), null);
  bench.main.audit();
});

test('what is on its way to other variants of the target is not stored, that of other targets is', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const flights = [
    ['/a', 'v1'],
    ['/a', 'longer variant'],
    ['/ab', ''],
    ['/a?', 'v1'],
    ['/b', 'v1'],
  ].map(([target, variant]) => ({ target, ...cache.claim(bench.key(target, variant)) }));
  cache.invalidate(bench.key('/a'));
  for (const { target, id, handle } of flights) {
    cache.open(id, bytes('h'), bytes('m'), 0);
    assert.equal(cache.finish(id, DONE), target !== '/a', target);
    cache.drop(handle);
  }
  bench.main.audit();
});
