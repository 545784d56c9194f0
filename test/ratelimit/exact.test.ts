// How exact rates are when threads take out of one bucket at the same time. Time is virtual: it moves with the requests.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { RateLimitConfig } from '../../src/config/config.ts';
import { parseRate } from '../../src/config/limit-values.ts';
import { totalCounts } from '../../src/ratelimit/counts.ts';
import { createRateLimits, openRateLimits } from '../../src/ratelimit/memory.ts';

const THREADS = 4;

export interface HammerTerms {
  memory: SharedArrayBuffer;
  clock: SharedArrayBuffer;
  worker: number;
  limits: RateLimitConfig[];
  /** Virtual ms. */
  duration: number;
}

function limit(rate: string, changes: Partial<RateLimitConfig>): RateLimitConfig {
  const parsed = parseRate(rate);
  assert.ok('rate' in parsed);
  return { ...parsed, ...changes };
}

/** @returns requests that passed on all threads, and the memory */
async function hammer(limits: RateLimitConfig[], duration: number) {
  const memory = createRateLimits(THREADS, 0);
  const clock = new SharedArrayBuffer(4);
  const threads = Array.from({ length: THREADS }, (_, i) => {
    const workerData: HammerTerms = { memory, clock, worker: i + 1, limits, duration };
    return new Worker(new URL('hammer.ts', import.meta.url), { workerData });
  });
  const answers = await Promise.all(threads.map((thread) => once(thread, 'message')));
  await Promise.all(threads.map((thread) => thread.terminate()));
  const results = answers.map(([message]) => message as { passed: number; asked: number });
  const sum = (of: 'passed' | 'asked') => results.reduce((total, result) => total + result[of], 0);
  return { passed: sum('passed'), asked: sum('asked'), views: openRateLimits(memory) };
}

function assertExact(passed: number, rate: number, seconds: number, burst: number): void {
  const due = rate * seconds + burst;
  assert.ok(Math.abs(passed - due) <= 0.01 * due, `${passed} passed, ${due} were due`);
}

test('4 threads on one key for 10 s: rate x time + burst pass, within 1 %', async () => {
  const { passed, asked, views } = await hammer([limit('1000', { name: 'a', burst: 500 })], 10_000);
  assert.equal(asked, 160_000);
  assertExact(passed, 1000, 10, 500);
  const [counted, refused] = totalCounts(views, 1);
  assert.deepEqual([counted, counted + refused], [passed, asked]);
});

test('of several limits the strictest counts, and takes nothing from the others when it refuses', async () => {
  const strict = limit('100', { name: 'strict', burst: 10 });
  // were each refusal to take from it, it would run dry
  const wide = limit('0.001', { name: 'wide', burst: 1100 });
  const { passed, views } = await hammer([wide, strict], 10_000);
  assertExact(passed, 100, 10, 10);
  assert.equal(totalCounts(views, 1)[1], 0, 'the wide one has refused nobody');
});
