// A reload keeps what is known of origins that stay, and lets requests finish at those that go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient, request, requestText } from '../support/client.ts';
import { startOrigin } from '../support/origin.ts';
import { FINE, RESET, startScene } from './scene.ts';

test('connections and state of origins that stay are kept; requests at one that goes finish', async (t) => {
  const { lb, origins, ask, inState, status, idle } = await startScene(t, [FINE, FINE, RESET], {
    passive_health: { failures: 1, eject: '1m' },
    workers: 2,
  });
  await ask(12);
  await inState(2, 'ejected');
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  origins[0].handler = async (_, answer) => {
    await held;
    await answer.send(200, [['Cache-Control', 'no-store']], 'from the one that goes');
  };
  const clients = await Promise.all([openClient(t, lb.port), openClient(t, lb.port)]);
  for (const client of clients) client.send(requestText('POST', '/last', [], 'x'));
  await origins[0].request(origins[0].requests.length);
  const connections = origins[1].connections;
  const added = await startOrigin(t, FINE);
  const next = {
    passive_health: { failures: 1, eject: '1m' },
    workers: 2,
    origins: [origins[1].address, origins[2].address, added.address],
    balance: { policy: 'least_connections' },
  };
  assert.ok((await lb.reload(next)).ok);
  const [kept, failed] = await status();
  assert.equal(failed.state, 'ejected', 'its state is that of before');
  assert.ok(kept.requests >= 4);
  const asked = origins[2].requests.length;
  for (let i = 0; i < 12; i++) assert.equal((await request(t, lb.port, `/after/${i}`)).status, 200);
  assert.equal(origins[2].requests.length, asked);
  assert.ok(added.requests.length > 0);
  assert.ok(origins[1].connections - connections <= 1, 'connections are used on');
  release();
  const texts = await Promise.all(clients.map(async (client) => (await client.response()).text));
  assert.ok(texts.includes('from the one that goes'));
  await idle();
});
