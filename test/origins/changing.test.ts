// Origins that change while clients ask: slow, flapping, replaced by a reload, with WebSockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptFor } from '../../src/http/upgrade.ts';
import { until } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { FINE, failing, RESET, startScene, tally } from './scene.ts';

test('a slow origin costs its clients a time-out, is not tried again, and is left out then', async (t) => {
  const settings = { timeouts: { first_byte: '200ms' }, passive_health: { failures: 2, eject: '10s' } };
  const { origins, ask, inState, idle } = await startScene(t, [(_, answer) => answer.gone, FINE], settings);
  const statuses = tally(await ask(12));
  assert.equal(statuses[504], 2);
  assert.equal(statuses[200], 10);
  assert.equal(origins[0].requests.length, 2);
  await inState(0, 'ejected');
  await idle();
});

test('a flapping origin: clients get answers whatever it does', async (t) => {
  const settings = {
    passive_health: { failures: 2, eject: '100ms' },
    retries: { attempts: 2, statuses: [503], budget: 1 },
    workers: 2,
  };
  const { origins, ask, idle, status } = await startScene(t, [FINE, FINE, FINE], settings);
  const moods = [RESET, FINE, failing(503), FINE];
  for (const [turn, mood] of moods.entries()) {
    origins[turn % 2].handler = mood;
    assert.deepEqual(tally(await ask(10)), { 200: 10 });
  }
  for (const origin of origins) origin.handler = FINE;
  await until(async () => {
    await ask(3);
    return (await status()).every(({ state }) => state === 'up');
  }, 'all to be up');
  await idle();
});

test('all fail: all are asked as if none did, and answers come as soon as one works', async (t) => {
  const settings = { passive_health: { failures: 1, eject: '10s' }, retries: { attempts: 0 } };
  const { origins, ask, inState, idle } = await startScene(t, [RESET, failing(502)], settings);
  await ask(4);
  await inState(0, 'ejected');
  await inState(1, 'ejected');
  const before = origins.map(({ requests }) => requests.length);
  await ask(6);
  assert.deepEqual(
    origins.map(({ requests }) => requests.length),
    before.map((count) => count + 3),
  );
  origins[0].handler = FINE;
  assert.deepEqual(tally(await ask(4)), { 200: 2, 502: 2 });
  await idle();
});

test('a failed origin is no reason for an error while a stale answer may be used', async (t) => {
  const breaker = { error_rate: 0.5, min_requests: 1, open: '10s' };
  const { origins, lb, inState } = await startScene(
    t,
    [(_, answer) => answer.send(200, [['Cache-Control', 'max-age=1, stale-if-error=60']], 'kept')],
    { circuit_breaker: breaker, retries: { attempts: 0 } },
  );
  assert.equal((await request(t, lb.port, '/kept')).text, 'kept');
  origins[0].handler = RESET;
  for (let i = 0; i < 2; i++) await request(t, lb.port, `/other/${i}`);
  await inState(0, 'open');
  await until(async () => {
    const response = await request(t, lb.port, '/kept');
    assert.deepEqual([response.status, response.text], [200, 'kept']);
    return !/hit$/.test(response.get('cache-status') ?? '');
  }, 'it to be stale');
  const asked = origins[0].requests.length;
  assert.equal((await request(t, lb.port, '/kept')).text, 'kept');
  assert.equal(origins[0].requests.length, asked, 'the circuit is open');
  assert.equal((await request(t, lb.port, '/unknown')).status, 503);
});

test('tunnels count as under way until they end', async (t) => {
  const { lb, status, origins } = await startScene(t, [
    async (asked, answer) => {
      const accept = acceptFor(asked.get('sec-websocket-key') ?? '');
      const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n`;
      await answer.raw(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`);
      await answer.gone;
    },
  ]);
  const client = await openClient(t, lb.port);
  client.send(
    requestText('GET', '/', [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ]),
  );
  await origins[0].request(0);
  const underWay = async () => (await status())[0].under_way;
  await until(async () => (await underWay()) === 1, 'the tunnel');
  client.close();
  await until(async () => (await underWay()) === 0, 'its end');
});

test('an origin that does not know what to do with an upgrade is not left out for it', async (t) => {
  const confused: typeof FINE = (request, answer) =>
    request.get('upgrade') === undefined ? FINE(request, answer) : answer.raw('what?\r\n\r\n');
  const settings = { passive_health: { failures: 1, eject: '10s' } };
  const { lb, status, ask } = await startScene(t, [confused, confused], settings);
  for (let i = 0; i < 3; i++) {
    const client = await openClient(t, lb.port);
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
    client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    assert.equal((await client.response()).status, 502);
    client.close();
  }
  assert.deepEqual(tally(await ask(4)), { 200: 4 });
  assert.deepEqual(
    (await status()).map(({ state }) => state),
    ['up', 'up'],
  );
});
