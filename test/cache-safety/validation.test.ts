// 304 answers: asked for, not asked for, and about something else.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { openClient, requestText } from '../support/client.ts';
import { FRESH, HIT, newPath, STALE } from './attack.ts';

const scene = await startScene({ after });

test('a 304 that nobody asked for is 502, and is not stored', async () => {
  for (const fields of [
    [],
    [FRESH],
    [FRESH, ['ETag', '"x"']],
    [['Cache-Control', 'public, s-maxage=60']],
  ] as Field[][]) {
    const path = newPath();
    let bad = true;
    scene.on(path, (_request, answer) => (bad ? answer.head(304, fields) : answer.send(200, [FRESH], 'page')));
    for (const conditions of [
      [],
      [['If-Match', '"x"']],
      [['If-Unmodified-Since', 'Thu, 01 Jan 2015 00:00:00 GMT']],
    ] as Field[][]) {
      const response = await scene.get(path, conditions);
      assert.equal(response.status, 502);
      assert.match(response.get('proxy-status') ?? '', /error=http_protocol_error/);
    }
    bad = false;
    assert.equal((await scene.get(path)).text, 'page');
    assert.equal((await scene.get(path)).get('cache-status'), HIT);
  }
});

test('a 304 to a request past the cache is 502 where it had no condition', async () => {
  for (const method of ['POST', 'HEAD', 'OPTIONS']) {
    const path = newPath();
    scene.on(path, (_request, answer) => answer.head(304, [FRESH]));
    assert.equal((await scene.get(path, [], { method })).status, 502, method);
  }
});

test('what a client has does not become what the cache has', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    request.get('if-none-match') === '"mine"'
      ? answer.head(304, [FRESH, ['ETag', '"mine"']])
      : answer.send(200, [FRESH, ['ETag', '"real"']], 'page'),
  );
  const response = await scene.get(path, [['If-None-Match', '"mine"']]);
  assert.ok(response.status === 304 || response.text === 'page');
  const other = await scene.get(path);
  assert.deepEqual([other.status, other.text, other.get('etag')], [200, 'page', '"real"']);
});

test('a client’s condition cannot make a stale page fresh', async () => {
  const path = newPath();
  let version = 1;
  scene.on(path, (request, answer) => {
    const etag = `"${version}"`;
    const fields: Field[] = [STALE, ['ETag', etag]];
    if (request.get('if-none-match')?.includes(etag)) return answer.head(304, [FRESH, ['ETag', etag]]);
    return answer.send(200, fields, `version ${version}`);
  });
  await scene.get(path);
  version = 2;
  // the client has version 2 already, the cache version 1
  const own = await scene.get(path, [['If-None-Match', '"2"']]);
  assert.ok(own.status === 304 || own.text === 'version 2');
  assert.equal((await scene.get(path)).text, 'version 2');
});

test('a 304 changes neither body nor what tells how to read it', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    if (request.get('if-none-match') === undefined)
      return answer.send(200, [STALE, ['ETag', '"v"'], ['Content-Type', 'text/plain']], 'page');
    return answer.head(304, [
      STALE,
      ['ETag', '"v"'],
      ['Content-Encoding', 'gzip'],
      ['Content-Length', '1'],
      ['Content-Range', 'bytes 0-0/9'],
    ]);
  });
  await scene.get(path);
  for (let i = 0; i < 2; i++) {
    const response = await scene.get(path);
    assert.deepEqual([response.status, response.text, response.complete], [200, 'page', true]);
    assert.equal(response.get('content-encoding'), undefined);
    assert.equal(response.get('content-range'), undefined);
    assert.equal(response.get('content-length'), '4');
  }
});

test('bytes behind a 304 belong to no page', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    request.get('if-none-match') === undefined
      ? answer.send(200, [STALE, ['ETag', '"v"']], 'page')
      : answer.raw(
          'HTTP/1.1 304 Not Modified\r\nETag: "v"\r\nContent-Length: 4\r\n\r\nHTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nevil',
        ),
  );
  await scene.get(path);
  for (let i = 0; i < 3; i++) {
    const response = await scene.get(path).catch(() => undefined);
    if (response?.status === 200) assert.equal(response.text, 'page');
  }
  const other = newPath();
  scene.on(other, (_request, answer) => answer.send(200, [], 'sound'));
  for (let i = 0; i < 3; i++) assert.equal((await scene.get(other)).text, 'sound');
});

test('a 304 for one variant makes no other one fresh', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    const language = request.get('accept-language') ?? '';
    const fields: Field[] = [STALE, ['Vary', 'Accept-Language'], ['ETag', `"${language}"`]];
    return request.get('if-none-match') === `"${language}"`
      ? answer.head(304, fields)
      : answer.send(200, fields, language);
  });
  for (let round = 0; round < 3; round++)
    for (const language of ['de', 'en', 'fr'])
      assert.equal((await scene.get(path, [['Accept-Language', language]])).text, language);
});

test('answers on one connection stay apart, whatever stands between them', async () => {
  const path = newPath();
  scene.on(path, (_request, answer) => answer.send(200, [FRESH, ['ETag', '"v"']], 'page'));
  await scene.get(path);
  const client = await openClient({ after }, scene.lb.port);
  for (const fields of [
    [['If-None-Match', '"v"']],
    [['If-None-Match', '*']],
    [['If-None-Match', '"x"']],
    [['If-Match', '"x"']],
  ] as Field[][]) {
    client.send(requestText('GET', path, fields));
    const response = await client.response();
    assert.equal(response.text, response.status === 200 ? 'page' : '');
  }
});

// RFC 9111 section 4.3.4
test('a 304 to the one ETag that was asked for is about that, whatever it calls itself; the stored ETag stays', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    if (request.get('if-none-match') === undefined) return answer.send(200, [STALE, ['ETag', '"1-gzip"']], 'version 1');
    return answer.head(304, [FRESH, ['ETag', '"1"']]);
  });
  await scene.get(path);
  await scene.get(path);
  const hit = await scene.get(path);
  assert.deepEqual([hit.text, hit.get('etag'), hit.get('cache-status')], ['version 1', '"1-gzip"', HIT]);
});

test('a 304 with a strong ETag, where the stored page has none, does not renew it', async () => {
  const path = newPath();
  const modified: Field = ['Last-Modified', 'Thu, 01 Jan 2015 00:00:00 GMT'];
  scene.on(path, (request, answer) => {
    if (request.get('if-modified-since') === undefined) return answer.send(200, [STALE, modified], 'version 1');
    return answer.head(304, [FRESH, modified, ['ETag', '"2"']]);
  });
  await scene.get(path);
  await scene.get(path);
  scene.on(path, (_request, answer) => answer.send(200, [FRESH, ['ETag', '"2"']], 'version 2'));
  assert.equal((await scene.get(path)).text, 'version 2');
});

test('a 304 with another Last-Modified, without ETag, does not renew the stored one', async () => {
  const path = newPath();
  const modified = (second: number): Field => ['Last-Modified', `Thu, 01 Jan 2015 00:00:0${second} GMT`];
  scene.on(path, (request, answer) => {
    if (request.get('if-modified-since') === undefined) return answer.send(200, [STALE, modified(1)], 'version 1');
    return answer.head(304, [FRESH, modified(2)]);
  });
  await scene.get(path);
  await scene.get(path);
  scene.on(path, (_request, answer) => answer.send(200, [FRESH, modified(2)], 'version 2'));
  assert.equal((await scene.get(path)).text, 'version 2');
});
