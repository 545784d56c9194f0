import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotKeyed } from './keyed-fields.ts';

test('fields whose value does not go on as it was sent cannot be keyed', () => {
  const refused =
    'host cookie accept-encoding connection te upgrade via cdn-loop x-forwarded-for forwarded x-request-id traceparent ' +
    'x-device-class x-country if-none-match range expect content-length x-http-method-override';
  for (const name of refused.split(' ')) assert.ok(whyNotKeyed(name), name);
  for (const name of ['accept-language', 'x-tenant', 'authorization', 'user-agent', 'origin', 'save-data', 'accept'])
    assert.equal(whyNotKeyed(name), undefined, name);
});
