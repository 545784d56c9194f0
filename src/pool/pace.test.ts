import assert from 'node:assert/strict';
import test from 'node:test';
import { Pace, pauseAfter } from './pace.ts';

test('the pause makes the work its share of the time', () => {
  assert.equal(pauseAfter(100_000, 0.5), 100);
  assert.equal(pauseAfter(100_000, 0.25), 300);
  assert.equal(pauseAfter(100_000, 1), 0);
  assert.equal(pauseAfter(1000, 0.25), 0, 'too short to be worth a switch of threads');
});

test('work that is not wanted any more neither goes on nor sleeps', () => {
  const signal = new SharedArrayBuffer(4);
  const pace = new Pace(0.0001, signal);
  new Int32Array(signal)[0] = 1;
  const begun = performance.now();
  // some systems count a thread's time by clock ticks only
  while (pace.cpuSeconds === 0 && performance.now() - begun < 2000) Math.sqrt(begun);
  assert.equal(pace.step(), false);
  assert.ok(performance.now() - begun < 5000);
  assert.ok(pace.cpuSeconds > 0);
});
