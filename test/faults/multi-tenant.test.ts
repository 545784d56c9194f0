// Origins at addresses that only this machine or its network reaches, where strangers write the sites.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { checkProblem } from './problem.ts';

test('with multi_tenant, origins at private addresses get no request: 502', async (t) => {
  const origin = await startOrigin(t, (_request, answer) => answer.send(200, [], 'secret'));
  const port = origin.address.split(':').at(-1);
  const sites = {
    'address.test': { origins: [origin.address] },
    'name.test': { origins: [`localhost:${port}`] },
    'mapped.test': { origins: [`[::ffff:127.0.0.1]:${port}`] },
    'hex.test': { origins: [`0x7f000001:${port}`] },
    'tls.test': { origins: [`https://localhost:${port}`] },
  };
  const lb = await startLb(t, { multi_tenant: true, sites });
  for (const host of Object.keys(sites)) {
    for (const method of ['GET', 'POST']) {
      const response = await request(t, lb.port, '/', { method, fields: [['Host', host]] });
      checkProblem(response, 502, 'destination_ip_prohibited', /address is not public/);
    }
  }
  assert.equal(origin.requests.length, 0);
  await lb.admin.idle();
});

test('without it, they are origins like any other', async (t) => {
  const origin = await startOrigin(t, (_request, answer) => answer.send(200, [], 'page'));
  const lb = await startLb(t, { origins: [origin.address] });
  assert.equal((await request(t, lb.port, '/')).status, 200);
});
