// Spans as a collector gets them: parents, times, attributes, and what the origin is told.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { openWebSocket, startWebSocketOrigin } from '../upgrade/peers.ts';
import { type CollectedSpan, startCollector } from './collector.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

const collector = await startCollector({ after });
const tracing = { endpoint: collector.endpoint, sample: 1, service_name: 'edge-test', headers: ['X-Key: k1'] };
const scene = await startScene({ after }, { tracing });

function one(spans: CollectedSpan[], name: string, kind: CollectedSpan['kind']): CollectedSpan {
  const found = spans.filter((span) => span.name === name && span.kind === kind);
  assert.equal(found.length, 1, `${found.length} spans ${name} of the kind ${kind}`);
  return found[0];
}

test('a miss: client, look-up, fill and origin, one under the other', async () => {
  scene.on('/miss', async (_request, answer) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    await answer.send(200, [FRESH], 'ok');
  });
  const before = BigInt(Date.now() - 2) * 1_000_000n;
  await scene.get('/miss?token=secret', [
    ['Authorization', 'Basic c2VjcmV0'],
    ['Cookie', 'a=secret'],
  ]);
  const spans = await collector.trace('/miss', 4);
  const server = one(spans, 'GET', 'server');
  const [lookup, origin] = [one(spans, 'lookup', 'internal'), one(spans, 'GET', 'client')];
  assert.equal(server.parent, '');
  assert.equal(lookup.parent, server.id);
  const fill = one(spans, 'fill', 'internal');
  assert.equal(fill.parent, server.id);
  assert.equal(origin.parent, fill.id);
  // an answer to a request with credentials is not shared
  assert.equal(fill.attributes['lb.fill.outcome'], 'not-stored');
  assert.equal(scene.asked('/miss?token=secret')[0].get('traceparent'), `00-${server.trace}-${origin.id}-01`);
  const end = BigInt(Date.now() + 2) * 1_000_000n;
  assert.ok(server.start >= before && server.end <= end && server.start <= server.end);
  assert.ok(origin.start >= server.start && origin.end - origin.start >= 25_000_000n, 'the origin took its time');
  assert.ok(lookup.start >= server.start - 1_000_000n && lookup.end <= origin.start + 1_000_000n);
  for (const body of collector.bodies) assert.ok(!/secret|c2Vj/.test(body.toString('latin1')));
});

test('a fill has a span of its own, and a hit none', async () => {
  scene.on('/fill', counted([FRESH]));
  await scene.get('/fill');
  const spans = await collector.trace('/fill', 4);
  const [server, fill, origin] = [
    one(spans, 'GET', 'server'),
    one(spans, 'fill', 'internal'),
    one(spans, 'GET', 'client'),
  ];
  assert.equal(fill.parent, server.id);
  assert.equal(origin.parent, fill.id);
  assert.equal(fill.attributes['lb.fill.outcome'], 'stored');
  await scene.get('/fill', [['traceparent', `00-${TRACE}-${PARENT}-01`]]);
  await until(() => collector.spans.some(({ trace, kind }) => trace === TRACE && kind === 'server'), 'the hit');
  const hit = collector.spans.filter(({ trace }) => trace === TRACE);
  assert.deepEqual(hit.map(({ name }) => name).sort(), ['GET', 'lookup']);
  assert.equal(one(hit, 'GET', 'server').parent, PARENT);
  assert.equal(one(hit, 'GET', 'server').attributes['lb.cache'], 'hit');
  assert.equal(one(hit, 'lookup', 'internal').attributes['lb.lookup.found'], true);
});

test('attributes have the stable names, and no query', async () => {
  scene.on('/names', counted([['Cache-Control', 'no-store']]));
  await scene.get('/names?q=1', [['X-Request-Id', 'r-7']]);
  const spans = await collector.trace('/names', 4);
  const { attributes, resource } = one(spans, 'GET', 'server');
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.path': '/names',
    'url.scheme': 'http',
    'server.address': 'site.test',
    'server.port': 80,
    'network.protocol.name': 'http',
    'network.protocol.version': '1.1',
    'client.address': '127.0.0.1',
    'lb.cache': 'miss',
    'lb.site': 'default',
    'lb.request_id': 'r-7',
  });
  assert.equal(resource['service.name'], 'edge-test');
  assert.equal(resource['service.version'], 'test');
  assert.deepEqual(one(spans, 'GET', 'client').attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'server.address': '127.0.0.1',
    'server.port': scene.origin.port,
    'url.scheme': 'http',
    'url.full': `http://127.0.0.1:${scene.origin.port}/names`,
  });
  assert.equal(one(spans, 'fill', 'internal').attributes['lb.fill.outcome'], 'not-stored');
  assert.ok(collector.targets.every((target) => target === '/v1/traces'));
  assert.ok(collector.headers.every((headers) => headers['x-key'] === 'k1'));
});

test('what goes past the cache has its origin under the client', async () => {
  scene.on('/post', counted([]));
  await scene.get('/post', [], { method: 'POST', body: 'x' });
  const spans = await collector.trace('/post', 3);
  assert.equal(one(spans, 'POST', 'client').parent, one(spans, 'POST', 'server').id);
  assert.equal(one(spans, 'POST', 'server').attributes['lb.cache'], 'pass');
});

test('the sampled flag of the client counts, an invalid traceparent does not', async () => {
  scene.on('/flag', counted([['Cache-Control', 'no-store']]));
  const trace = TRACE.replace('4', '5');
  await scene.get('/flag?1', [['traceparent', `00-${trace}-${PARENT}-00`]]);
  await scene.get('/flag?2', [['traceparent', `00-${trace}-${PARENT}-xx`]]);
  await collector.trace('/flag', 4);
  const [unsampled, invalid] = ['/flag?1', '/flag?2'].map((target) => scene.asked(target)[0].get('traceparent') ?? '');
  assert.match(unsampled, new RegExp(`^00-${trace}-(?!${PARENT})[0-9a-f]{16}-00$`));
  assert.match(invalid, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.ok(!invalid.includes(trace));
  assert.ok(!collector.spans.some((span) => span.trace === trace));
});

test('those who share a fill have spans of their own, the fill has one', async () => {
  let letGo = () => {};
  const opened = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  scene.on('/shared', async (_request, answer) => {
    await opened;
    await answer.send(200, [FRESH], 'ok');
  });
  const index = scene.origin.requests.length;
  const first = scene.get('/shared');
  await scene.origin.request(index);
  const second = scene.get('/shared');
  await until(async () => (await scene.lb.admin.metrics()).get('lb_worker_active_requests{worker="1"}') === 2, 'both');
  letGo();
  await Promise.all([first, second]);
  const servers = () =>
    collector.spans.filter(({ kind, attributes }) => kind === 'server' && attributes['url.path'] === '/shared');
  await until(() => servers().length === 2, 'two spans of clients');
  const fills = collector.spans.filter(
    ({ name, trace }) => name === 'fill' && servers().some((span) => span.trace === trace),
  );
  assert.equal(fills.length, 1);
  assert.deepEqual(
    servers()
      .map(({ attributes }) => String(attributes['lb.cache']))
      .sort(),
    ['collapsed', 'miss'],
  );
});

test('errors are marked on every span that they concern', async () => {
  scene.on('/reset', (_request, answer) => answer.reset());
  await scene.get('/reset');
  const spans = await collector.trace('/reset', 5);
  const server = one(spans, 'GET', 'server');
  assert.equal(server.attributes['http.response.status_code'], 502);
  assert.equal(server.attributes['error.type'], '502');
  assert.ok(server.error && one(spans, 'fill', 'internal').error);
  const asked = spans.filter(({ kind }) => kind === 'client');
  assert.ok(
    asked.length >= 1 && asked.every(({ error, attributes }) => error && typeof attributes['error.type'] === 'string'),
  );
});

test('a WebSocket is one span until it is closed, with the switch at its origin under it', async (t) => {
  const origin = await startWebSocketOrigin(t);
  const lb = await startLb(t, { origins: [origin.address], tracing });
  const { socket, heard } = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/socket?token=secret`);
  await origin.connection('/socket?token=secret');
  socket.close(1000);
  await heard.closed;
  const spans = await collector.trace('/socket', 2);
  const [server, asked] = [one(spans, 'GET', 'server'), one(spans, 'GET', 'client')];
  assert.equal(asked.parent, server.id);
  assert.deepEqual(
    [server, asked].map(({ attributes }) => attributes['http.response.status_code']),
    [101, 101],
  );
});
