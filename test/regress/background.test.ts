// Fills that no client waits for: however many there could be, they leave room for what clients do wait for.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import type { Client } from '../support/client.ts';
import { requestText } from '../support/client.ts';

/** Fills without a client that one thread may have for a site. */
const LIMIT = 64;
const PAGES = 150;
/** Connections that one thread makes to an origin. */
const CONNECTIONS = 256;

const scene = await startScene(
  { after },
  { workers: 1, cache: { late: { match: '/late*', ttl: 60, stale_if_error: '1h', stale_deadline: '50ms' } } },
);

/** Stale on arrival. */
const stale = (directives: string): Field[] => [
  ['Cache-Control', `max-age=10, ${directives}`],
  ['Age', '12'],
];

async function ask(client: Client, target: string): Promise<string> {
  client.send(requestText('GET', target));
  return cacheStatus(await client.response());
}

test('stale pages of any number are served at once while the origin stalls, and hold little', async () => {
  const gate = new Gate();
  let stalls = false;
  scene.on('/page', async (_request, answer) => {
    if (stalls) await gate.opened;
    const fields: Field[] = stalls ? [['Cache-Control', 'max-age=600']] : stale('stale-while-revalidate=600');
    return answer.send(200, fields, 'page');
  });
  scene.on('/big', (_request, answer) => answer.send(200, [['Cache-Control', 'max-age=600']], Buffer.alloc(400_000)));
  await scene.get('/big');
  const client = await scene.open();
  for (let i = 0; i < PAGES; i++) await ask(client, `/page?${i}`);
  stalls = true;
  for (let i = 0; i < PAGES; i++) assert.match(await ask(client, `/page?${i}`), /detail=stale-while-revalidate/);
  const { pins, flights } = await scene.lb.admin.cache();
  assert.equal(flights, LIMIT);
  assert.ok(pins <= 2 * LIMIT, `${pins} pins`);
  const big = await within(scene.get('/big'), 'what is fresh', 1000);
  assert.equal(cacheStatus(big), 'lb; hit');
  assert.equal(big.body.length, 400_000);
  gate.open();
  // what there was no room for is refreshed when it is asked for again
  await until(async () => (await ask(client, `/page?${PAGES - 1}`)) === 'lb; hit', 'the last page to be fresh');
  await scene.lb.admin.idle();
});

test('refreshes whose clients got the stale response instead hold no more than the connections to the origin', async () => {
  const gate = new Gate();
  let stalls = false;
  scene.on('/late', async (_request, answer) => {
    if (stalls) await gate.opened;
    return answer.send(200, stalls ? [['Cache-Control', 'max-age=600']] : stale('stale-if-error=600'), 'page');
  });
  const targets = Array.from({ length: CONNECTIONS + 50 }, (_, i) => `/late?${i}`);
  const client = await scene.open();
  for (const target of targets) await ask(client, target);
  stalls = true;
  const responses = await Promise.all(targets.map((target) => scene.get(target)));
  for (const response of responses) assert.match(cacheStatus(response), /detail=stale-deadline/);
  await until(async () => (await scene.lb.admin.cache()).flights <= CONNECTIONS, 'fills without a connection to go');
  gate.open();
  await scene.lb.admin.idle();
});
