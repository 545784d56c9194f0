import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latency } from './latency.ts';
import { testStates } from './testing.ts';

test('follows peaks at once, comes down slowly, and fades', () => {
  const latency = new Latency(testStates().slot(0));
  assert.equal(latency.value(0), 0);
  latency.observe(10, 1000);
  assert.equal(latency.value(1000), 10_000);
  latency.observe(50, 1100);
  assert.equal(latency.value(1100), 50_000);
  latency.observe(10, 1200);
  const soon = latency.value(1200);
  assert.ok(soon > 49_000 && soon < 50_000, String(soon));
  for (let now = 2000; now < 60_000; now += 1000) latency.observe(10, now);
  assert.ok(Math.abs(latency.value(59_000) - 10_000) < 200, String(latency.value(59_000)));
  assert.ok(latency.value(120_000) < 50);
  assert.ok(latency.value(1e9) >= 1, 'it is known all the same');
});

test('the clock of a word turns over without harm', () => {
  const latency = new Latency(testStates().slot(0));
  const turn = 2 ** 32;
  latency.observe(10, turn - 500);
  assert.ok(Math.abs(latency.value(turn + 500) - 10_000 * Math.exp(-0.1)) < 1);
});

test('what is shown was measured: it does not fade, and a failure is none', () => {
  const latency = new Latency(testStates().slot(0));
  assert.equal(latency.measured(), 0);
  latency.observe(10, 1000);
  assert.equal(latency.measured(), 10_000);
  assert.ok(latency.value(700_000) < latency.measured(), 'what it is chosen by fades');
  latency.penalize(1000, 700_000);
  assert.equal(latency.measured(), 0);
  assert.equal(latency.value(700_000), 1_000_000, 'a failure does not look fast');
  latency.observe(20, 700_000);
  assert.equal(latency.measured(), 20_000, 'nor does the answer that comes next take the failure over');
  assert.ok(latency.value(700_100) > 900_000);
});

test('a time that a failure counts as is never measured, however it goes on', () => {
  const latency = new Latency(testStates().slot(0));
  latency.penalize(1000, 1000);
  assert.equal(latency.measured(), 0);
  for (let now = 1001; now < 1100; now += 1) latency.observe(5, now);
  assert.equal(latency.measured(), 5000);
});
