import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIdempotent, MOST_SAVED, RESERVE, RetryBudget, retryCause } from './retry.ts';
import { createOriginStates, OriginStates } from './state.ts';
import { testStates } from './testing.ts';

const terms = (budget: number, attempts = 1) => ({ budget, attempts, statuses: [] });

function tries(budget: RetryBudget, requests: number): number {
  let made = 0;
  for (let i = 0; i < requests; i++) {
    budget.deposit();
    if (budget.withdraw()) made++;
  }
  return made;
}

test('where all fail, exactly the part of the requests and the reserve are tried again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 3000 }), (thousandths, requests) => {
      const budget = new RetryBudget(testStates().slot(0), terms(thousandths / 1000));
      const most = thousandths === 0 ? 0 : Math.min(requests, RESERVE + Math.floor((requests * thousandths) / 1000));
      const made = tries(budget, requests);
      assert.ok(made <= most && made >= most - 1, `${made} of ${requests} at ${thousandths}`);
    }),
  );
  assert.equal(tries(new RetryBudget(testStates().slot(0), terms(0.2)), 1000), 200 + RESERVE);
});

test('threads share it; what is saved has a bound; attempts 0 is none', () => {
  const memory = createOriginStates({ workers: 2, slots: 1 });
  const [a, b] = [1, 2].map((worker) => new RetryBudget(new OriginStates(memory, worker).slot(0), terms(0.2)));
  assert.equal(tries(a, 500) + tries(b, 500), 200 + RESERVE);
  for (let i = 0; i < 5000; i++) a.deposit();
  let saved = 0;
  while (b.withdraw()) saved++;
  assert.equal(saved, MOST_SAVED);
  b.refund();
  assert.ok(a.withdraw() && !a.withdraw());
  assert.equal(tries(new RetryBudget(testStates().slot(0), terms(1, 0)), 100), 0);
});

test('what is tried again', () => {
  const again = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'QUERY'];
  assert.ok(again.every(isIdempotent));
  assert.ok(!['POST', 'PATCH', 'get'].some(isIdempotent));
  assert.deepEqual(
    (['connection_refused', 'dns_error', 'tls_certificate_error', 'connection_timeout'] as const).map(retryCause),
    ['connect', 'connect', 'connect', 'connect'],
  );
  assert.equal(retryCause('connection_terminated'), 'reset');
  assert.deepEqual(
    (['http_response_timeout', 'http_protocol_error', 'connection_limit_reached', 'proxy_internal_error'] as const).map(
      retryCause,
    ),
    ['other', 'other', 'other', 'other'],
  );
});
