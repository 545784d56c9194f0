// What two requests must have in common to share an answer, and which methods have to do with the cache.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, startScene } from './scene.ts';

const scene = await startScene({ after });
const FRESH: Field[] = [['Cache-Control', 'max-age=60']];
const host = (name: string): Field => ['Host', name];

test('host, port, path and query tell answers apart', async () => {
  scene.on('/k', counted(FRESH));
  scene.on('/K', counted(FRESH));
  scene.on('/k/', counted(FRESH));
  scene.on('/%6b', counted(FRESH));
  const asks: [string, Field[]][] = [
    ['/k', [host('a.test')]],
    ['/k', [host('b.test')]],
    ['/k', [host('a.test:8080')]],
    ['/K', [host('a.test')]],
    ['/k/', [host('a.test')]],
    ['/%6b', [host('a.test')]],
    ['/k?a=1', [host('a.test')]],
    ['/k?a=1&b=2', [host('a.test')]],
    ['/k?b=2&a=1', [host('a.test')]],
    ['/k?A=1', [host('a.test')]],
  ];
  for (const [target, fields] of asks) {
    assert.match(cacheStatus(await scene.get(target, fields)), /fwd=uri-miss/, `${target} ${fields.join()}`);
  }
  for (const [target, fields] of asks) assert.equal(cacheStatus(await scene.get(target, fields)), 'lb; hit', target);
  assert.deepEqual(
    scene.origin.requests.slice(-asks.length).map((request) => [request.target, request.get('host')]),
    asks.map(([target, [[, name]]]) => [target, name]),
  );
});

test('hosts that differ in case, a final dot or the default port are the same', async () => {
  scene.on('/same', counted(FRESH));
  await scene.get('/same', [host('same.test')]);
  for (const name of ['SAME.test', 'same.test.', 'same.test:80', 'same.test:']) {
    assert.equal(cacheStatus(await scene.get('/same', [host(name)])), 'lb; hit', name);
  }
});

test('nothing unkeyed reaches the origin as sent', async () => {
  scene.on('/unkeyed', (request, answer) =>
    answer.send(200, FRESH, `${request.get('x-forwarded-host')} ${request.get('x-original-url')}`),
  );
  const evil: Field[] = [
    host('good.test'),
    ['X-Forwarded-Host', 'evil.test'],
    ['X-Original-URL', '/admin'],
    ['X-Forwarded-Proto', 'https'],
    ['X-HTTP-Method-Override', 'DELETE'],
  ];
  await scene.get('/unkeyed', evil);
  const [request] = scene.asked('/unkeyed');
  assert.equal(request.get('x-forwarded-host'), 'good.test');
  assert.equal(request.get('x-forwarded-proto'), 'http');
  assert.equal(request.get('x-original-url'), undefined);
  assert.equal(request.get('x-http-method-override'), undefined);
  assert.equal((await scene.get('/unkeyed', [host('good.test')])).text, 'good.test undefined');
});

test('a target that is not ASCII is refused, on a hit path as well', async () => {
  for (const path of ['/caf\u00c3\u00a9', '/\u00e6\u0097\u00a5', '/caf\u00e9', '/k?q=\u00e6\u0097\u00a5']) {
    assert.equal((await scene.get(path)).status, 400, path);
  }
});

test('HEAD is answered from a stored GET', async () => {
  scene.on('/head', counted([...FRESH, ['ETag', '"e"']]));
  await scene.get('/head');
  const head = await scene.head('/head');
  assert.deepEqual([head.status, head.get('content-length'), head.get('etag')], [200, '1', '"e"']);
  assert.equal(cacheStatus(head), 'lb; hit');
  assert.equal(scene.asked('/head').length, 1);
});

test('HEAD itself is passed and not stored', async () => {
  scene.on('/head-first', (request, answer) =>
    request.method === 'HEAD' ? answer.head(200, [...FRESH, ['Content-Length', '4']]) : answer.send(200, FRESH, 'body'),
  );
  assert.equal((await scene.head('/head-first')).get('content-length'), '4');
  assert.equal((await scene.head('/head-first')).status, 200);
  assert.equal((await scene.get('/head-first')).text, 'body');
  assert.deepEqual(scene.origin.log.slice(-3), ['HEAD /head-first', 'HEAD /head-first', 'GET /head-first']);
});

test('HEAD of something stale validates it, and leaves a body for the next GET', async () => {
  scene.on(
    '/head-stale',
    counted([
      ['Cache-Control', 'max-age=0'],
      ['ETag', '"1"'],
    ]),
  );
  await scene.get('/head-stale');
  const head = await scene.head('/head-stale');
  assert.deepEqual([head.status, head.text, head.get('content-length')], [200, '', '1']);
});

test('a GET with a body goes past the cache', async () => {
  scene.on('/search', async (request, answer) => answer.send(200, FRESH, `found ${String(await request.body())}`));
  assert.equal((await scene.get('/search', [], { body: 'one' })).text, 'found one');
  const second = await scene.get('/search', [], { body: 'two' });
  assert.equal(second.text, 'found two');
  assert.match(cacheStatus(second), /^lb; fwd=bypass/);
  assert.equal((await scene.get('/search')).text, 'found ');
  assert.equal((await scene.get('/search', [], { body: 'three' })).text, 'found three');
  assert.equal((await scene.get('/search')).text, 'found ');
});

test('a success of an unsafe method invalidates the URI', async () => {
  for (const [method, status, kept] of [
    ['POST', 200, false],
    ['PUT', 204, false],
    ['DELETE', 302, false],
    ['POST', 400, true],
    ['POST', 500, true],
    ['OPTIONS', 200, true],
    ['PATCH', 200, false],
  ] as const) {
    const path = `/unsafe-${method}-${status}`;
    const read = counted(FRESH);
    scene.on(path, (request, answer) =>
      request.method !== 'GET'
        ? answer.head(status, status === 204 ? [] : [['Content-Length', '0']])
        : read(request, answer),
    );
    await scene.get(path);
    const changed = await scene.get(path, [], { method, body: method === 'OPTIONS' ? undefined : 'x' });
    assert.equal(changed.status, status, path);
    assert.match(cacheStatus(changed), /^lb; fwd=method/);
    assert.equal((await scene.get(path)).text, kept ? '1' : '2', path);
  }
});

test('an answer to POST is never stored', async () => {
  scene.on('/post', counted(FRESH));
  assert.equal((await scene.get('/post', [], { method: 'POST', body: 'x' })).text, '1');
  assert.equal((await scene.get('/post')).text, '2');
  assert.equal((await scene.get('/post', [], { method: 'POST', body: 'x' })).text, '3');
});
