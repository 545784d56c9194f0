import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, MEAN_BYTES, Sequence } from './mix.ts';

test('objects have the mean size that is told, and the same bytes each time', () => {
  const sizes = Array.from({ length: 20_000 }, (_, number) => bodyOf(number).length);
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  assert.ok(Math.abs(mean / MEAN_BYTES - 1) < 0.05, `${mean} for ${MEAN_BYTES}`);
  assert.ok(bodyOf(7).equals(bodyOf(7)));
  assert.ok(!bodyOf(7).equals(bodyOf(8)));
});

test('a sequence depends on its seed alone and follows the law', () => {
  const take = (seed: number) => {
    const sequence = new Sequence(1000, 1, seed);
    return Array.from({ length: 50_000 }, () => sequence.next());
  };
  assert.deepEqual(take(1), take(1));
  assert.notDeepEqual(take(1).slice(0, 20), take(2).slice(0, 20));
  const often = (number: number) => take(1).filter((each) => each === number).length;
  const ratio = often(0) / often(9);
  assert.ok(ratio > 8 && ratio < 12, `the first is asked for ${ratio} times as often as the tenth`);
});
