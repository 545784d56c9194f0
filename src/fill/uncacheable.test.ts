import assert from 'node:assert/strict';
import test from 'node:test';
import { CacheKey } from '../cache/cache.ts';
import { createUncacheable, Uncacheable } from './uncacheable.ts';

function keyOf(lo: number, hi: number): CacheKey {
  return Object.assign(new CacheKey(), { lo, hi });
}

test('a resource is remembered for ten seconds, on every thread', () => {
  const memory = createUncacheable();
  const table = new Uncacheable(memory);
  const elsewhere = new Uncacheable(memory);
  table.remember(keyOf(5, -7), 100, 'set-cookie', 200);
  assert.equal(elsewhere.has(keyOf(5, -7), 109), true);
  assert.deepEqual(elsewhere.recall(keyOf(5, -7), 109), { reason: 'set-cookie', status: 200, at: 100 });
  assert.equal(elsewhere.has(keyOf(5, -7), 110), false);
  assert.equal(elsewhere.recall(keyOf(5, -7), 110), undefined);
});

test('another resource in the same place is not taken for it, and pushes it out', () => {
  const table = new Uncacheable(createUncacheable());
  table.remember(keyOf(5, -7), 100, 'private', 404);
  assert.equal(table.has(keyOf(5 + 8192, -7), 100), false);
  assert.equal(table.has(keyOf(5, 7), 100), false);
  table.remember(keyOf(5 + 8192, -7), 100, 'private', 404);
  assert.equal(table.has(keyOf(5, -7), 100), false);
});
