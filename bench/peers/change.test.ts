import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CASES } from './cases.ts';
import { changeLines, changes } from './change.ts';
import type { Sample } from './measure.ts';

function outcome(server: string, work: string, costs: readonly (number | undefined)[]) {
  const samples = costs.flatMap((cost, round) =>
    cost === undefined ? [] : [{ round, cpuMicrosPerRequest: cost } as Sample],
  );
  return { server, work, headBytes: 300, samples, steady: [] };
}

test('a change is the median of the ratios within each round', () => {
  const found = changes(
    [
      // a disturbed round disturbs both, and their ratio little
      outcome('lb', 'hit-1k', [9, 18.2, 9.9]),
      outcome('lb before', 'hit-1k', [10, 20, 10]),
      outcome('lb', 'miss-1k', [30, 33]),
      outcome('lb before', 'miss-1k', [30, 30]),
      outcome('lb', 'hit-64k', [5]),
    ],
    CASES,
    'lb',
    'lb before',
  );
  assert.deepEqual(found, [
    { work: 'hit-1k', ratio: 0.9099999999999999, least: 0.9, most: 0.99 },
    { work: 'miss-1k', ratio: 1.05, least: 1, most: 1.1 },
  ]);
  assert.match(changeLines(found), /^hit-1k {3}0\.910 x before \(0\.900 to 0\.990 over the rounds\)$/m);
});

test('a round that one of the two has not been measured in does not count', () => {
  const outcomes = [outcome('lb', 'hit-1k', [9, undefined, 8]), outcome('lb before', 'hit-1k', [9, 1])];
  assert.deepEqual(changes(outcomes, CASES, 'lb', 'lb before'), [{ work: 'hit-1k', ratio: 1, least: 1, most: 1 }]);
});
