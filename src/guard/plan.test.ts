import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Addon, type GuardRequest, type Opinion, PENDING, SKIP, type Verdict } from './addon.ts';
import { AllowList } from './allow-list.ts';
import { LimitEvents } from './events.ts';
import { GuardPlan } from './plan.ts';

const REFUSED: Verdict = { status: 403, fields: [], reason: 'no' };

function request(address = '192.0.2.1'): GuardRequest {
  return {
    ...{ method: 'GET', scheme: 'http', protocol: '1.1', path: '/', query: '', target: '/', contentLength: 0 },
    host: { host: 'a.test' },
    guardAt: 0,
    inspection: undefined,
    isTrustedClient: false,
    quota: undefined,
    note: 0,
    clientAddress: () => address,
    field: () => '',
    headerLines: () => [],
    ownId: () => 'id',
    keepRow: () => {},
    holdBody: () => PENDING,
  };
}

/** An addon that says one thing after the other, and notes that it was asked. */
function saying(name: string, asked: string[], ...opinions: Opinion[]): Addon {
  return {
    name,
    check: () => {
      asked.push(name);
      return opinions.shift();
    },
  };
}

test('addons are asked in their order until one has something against the request', () => {
  const asked: string[] = [];
  const plan = new GuardPlan([saying('a', asked), saying('b', asked, REFUSED), saying('c', asked)]);
  assert.equal(plan.run(request()), REFUSED);
  assert.deepEqual(
    [asked, plan.names],
    [
      ['a', 'b'],
      ['a', 'b', 'c'],
    ],
  );
});

test('one that waits is asked again, those before it are not', () => {
  const asked: string[] = [];
  const plan = new GuardPlan([saying('a', asked), saying('b', asked, PENDING, PENDING), saying('c', asked)]);
  const x = request();
  assert.deepEqual([plan.run(x), plan.run(x), plan.run(x)], [PENDING, PENDING, undefined]);
  assert.deepEqual(asked, ['a', 'b', 'b', 'b', 'c']);
});

test('who is let past one is let past all, and asks the origin without being counted', () => {
  const asked: string[] = [];
  const before = saying('origin', asked, REFUSED, REFUSED);
  const plan = new GuardPlan([new AllowList(['10.0.0.0/8']), saying('b', asked, REFUSED, REFUSED)], before);
  const known = request('10.1.2.3');
  assert.equal(plan.run(known), undefined);
  assert.equal(plan.checkOrigin(known), undefined);
  assert.deepEqual(asked, []);
  const other = request();
  assert.equal(plan.run(other), REFUSED);
  assert.equal(plan.checkOrigin(other), REFUSED);
});

test('skipping and verdicts of an addon count alike', () => {
  const plan = new GuardPlan([saying('a', [], SKIP), saying('b', [], REFUSED)]);
  assert.equal(plan.run(request()), undefined);
});

test('the log gets a few lines a second, and how many were left out', () => {
  let now = 1;
  const lines: Record<string, unknown>[] = [];
  const events = new LimitEvents(
    (_message, details) => lines.push(details),
    () => now,
  );
  const report = events.reporter('a', ['client_ip']);
  const limit = { name: 'api' };
  for (let i = 0; i < 25; i++) report(limit, request(), true);
  assert.equal(lines.length, 10);
  assert.deepEqual(lines[0], {
    ...{ event: 'rate_limit', site: 'a', limit: 'api', action: 'refused', method: 'GET' },
    ...{ host: 'a.test', path: '/', request_id: 'id' },
  });
  now = 2;
  report(limit, request(), false);
  assert.deepEqual([lines[10].left_out, lines[10].action], [15, 'would_refuse']);
});
