import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CASES } from './cases.ts';
import type { Sample } from './measure.ts';
import { summarize, table } from './report.ts';
import { median, spread } from './statistics.ts';

const [work] = CASES;

function sample(cpuMicrosPerRequest: number, round: number, failed = 0): Sample {
  return {
    round,
    requests: 1000,
    requestsPerSecond: 1e6 / cpuMicrosPerRequest,
    cpuMicrosPerRequest,
    p50: 500,
    p99: 900,
    p999: 1200,
    hitRatio: 1,
    coreUse: 0.99,
    otherUse: 0,
    failed,
  };
}

function outcome(server: string, costs: readonly number[], failed = 0) {
  return {
    server,
    work: work.name,
    headBytes: 300,
    steady: [],
    samples: costs.map((cost, round) => sample(cost, round, failed)),
  };
}

test('median takes the middle of an odd count and the mean of two of an even one', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('spread is half the range as a share of the median', () => {
  assert.equal(spread([9, 10, 11]), 0.1);
  assert.equal(spread([5]), 0);
});

test('ratios are taken to lb in both directions', () => {
  const [lb, nginx] = summarize([outcome('lb', [8, 7, 6]), outcome('nginx', [9, 10, 14])], work);
  assert.equal(lb.cpuToLb, 1);
  assert.equal(nginx.cpuToLb, 10 / 7);
  assert.equal(nginx.lbToThis, 0.7);
});

test('without lb there are figures and no ratios', () => {
  const [nginx] = summarize([outcome('nginx', [10])], work);
  assert.equal(nginx.cpuToLb, undefined);
  assert.match(table(work, [nginx]), /^nginx .* 10\.00 /m);
});

test('the table says the ratio in words and tells of failed requests', () => {
  const text = table(work, summarize([outcome('lb', [8]), outcome('haproxy', [10], 3)], work));
  assert.match(text, /lb is 0\.80 x haproxy/);
  assert.match(text, /^! haproxy: 3 requests failed$/m);
});
