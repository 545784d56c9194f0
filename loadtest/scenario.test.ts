import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hitRatio, judge, type Measured } from './scenario.ts';
import { isLoopback } from './target.ts';

const measured: Measured = {
  requests: 1000,
  requestsPerSecond: 200,
  p50: 1,
  p99: 5,
  unanswered: 0,
  statuses: { '2xx': 1000, '3xx': 0, '4xx': 0, '5xx': 0 },
};

test('a threshold is kept at its very limit and broken beyond it', () => {
  const threshold = (limits: { atLeast?: number; atMost?: number }) => [{ name: 'p99', value: () => 5, ...limits }];
  const kept = (limits: { atLeast?: number; atMost?: number }) =>
    judge({ thresholds: threshold(limits) }, measured)[0].kept;
  assert.equal(kept({ atMost: 5 }), true);
  assert.equal(kept({ atMost: 4.9 }), false);
  assert.equal(kept({ atLeast: 5 }), true);
  assert.equal(kept({ atLeast: 5.1 }), false);
  assert.equal(kept({ atLeast: 1, atMost: 4 }), false);
});

test('a hit ratio is unknown, and kept, where the origin cannot be asked', () => {
  const thresholds = [{ name: 'hit ratio', value: hitRatio, atLeast: 0.9 }];
  assert.deepEqual(judge({ thresholds }, measured), [
    { name: 'hit ratio', value: undefined, limit: '>= 0.9', kept: true },
  ]);
  assert.equal(judge({ thresholds }, { ...measured, originRequests: 200 })[0].kept, false);
});

for (const url of [
  'http://127.0.0.1:80',
  'http://127.8.9.1',
  'http://localhost:8080',
  'http://[::1]:9',
  'http://0x7f.1/',
]) {
  test(`${url} is loopback`, () => assert.equal(isLoopback(url), true));
}

for (const url of [
  'http://10.0.0.1',
  'http://127.0.0.1.example.com',
  'http://localhost.example.com',
  'http://0.0.0.0',
  'https://[::2]',
]) {
  test(`${url} is not loopback`, () => assert.equal(isLoopback(url), false));
}
