// Metrics add up to what was asked, over two threads; health and cache statistics.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene, validated } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { requestText } from '../support/client.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const scene = await startScene({ after }, { workers: 2, retries: { attempts: 0 } });
const { admin } = scene.lb;

type Samples = Map<string, number>;

/** The sum of all samples of a metric whose labels hold `labels`. */
function sum(samples: Samples, name: string, ...labels: string[]): number {
  let total = 0;
  for (const [key, value] of samples) {
    const [family, rest = ''] = key.split('{', 2);
    if (family === name && labels.every((label) => rest.includes(label))) total += value;
  }
  return total;
}

async function keepAsking(
  target: string,
  times: number,
  fields: readonly Field[] = [],
  method = 'GET',
): Promise<number> {
  const client = await scene.open();
  let bytes = 0;
  for (let i = 0; i < times; i++) {
    client.send(requestText(method, target.replace('#', String(i)), fields, method === 'POST' ? 'data' : undefined));
    bytes += (await client.response(method)).body.length;
  }
  client.close();
  return bytes;
}

test('the names that dashboards rely on exist, with their types', async () => {
  await scene.get('/any');
  const text = (await admin.fetch('GET', '/metrics')).text();
  for (const [name, type] of [
    ['lb_cache_hits_total', 'counter'],
    ['lb_cache_misses_total', 'counter'],
    ['lb_http_requests_total', 'counter'],
    ['lb_http_request_duration_seconds', 'histogram'],
    ['lb_http_response_bytes_total', 'counter'],
    ['lb_origin_requests_total', 'counter'],
    ['lb_origin_pool_connections', 'gauge'],
    ['lb_cache_memory_bytes', 'gauge'],
    ['lb_cache_used_bytes', 'gauge'],
    ['lb_process_resident_memory_bytes', 'gauge'],
    ['lb_worker_up', 'gauge'],
  ]) {
    assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
    assert.match(text, new RegExp(`^${name}(_bucket)?(\\{[^}]*\\})? \\d`, 'm'));
  }
});

test('each request is counted once, on whichever thread', async () => {
  scene.on('/hot', counted([FRESH]));
  scene.on('/head', counted([FRESH]));
  scene.on('/cold', counted([FRESH]));
  scene.on('/valid', validated([['Cache-Control', 'no-cache']]));
  scene.on('/post', counted([]));
  scene.on('/private', counted([['Cache-Control', 'private']]));
  scene.on('/down', (_request, answer) => answer.reset());
  await scene.get('/hot');
  await scene.get('/head');
  await scene.get('/valid');
  for (let i = 0; i < 4; i++) await scene.get('/private');
  const total = (samples: Samples) => sum(samples, 'lb_http_requests_total');
  const settled = async () => {
    await until(async () => total(await admin.metrics()) === asked, `${asked} requests to be counted`);
    return admin.metrics();
  };
  let asked = 8; // with the one of the test before
  const before = await settled();
  const origin = scene.origin.requests.length;

  const bodies = await Promise.all([
    ...Array.from({ length: 10 }, () => keepAsking('/hot', 100)),
    ...Array.from({ length: 4 }, () => keepAsking('/head', 25, [], 'HEAD')),
    ...Array.from({ length: 4 }, (_, client) => keepAsking(`/cold?${client}-#`, 30)),
    ...Array.from({ length: 2 }, () => keepAsking('/private', 20)),
    ...Array.from({ length: 2 }, () => keepAsking('/post', 15, [], 'POST')),
    keepAsking('/valid', 10),
    keepAsking('/down?#', 6),
    keepAsking('/hot', 5, [['If-Modified-Since', new Date().toUTCString()]]),
    keepAsking('/hot', 1, [['Host', 'a:b:c']]),
  ]);
  asked += 1000 + 100 + 120 + 40 + 30 + 10 + 6 + 5 + 1;
  const samples = await settled();
  const grown = (name: string, ...labels: string[]) => sum(samples, name, ...labels) - sum(before, name, ...labels);

  assert.equal(grown('lb_http_requests_total', 'method="GET"', 'code="2xx"'), 1000 + 120 + 40 + 10);
  assert.equal(grown('lb_http_requests_total', 'method="GET"', 'code="3xx"'), 5);
  assert.equal(grown('lb_http_requests_total', 'method="GET"', 'code="4xx"'), 1);
  assert.equal(grown('lb_http_requests_total', 'method="GET"', 'code="5xx"'), 6);
  assert.equal(grown('lb_http_requests_total', 'method="HEAD"', 'code="2xx"'), 100);
  assert.equal(grown('lb_http_requests_total', 'method="POST"', 'code="2xx"'), 30);
  assert.equal(grown('lb_cache_hits_total'), 1000 + 100 + 5);
  assert.equal(grown('lb_cache_misses_total'), 120 + 10 + 6);
  assert.equal(grown('lb_cache_passes_total'), 40 + 30);
  assert.equal(grown('lb_cache_collapsed_total'), 0);
  assert.equal(grown('lb_cache_stale_total'), 0);
  assert.equal(grown('lb_cache_revalidations_total'), 10);
  assert.equal(grown('lb_cache_stores_total'), 120);
  assert.equal(grown('lb_origin_requests_total'), 120 + 40 + 30 + 10 + 6);
  assert.equal(grown('lb_origin_requests_total'), scene.origin.requests.length - origin);
  assert.equal(grown('lb_origin_errors_total'), 6);
  assert.equal(grown('lb_http_request_bytes_total'), 30 * 'data'.length);
  assert.equal(
    grown('lb_http_response_bytes_total'),
    bodies.reduce((a, b) => a + b, 0),
  );
  assert.equal(grown('lb_http_requests_total', 'site="default"'), asked - 8 - 1);
});

test('waiters that share a fetch are counted as such', async () => {
  const before = await admin.metrics();
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  scene.on('/shared', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Content-Length', '4']]);
    await answer.raw('ab');
    await gate;
    await answer.raw('cd');
  });
  const clients = await Promise.all(Array.from({ length: 12 }, () => scene.open()));
  for (const client of clients) client.send(requestText('GET', '/shared'));
  const heads = await Promise.all(clients.map((client) => client.head()));
  go();
  for (const [i, client] of clients.entries()) {
    const head = heads[i];
    assert.ok(head !== undefined);
    assert.equal((await client.body(head)).text, 'abcd');
  }
  const grown = async (name: string) => sum(await admin.metrics(), name) - sum(before, name);
  await until(async () => (await grown('lb_http_requests_total')) === 12, 'the requests to be counted');
  assert.equal(await grown('lb_cache_misses_total'), 1);
  assert.equal(await grown('lb_cache_collapsed_total'), 11);
  assert.equal(await grown('lb_origin_requests_total'), 1);
});

test('waiters that are released ask for themselves, and are counted so', async () => {
  const before = await admin.metrics();
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  scene.on('/released', async (_request, answer) => {
    await gate;
    await answer.send(200, [['Cache-Control', 'private']], 'own');
  });
  const clients = await Promise.all(Array.from({ length: 8 }, () => scene.open()));
  for (const client of clients) client.send(requestText('GET', '/released'));
  for (let i = 0; i < 4; i++) await scene.get('/any');
  go();
  for (const client of clients) assert.doesNotMatch((await client.response()).get('cache-status') ?? '', /collapsed/);
  const grown = async (name: string) => sum(await admin.metrics(), name) - sum(before, name);
  await until(async () => (await grown('lb_http_requests_total')) === 12, 'the requests to be counted');
  assert.equal(await grown('lb_cache_collapsed_total'), 0);
  assert.equal(await grown('lb_origin_requests_total'), 12);
});

test('a client that goes away is counted', async () => {
  const before = sum(await admin.metrics(), 'lb_http_client_aborts_total');
  scene.on('/endless', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Content-Length', '1000']]);
    await answer.raw('x');
    await answer.gone;
  });
  const client = await scene.open();
  client.send(requestText('GET', '/endless'));
  await client.head();
  client.close();
  await until(async () => sum(await admin.metrics(), 'lb_http_client_aborts_total') === before + 1, 'the abort');
});

test('/livez, /readyz and /cache', async () => {
  for (const [path, body] of [
    ['/livez', { live: true }],
    ['/readyz', { ready: true, reasons: [] }],
  ] as const) {
    const response = await admin.fetch('GET', path);
    assert.deepEqual([response.status, response.json()], [200, body]);
  }
  const cache = (await admin.fetch('GET', '/cache')).json() as Record<string, number> & {
    sites: { name: string; objects: number }[];
  };
  const samples = await admin.metrics();
  assert.equal(cache.memory, sum(samples, 'lb_cache_memory_bytes'));
  assert.equal(cache.objects, sum(samples, 'lb_cache_objects'));
  assert.ok(cache.used <= cache.memory && cache.used > 0);
  assert.deepEqual(cache.sites, [{ name: 'default', objects: cache.objects }]);
});
