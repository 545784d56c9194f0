import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitBreaker, MENDED } from './breaker.ts';
import { createOriginStates, OriginStates } from './state.ts';
import { testStates } from './testing.ts';

const TERMS = { errorRate: 0.5, minRequests: 10, window: 8000, open: 5000 };
const START = 1_000_000;

function record(breaker: CircuitBreaker, now: number, good: number, bad: number): boolean {
  let opened = false;
  for (let i = 0; i < good; i++) breaker.record(false, now);
  for (let i = 0; i < bad; i++) opened = breaker.record(true, now) || opened;
  return opened;
}

test('opens where the part of failures within the window is over the rate, once there are enough requests', () => {
  const breaker = new CircuitBreaker(testStates().slot(0), TERMS);
  assert.ok(!record(breaker, START, 0, 9), 'too few to tell');
  assert.ok(breaker.isClosed());
  assert.ok(record(breaker, START, 0, 1));
  assert.ok(!breaker.isClosed());
  const other = new CircuitBreaker(testStates().slot(1), TERMS);
  assert.ok(!record(other, START, 11, 10));
  assert.ok(record(other, START, 0, 1), 'half of them');
});

test('what is older than the window does not count', () => {
  const breaker = new CircuitBreaker(testStates().slot(0), TERMS);
  record(breaker, START, 0, 9);
  assert.ok(!record(breaker, START + TERMS.window, 0, 1));
  // spread over the window it does
  const other = new CircuitBreaker(testStates().slot(1), TERMS);
  for (let i = 0; i < 9; i++) assert.ok(!record(other, START + i * 700, 0, 1));
  assert.ok(record(other, START + 6500, 0, 1));
});

test('is half-open after a while, closed after successes, open again after a failure', () => {
  const breaker = new CircuitBreaker(testStates().slot(0), TERMS);
  record(breaker, START, 0, 10);
  assert.ok(!breaker.isHalfOpen(START + TERMS.open - 1));
  // requests from before the opening that end meanwhile count for nothing
  record(breaker, START + 100, 5, 5);
  assert.ok(!breaker.isHalfOpen(START + TERMS.open - 1) && breaker.isHalfOpen(START + TERMS.open));
  breaker.record(false, START + TERMS.open);
  breaker.record(true, START + TERMS.open + 1);
  const again = START + TERMS.open + 1 + TERMS.open;
  assert.ok(!breaker.isHalfOpen(again - 1) && breaker.isHalfOpen(again));
  for (let i = 0; i < MENDED; i++) {
    assert.ok(!breaker.isClosed());
    breaker.record(false, again + i);
  }
  assert.ok(breaker.isClosed());
  assert.ok(!record(breaker, again + 5, 0, 9), 'it begins to count anew');
});

test('threads share it, and it is off without a rate', () => {
  const memory = createOriginStates({ workers: 2, slots: 1 });
  const [a, b] = [1, 2].map((worker) => new CircuitBreaker(new OriginStates(memory, worker).slot(0), TERMS));
  record(a, START, 0, 6);
  assert.ok(record(b, START, 0, 4));
  assert.ok(!a.isClosed());
  const off = new CircuitBreaker(testStates().slot(0), { ...TERMS, errorRate: 0 });
  assert.ok(!record(off, START, 0, 1000) && off.isClosed());
  // a reload that turns it off finds it open
  const turnedOff = new CircuitBreaker(new OriginStates(memory, 1).slot(0), { ...TERMS, errorRate: 0 });
  assert.ok(turnedOff.isClosed());
});
