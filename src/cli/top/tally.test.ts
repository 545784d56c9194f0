import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestLine } from '../log-text.ts';
import { Tally } from './tally.ts';

const LINE: RequestLine & { sample?: number } = {
  event: 'access',
  time: '',
  status: 200,
  method: 'GET',
  bytes: 100,
  duration_ms: 4,
  cache: 'HIT',
  host: 'a.test',
  path: '/x',
  client_ip: '192.0.2.1',
};

test('rates by the second, each line for as many as it was sampled from', () => {
  const tally = new Tally('requests');
  for (let i = 0; i < 10; i++) tally.add(LINE);
  for (let i = 0; i < 2; i++)
    tally.add({ ...LINE, path: '/y', status: 503, cache: 'MISS', sample: 0.1 } as RequestLine);
  tally.pass(2);
  const [first, second] = tally.urls(5);
  assert.deepEqual(
    [first.key, first.requests, first.errors, first.misses, first.bytes],
    ['a.test/y', 10, 10, 10, 1000],
  );
  assert.deepEqual([second.key, second.requests, second.duration_ms], ['a.test/x', 5, 4]);
  assert.equal(tally.perSecond(tally.statuses.get(503) ?? 0), 10);
  assert.equal(tally.clients(1)[0].requests, 15);
});

test('a rate that stays the same stays the same as it fades', () => {
  const tally = new Tally('bytes');
  let rate = 0;
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 7; i++) tally.add(LINE);
    tally.pass(1);
    rate = tally.urls(1)[0].requests;
    tally.fade(1);
  }
  assert.ok(Math.abs(rate - 7) < 1e-9);
});

test('ranked by errors, what has none does not count', () => {
  const tally = new Tally('errors');
  tally.add(LINE);
  tally.pass(1);
  assert.deepEqual(tally.urls(5), []);
  assert.equal(tally.requests, 1);
});
