// Rate limits as clients see them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import type { Response } from '../support/client.ts';
import type { Field } from '../support/message.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];

const scene = await startScene(
  { after },
  {
    workers: 2,
    trusted_proxies: ['127.0.0.1'],
    rules: [{ match: '/named/*', limits: 'named' }],
    addons: {
      allow: '203.0.113.0/24',
      rate_limit: [
        { name: 'api', match: '/api/*', requests_per_minute: 1, burst: 2 },
        { name: 'key', match: '/key', by: 'header:x-key', requests_per_hour: 1, burst: 1, status: 420, body: 'slow\n' },
        { name: 'logged', match: '/logged', requests_per_hour: 1, burst: 1, mode: 'log' },
        { name: 'named', requests_per_hour: 1, burst: 1 },
        { name: 'wide', match: '/both', by: 'all', requests_per_hour: 1, burst: 3 },
        { name: 'narrow', match: '/both', requests_per_hour: 1, burst: 1 },
        { name: 'posts', match: '/posts', methods: 'POST', requests_per_hour: 1, burst: 1 },
        { name: 'origin', match: '/origin/*', scope: 'origin', by: 'all', requests_per_hour: 1, burst: 1 },
        { name: 'held', match: '/held', concurrent: 1 },
      ],
    },
  },
);
let clients = 0;
/** A client of its own, as a trusted proxy tells. */
const client = (): Field => ['X-Forwarded-For', `198.51.100.${++clients}`];
const statuses = async (target: string, fields: Field[], count: number, options = {}) => {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await scene.get(target, fields, options)).status);
  return found;
};

test('hits count too; a refusal says when to come again, and which limit it was', async () => {
  scene.on('/api/a', counted([FRESH]));
  const one = client();
  assert.deepEqual(await statuses('/api/a', [one], 2), [200, 200]);
  const refused = await scene.get('/api/a', [one]);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.get('retry-after')) >= 59);
  assert.equal(refused.get('ratelimit-policy'), '"api";q=1;w=60;lb-burst=2');
  assert.match(refused.get('ratelimit') ?? '', /^"api";r=0;t=\d+$/);
  assert.match(refused.get('cache-status') ?? '', /detail=rate-limited/);
  assert.equal(refused.get('content-type'), 'application/problem+json');
  const problem = JSON.parse(refused.text) as Record<string, unknown>;
  assert.equal(problem.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
  assert.deepEqual(problem['violated-policies'], ['api']);
  assert.equal(problem.request_id, refused.get('x-request-id'));
  assert.equal((await scene.get('/api/a', [client()])).status, 200, 'another client');
  assert.equal((await scene.get('/other', [one])).status, 404, 'another path');
  await until(() => scene.lb.log.some(({ details }) => details.event === 'rate_limit'), 'the log to tell of it');
  const { details } = scene.lb.log.find((line) => line.details.event === 'rate_limit') ?? assert.fail();
  assert.deepEqual(
    [details.limit, details.action, details.client_ip, details.path, details.request_id],
    ['api', 'refused', one[1], '/api/a', refused.get('x-request-id')],
  );
});

test('another spelling of the path is no way past a limit', async () => {
  const one = client();
  assert.equal((await statuses('/api%2fx', [one], 3)).at(-1), 429);
  for (const path of ['/%61pi/x', '/ap%69/x', '/%2561pi/x', '//api/x']) {
    assert.equal((await scene.get(path, [one])).status, 429, path);
  }
});

test('an IPv6 client is its network', async () => {
  scene.on('/api/six', counted([FRESH]));
  const from = (address: string): Field[] => [['X-Forwarded-For', address]];
  for (const last of ['1', '2']) assert.equal((await scene.get('/api/six', from(`2001:db8:9::${last}`))).status, 200);
  assert.equal((await scene.get('/api/six', from('2001:db8:9::3'))).status, 429);
  assert.equal((await scene.get('/api/six', from('2001:db8:9:1::3'))).status, 200);
});

test('by a field, with a status and a body of its own; without the field by address', async () => {
  scene.on('/key', counted([FRESH]));
  assert.deepEqual(await statuses('/key', [client(), ['X-Key', 'a']], 1), [200]);
  const refused = await scene.get('/key', [client(), ['X-Key', 'a']]);
  assert.deepEqual(
    [refused.status, refused.text, refused.get('content-type')],
    [420, 'slow\n', 'text/plain; charset=utf-8'],
  );
  assert.ok(refused.get('x-request-id'));
  assert.deepEqual(await statuses('/key', [client(), ['X-Key', 'b']], 1), [200]);
  assert.deepEqual(await statuses('/key', [client()], 2), [200, 420]);
});

test('a limit that only logs refuses nothing', async () => {
  scene.on('/logged', counted([FRESH]));
  assert.deepEqual(await statuses('/logged', [client()], 3), [200, 200, 200]);
  const page = await scene.lb.admin.fetch('GET', '/metrics');
  assert.match(page.text(), /lb_rate_limit_requests_total\{[^}]*limit="logged",result="would_refuse"\} 2/);
});

test('a limit that a rule names is for the requests of the rule', async () => {
  scene.on('/named/a', counted([FRESH]));
  const one = client();
  assert.deepEqual(await statuses('/named/a', [one], 2), [200, 429]);
  assert.deepEqual(await statuses('/unnamed', [one], 2), [404, 404]);
});

test('what one limit refuses takes nothing from another', async () => {
  scene.on('/both', counted([FRESH]));
  const one = client();
  assert.deepEqual(await statuses('/both', [one], 6), [200, 429, 429, 429, 429, 429]);
  assert.deepEqual(await statuses('/both', [client()], 1), [200]);
  assert.deepEqual(await statuses('/both', [client()], 1), [200]);
  const refused = await scene.get('/both', [client()]);
  assert.match(refused.get('ratelimit') ?? '', /^"wide"/);
});

test('by method; the connection of a refused POST goes on', async () => {
  scene.on('/posts', counted([FRESH]));
  const one = client();
  assert.deepEqual(await statuses('/posts', [one], 2), [200, 200]);
  assert.deepEqual(await statuses('/posts', [one], 2, { method: 'POST', body: 'x'.repeat(1000) }), [200, 429]);
});

test('clients on the list of all addons are limited by none', async () => {
  const one: Field = ['X-Forwarded-For', '203.0.113.9'];
  assert.equal(
    (await statuses('/api/a', [one], 5)).every((status) => status === 200),
    true,
  );
});

test('a limit on origin fetches: hits are free', async () => {
  scene.on('/origin/a', counted([FRESH]));
  scene.on('/origin/b', counted([FRESH]));
  assert.deepEqual(await statuses('/origin/a', [client()], 4), [200, 200, 200, 200]);
  const refused = await scene.get('/origin/b', [client()]);
  assert.deepEqual([refused.status, scene.asked('/origin/b').length], [429, 0]);
  assert.match(refused.get('ratelimit') ?? '', /^"origin"/);
  assert.equal((await scene.get('/origin/b', [client()], { method: 'POST', body: 'x' })).status, 429);
  assert.equal(scene.asked('/origin/b').length, 0);
});

const waiting: (() => void)[] = [];
scene.on('/held', (_asked, answer) => {
  waiting.push(() => void answer.send(200, [['Cache-Control', 'no-store']], 'x'));
});

/** Begins a request that waits for its origin, as soon as the limit lets one pass. */
async function hold(one: Field): Promise<{ answer: Promise<Response> }> {
  const before = waiting.length;
  let begun: Promise<Response> | undefined;
  await until(async () => {
    let status = 0;
    begun = scene.get('/held', [one]);
    begun.then((response) => (status = response.status)).catch(() => (status = -1));
    await until(() => status !== 0 || waiting.length > before, 'the limit to decide');
    return waiting.length > before;
  }, 'a place');
  return { answer: begun as Promise<Response> };
}

test('requests under way at once: an end gives the place back, also that of a client that went away', async () => {
  const one = client();
  const first = scene.get('/held', [one]);
  await until(() => waiting.length === 1, 'the origin to be asked');
  const refused = await scene.get('/held', [one]);
  assert.equal(refused.status, 429);
  assert.equal(refused.get('ratelimit-policy'), '"held";q=1;qu="concurrent-requests"');
  assert.equal(refused.get('retry-after'), '1');
  waiting.shift()?.();
  assert.equal((await first).status, 200);
  const gone = await scene.open();
  gone.send(`GET /held HTTP/1.1\r\nHost: a\r\n${one.join(': ')}\r\n\r\n`);
  await until(() => waiting.length === 1, 'the origin to be asked again');
  gone.close();
  waiting.length = 0;
  const { answer } = await hold(one);
  waiting.pop()?.();
  assert.equal((await answer).status, 200);
});
