import assert from 'node:assert/strict';
import test from 'node:test';
import { CacheKey } from '../cache/cache.ts';
import { Uncacheable } from './uncacheable.ts';

function keyOf(lo: number, hi: number): CacheKey {
  return Object.assign(new CacheKey(), { lo, hi });
}

test('a resource is remembered for ten seconds', () => {
  const memory = new Uncacheable();
  memory.remember(keyOf(5, -7), 100);
  assert.equal(memory.has(keyOf(5, -7), 109), true);
  assert.equal(memory.has(keyOf(5, -7), 110), false);
});

test('another resource in the same place is not taken for it, and pushes it out', () => {
  const memory = new Uncacheable();
  memory.remember(keyOf(5, -7), 100);
  assert.equal(memory.has(keyOf(5 + 8192, -7), 100), false);
  assert.equal(memory.has(keyOf(5, 7), 100), false);
  memory.remember(keyOf(5 + 8192, -7), 100);
  assert.equal(memory.has(keyOf(5, -7), 100), false);
});
