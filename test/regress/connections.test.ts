// Connections of clients that once counted for others, or took what was theirs.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { Client, openClient, requestText } from '../support/client.ts';
import { type Settings, startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';

async function serve(t: Cleanup, settings: Settings) {
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [], 'fine'));
  return { origin, lb: await startLb(t, { origins: [origin.address], ...settings }) };
}

/** The status of the first answer on a connection that begins with some bytes. */
async function statusOf(client: Client, before = ''): Promise<number> {
  client.send(before + requestText('GET', '/'));
  return (await client.response()).status;
}

test('clients of IPv4 on a listener of IPv6 are counted one by one', async (t) => {
  const settings = { listen: '[::]:0', h2c: true, limits: { connections_per_address: 1 } };
  const { lb } = await serve(t, settings);
  const open = async (localAddress: string) => {
    const socket = connect({ port: lb.port, host: '127.0.0.1', localAddress });
    t.after(() => void socket.destroy());
    await within(new Promise((resolve) => socket.once('connect', resolve)), 'a connection');
    return new Client(socket);
  };
  assert.equal(await statusOf(await open('127.0.0.2')), 200);
  assert.equal(await statusOf(await open('127.0.0.3')), 200);
  assert.equal((await (await open('127.0.0.2')).response()).status, 503);
});

test('connections of a proxy count by the clients that it names', async (t) => {
  const { lb } = await serve(t, { proxy_protocol: ['127.0.0.1'], limits: { connections_per_address: 2 } });
  const header = (address: string) => `PROXY TCP4 ${address} 198.51.100.2 8080 443\r\n`;
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.3']) {
    assert.equal(await statusOf(await openClient(t, lb.port), header(address)), 200);
  }
  const refused = await openClient(t, lb.port);
  refused.send(header('192.0.2.3'));
  const answer = await refused.response();
  assert.deepEqual([answer.status, answer.get('retry-after')], [503, '1']);
  refused.close();
});

test('one connection does not take an origin from all others by requests that it does not wait for', async (t) => {
  const { lb, origin } = await serve(t, { h2c: true });
  origin.handler = (request, answer) => (request.target.startsWith('/slow') ? answer.gone : answer.send(200, [], 'x'));
  const ask = (path: string, times: number) => {
    const requests = Array.from({ length: times }, (_, i) => requestText('GET', `${path}?${i}`));
    return requests.join('');
  };
  const patient = await openClient(t, lb.port);
  patient.send(ask('/quick', 100));
  for (let i = 0; i < 100; i++) assert.equal((await patient.response()).status, 200);
  const greedy = await openClient(t, lb.port);
  greedy.send(ask('/slow', 2000));
  await greedy.end();
  await until(async () => (await lb.admin.metrics()).get('lb_worker_active_requests{worker="1"}') === 0, 'no request');
  assert.ok(origin.requests.length <= 100 + 128, String(origin.requests.length));
  // answers that are there at once are not waited for
  const stored = await openClient(t, lb.port);
  origin.handler = (_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'stored');
  stored.send(requestText('GET', '/stored'));
  await stored.response();
  stored.send(requestText('GET', '/stored').repeat(1000));
  for (let i = 0; i < 1000; i++) assert.equal((await stored.response()).text, 'stored');
});

test('a request behind one that asks in vain for another protocol is not waited for', async (t) => {
  const { lb, origin } = await serve(t, { h2c: true });
  const fields: [string, string][] = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'h2c'],
  ];
  const client = await openClient(t, lb.port);
  client.send(requestText('POST', '/first', fields, 'abc') + requestText('GET', '/second'));
  const answer = await client.response();
  assert.deepEqual([answer.status, answer.get('connection')], [200, 'close']);
  assert.equal(await client.end(), '');
  assert.deepEqual(origin.log, ['POST /first']);
});
