// Origins that cannot be connected to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { freePort } from '../support/origin.ts';
import { checkProblem } from './problem.ts';

test('nothing listens at the origin: 502, for cacheable and other requests alike', async (t) => {
  const lb = await startLb(t, { origins: [`127.0.0.1:${await freePort()}`] });
  for (const method of ['GET', 'POST']) {
    const response = await request(t, lb.port, '/', { method });
    checkProblem(response, 502, 'connection_refused', /nothing accepts connections at the origin; check its port/);
  }
  await lb.admin.idle();
});

test('the name of the origin does not resolve: said at the start and in each answer', async (t) => {
  const lb = await startLb(t, { origins: ['nowhere.invalid:80'] });
  const response = await request(t, lb.port, '/');
  const error = /error=(dns_error|dns_timeout)/.exec(response.get('proxy-status') ?? '')?.[1] ?? 'dns_error';
  checkProblem(response, error === 'dns_error' ? 502 : 504, error, /resolve|name servers/);
  assert.ok(lb.log.some(({ message }) => /nowhere\.invalid does not resolve/.test(message)));
  await lb.admin.idle();
});
