import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restAt, tickAfter } from './ticks.ts';

test('visitors rest from some time before a measurement to some time after it', () => {
  assert.equal(tickAfter(60_000), 90_000);
  assert.equal(tickAfter(59_999), 60_000);
  for (const [now, rest] of [
    [56_999, 0],
    [57_000, 5000],
    [60_000, 2000],
    [61_999, 1],
    [62_000, 0],
  ])
    assert.equal(restAt(now), rest, String(now));
});
