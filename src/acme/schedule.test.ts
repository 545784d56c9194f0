import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renewalTime, retryPause } from './schedule.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

test('renewed at two thirds of the lifetime, or up to 3% of it sooner', () => {
  const certificate = { notBefore: new Date(0), notAfter: new Date(90 * DAY) };
  assert.equal(renewalTime(certificate, 0), 60 * DAY);
  assert.equal(renewalTime(certificate, 1), 60 * DAY - 2.7 * DAY);
  const short = { notBefore: new Date(10 * DAY), notAfter: new Date(16 * DAY) };
  assert.equal(renewalTime(short, 0), 14 * DAY);
});

for (const [failures, isLimited, minutes] of [
  [1, false, 1],
  [2, false, 2],
  [5, false, 16],
  [9, false, 256],
  [10, false, 360],
  [1000, false, 360],
  [1, true, 60],
  [2, true, 120],
  [9, true, 360],
] as const) {
  test(`failure ${failures}${isLimited ? ' by a limit' : ''}: again after ${minutes} minutes, give or take a fifth`, () => {
    assert.equal(retryPause(failures, isLimited, 0.5), minutes * MINUTE);
    assert.equal(retryPause(failures, isLimited, 0), minutes * MINUTE * 0.8);
    assert.equal(retryPause(failures, isLimited, 1), Math.round(minutes * MINUTE * 1.2));
  });
}
