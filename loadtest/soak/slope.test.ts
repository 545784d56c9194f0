import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slopeOf } from './slope.ts';

const times = Array.from({ length: 600 }, (_, i) => i / 600);

test('the slope of a line without scatter is exact', () => {
  const { perUnit, margin } = slopeOf(times.map((x) => ({ x, y: 5 + 3 * x })));
  assert.ok(Math.abs(perUnit - 3) < 0.02, `${perUnit}`);
  assert.ok(margin < 0.02, `${margin}`);
});

test('a saw-tooth without growth is no slope beyond its margin', () => {
  const { perUnit, margin } = slopeOf(times.map((x, i) => ({ x, y: 200 + (i % 37) })));
  assert.ok(Math.abs(perUnit) <= margin, `${perUnit} ± ${margin}`);
});

test('growth shows through a saw-tooth', () => {
  const { perUnit, margin } = slopeOf(times.map((x, i) => ({ x, y: 200 + (i % 37) + 50 * x })));
  assert.ok(perUnit - margin > 0, `${perUnit} ± ${margin}`);
  assert.ok(Math.abs(perUnit - 50) <= margin, `${perUnit} ± ${margin}`);
});

test('too few samples tell nothing', () => {
  assert.equal(slopeOf([{ x: 0, y: 1 }]).margin, Number.POSITIVE_INFINITY);
});
