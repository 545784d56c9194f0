import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('pauses double up to half a minute, and begin anew after a long life', () => {
  const backoff = new Backoff();
  const pauses = Array.from({ length: 11 }, () => backoff.next(1000, 0.5));
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assert.equal(backoff.failures, 11);
  assert.equal(backoff.next(60_000, 0.5), 100);
  assert.equal(backoff.failures, 1);
});

test('they vary by a fifth either way', () => {
  assert.equal(new Backoff().next(0, 0), 80);
  assert.equal(new Backoff().next(0, 1), 120);
});
