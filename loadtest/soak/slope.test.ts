import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastOfBlocks, slopeOf } from './slope.ts';

const times = Array.from({ length: 600 }, (_, i) => i / 600);
const lineOf = (y: (x: number, i: number) => number) =>
  slopeOf(leastOfBlocks(times.map((x, i) => ({ x, y: y(x, i) }))));

test('the slope of a line without scatter is exact', () => {
  const { perUnit, low, high } = lineOf((x) => 5 + 3 * x);
  assert.ok(Math.abs(perUnit - 3) < 0.02, `${perUnit}`);
  assert.ok(low > 2.9 && high < 3.1, `${low} to ${high}`);
});

test('a saw-tooth without growth is no slope beyond its interval', () => {
  const { low, high } = lineOf((_, i) => 200 + (i % 37));
  assert.ok(low <= 0 && high >= 0, `${low} to ${high}`);
});

test('growth shows through a saw-tooth and outliers', () => {
  const { low, high } = lineOf((x, i) => 200 + (i % 37) + 50 * x + (i > 100 && i < 160 ? 300 : 0));
  assert.ok(low > 0 && low <= 50 && high >= 50, `${low} to ${high}`);
});

test('one unit in an hour is told from none by forty samples in twenty minutes that scatter by a tenth', () => {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const points = Array.from({ length: 40 }, (_, i) => ({ x: i / 120, y: 300 + i / 120 + 0.2 * random() }));
  const { low, high } = slopeOf(points);
  assert.ok(low > 0.5 && high < 1.5, `${low} to ${high}`);
});

test('too few samples tell nothing', () => {
  assert.equal(slopeOf([{ x: 0, y: 1 }]).high, Number.POSITIVE_INFINITY);
});
