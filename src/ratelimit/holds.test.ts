import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HELD_ALL, Holds, NO_ROW } from './holds.ts';
import { createRateLimits, openRateLimits } from './memory.ts';

test('so many requests under way and no more; what is released can be taken again', () => {
  const holds = new Holds(openRateLimits(createRateLimits(2, 0)), 1);
  const rows = [holds.take(1, 1, 2), holds.take(1, 1, 2)];
  assert.ok(rows.every((row) => row >= 0));
  assert.equal(holds.take(1, 1, 2), HELD_ALL);
  assert.equal(holds.count(1, 1), 2);
  assert.ok(holds.take(1, 2, 2) >= 0, 'another key');
  holds.release(rows[0]);
  assert.equal(holds.count(1, 1), 1);
  assert.ok(holds.take(1, 1, 2) >= 0);
});

test('what a dead worker held is taken back, and nothing else', () => {
  const views = openRateLimits(createRateLimits(3, 0));
  const [first, second] = [new Holds(views, 1), new Holds(views, 2)];
  for (let i = 0; i < 3; i++) first.take(8, 8, 10);
  const kept = second.take(8, 8, 10);
  assert.equal(second.count(8, 8), 4);
  new Holds(views, 0).recover(1);
  assert.equal(second.count(8, 8), 1);
  new Holds(views, 0).recover(1);
  assert.equal(second.count(8, 8), 1);
  second.release(kept);
  assert.equal(second.count(8, 8), 0);
});

test('keys without a place pass uncounted, and rows whose requests are over are used again', () => {
  const views = openRateLimits(createRateLimits(1, 0));
  const holds = new Holds(views, 1);
  const rows = Array.from({ length: 8 }, (_, tag) => holds.take(0, tag + 1, 1));
  assert.equal(holds.take(0, 99, 1), NO_ROW);
  assert.equal(Atomics.load(views.events, 1), 1);
  holds.release(rows[3]);
  assert.ok(holds.take(0, 99, 1) >= 0);
});
