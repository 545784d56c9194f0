import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpaceSaving, type Sums } from './space-saving.ts';

const ONE: Sums = { requests: 1, bytes: 10, errors: 0, misses: 1, time: 2 };
const stream = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 9 })), { maxLength: 400 });

test('weights are bounded by the true ones, and nothing heavy is missing', () => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 12 }), (items, capacity) => {
      const sketch = new SpaceSaving(capacity);
      const truth = new Map<string, number>();
      let total = 0;
      for (const [number, weight] of items) {
        const key = String(number);
        sketch.add(key, weight, ONE);
        truth.set(key, (truth.get(key) ?? 0) + weight);
        total += weight;
      }
      const found = new Map(sketch.top(capacity).map((heavy) => [heavy.key, heavy]));
      assert.ok(sketch.size <= capacity);
      for (const [key, { weight, error }] of found) {
        const actual = truth.get(key) ?? 0;
        assert.ok(weight >= actual && weight - error <= actual, key);
      }
      for (const [key, weight] of truth) if (weight > total / capacity) assert.ok(found.has(key), `${key} is missing`);
    }),
    { numRuns: 300 },
  );
});

test('with room for all, all is exact and in order', () => {
  fc.assert(
    fc.property(stream, (items) => {
      const sketch = new SpaceSaving(64);
      const truth = new Map<string, number>();
      for (const [number, weight] of items) {
        sketch.add(`k${number}`, weight, ONE);
        truth.set(`k${number}`, (truth.get(`k${number}`) ?? 0) + weight);
      }
      const sorted = [...truth].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
      assert.deepEqual(
        sketch.top(64).map(({ key, weight }) => [key, weight]),
        sorted,
      );
    }),
    { numRuns: 200 },
  );
});

test('what was before fades', () => {
  const sketch = new SpaceSaving(4);
  for (let i = 0; i < 10; i++) sketch.add('old', 1, ONE);
  sketch.fade(0.1);
  sketch.add('new', 2, ONE);
  const [first, second] = sketch.top(4);
  assert.deepEqual([first.key, second.key, second.weight, second.bytes], ['new', 'old', 1, 10]);
});
