// Conditional and range requests answered from the cache, and stored answers validated with the origin.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { requestText } from '../support/client.ts';
import { type Answer, cacheStatus, counted, type Field, httpDate, startScene, validated } from './scene.ts';

const scene = await startScene({ after });
const FRESH: Field = ['Cache-Control', 'max-age=60'];
const STALE: Field = ['Cache-Control', 'max-age=0'];

test('If-None-Match is answered by 304 from the cache', async () => {
  const fields: Field[] = [FRESH, ['ETag', '"one"'], ['Content-Type', 'text/plain'], ['X-Kept', '1']];
  scene.on('/etag', counted(fields));
  await scene.get('/etag');
  for (const condition of ['"one"', 'W/"one"', '"zero", "one"', '*']) {
    const response = await scene.get('/etag', [['If-None-Match', condition]]);
    assert.deepEqual([response.status, response.text, cacheStatus(response)], [304, '', 'lb; hit'], condition);
    assert.equal(response.get('etag'), '"one"');
    assert.equal(response.get('x-kept'), '1');
    assert.equal(response.get('content-type'), undefined);
    assert.match(response.get('age') ?? '', /^\d+$/);
  }
  for (const condition of ['"two"', '"One"', 'one']) {
    const response = await scene.get('/etag', [['If-None-Match', condition]]);
    assert.deepEqual([response.status, response.text], [200, '1'], condition);
  }
  const head = await scene.head('/etag', [['If-None-Match', '"one"']]);
  assert.equal(head.status, 304);
  assert.equal(scene.asked('/etag').length, 1);
});

test('If-Modified-Since is answered by 304 from the cache, unless If-None-Match says otherwise', async () => {
  const modified = httpDate(-1000);
  scene.on('/date', counted([FRESH, ['Last-Modified', modified], ['ETag', '"d"']]));
  await scene.get('/date');
  const since = (date: string, ...more: Field[]) => scene.get('/date', [['If-Modified-Since', date], ...more]);
  assert.equal((await since(modified)).status, 304);
  assert.equal((await since(httpDate(-10))).status, 304);
  assert.equal((await since(httpDate(-2000))).status, 200);
  assert.equal((await since('yesterday')).status, 200);
  assert.equal((await since(modified, ['If-None-Match', '"other"'])).status, 200);
  assert.equal(scene.asked('/date').length, 1);
});

test('a condition on a miss: the whole is stored, the client gets its 304', async () => {
  scene.on('/cold', validated([FRESH], '"c"'));
  const response = await scene.get('/cold', [['If-None-Match', '"c"']]);
  assert.equal(response.status, 304);
  assert.equal(scene.asked('/cold')[0].get('if-none-match'), undefined);
  const hit = await scene.get('/cold');
  assert.deepEqual([hit.text, cacheStatus(hit)], ['1', 'lb; hit']);
});

test('a stale answer is confirmed by 304, and by its validators alone', async () => {
  const modified = httpDate(-1000);
  const fields: Field[] = [STALE, ['Last-Modified', modified]];
  scene.on('/confirm', validated(fields, '"x"'));
  await scene.get('/confirm');
  const again = await scene.get('/confirm', [
    ['If-None-Match', '"other"'],
    ['If-Range', '"x"'],
    ['If-Match', '"y"'],
  ]);
  assert.deepEqual([again.status, again.text], [200, '1']);
  const asked = scene.asked('/confirm')[1];
  assert.deepEqual(
    ['if-none-match', 'if-modified-since', 'if-range', 'if-match', 'range'].map((name) => asked.get(name)),
    ['"x"', modified, undefined, undefined, undefined],
  );
});

test('a 304 renews the lifetime', async () => {
  let control = 'max-age=0';
  scene.on('/renew', (request, answer) => {
    const fields: Field[] = [
      ['Cache-Control', control],
      ['ETag', '"r"'],
    ];
    return request.get('if-none-match') === undefined ? answer.send(200, fields, 'body') : answer.head(304, fields);
  });
  await scene.get('/renew');
  control = 'max-age=60';
  assert.match(cacheStatus(await scene.get('/renew')), /fwd=stale; fwd-status=304/);
  const hit = await scene.get('/renew');
  assert.deepEqual([cacheStatus(hit), hit.get('cache-control'), hit.text], ['lb; hit', 'max-age=60', 'body']);
});

test('a 304 in which nothing is new leaves the entry in place, with its Age from the new answer', async () => {
  const old: Field[] = [
    ['Cache-Control', 'max-age=100'],
    ['ETag', '"p"'],
  ];
  let age = 200;
  scene.on('/place', (request, answer) => {
    const fields: Field[] = [...old, ['Age', String(age)]];
    return request.get('if-none-match') === undefined ? answer.send(200, fields, 'body') : answer.head(304, fields);
  });
  await scene.get('/place');
  age = 50;
  const renewed = await scene.get('/place');
  assert.match(renewed.get('age') ?? '', /^5\d$/);
  const hit = await scene.get('/place');
  assert.equal(cacheStatus(hit), 'lb; hit');
  assert.match(hit.get('age') ?? '', /^5\d$/);
});

test('a 304 updates stored fields, but none that is bound to the body', async () => {
  scene.on('/update', (request, answer) =>
    request.get('if-none-match') === undefined
      ? answer.send(
          200,
          [STALE, ['ETag', '"u"'], ['X-A', 'old'], ['X-B', 'kept'], ['Content-Type', 'text/plain']],
          'body',
        )
      : answer.head(304, [FRESH, ['X-A', 'new'], ['X-A', 'newer'], ['X-C', 'more'], ['Content-Encoding', 'gzip']]),
  );
  await scene.get('/update');
  for (const expected of [/fwd-status=304/, /^lb; hit$/]) {
    const response = await scene.get('/update');
    assert.match(cacheStatus(response), expected);
    const fields = ['x-a', 'x-b', 'x-c', 'content-type', 'etag', 'content-encoding', 'content-length', 'via'];
    assert.deepEqual(
      fields.map((name) => response.get(name)),
      ['new, newer', 'kept', 'more', 'text/plain', '"u"', undefined, '4', '1.1 lb'],
    );
    assert.equal(response.text, 'body');
  }
});

test("a 304 keeps the origin's Cache-Status before ours", async () => {
  const upstream: Field = ['Cache-Status', 'Shield; hit'];
  scene.on('/shield', (request, answer) =>
    request.get('if-none-match') === undefined
      ? answer.send(200, [STALE, ['ETag', '"s"'], upstream], 'body')
      : answer.head(304, [FRESH, ['X-New', '1'], upstream]),
  );
  assert.match(cacheStatus(await scene.get('/shield')), /^Shield; hit, lb; fwd=uri-miss/);
  assert.match(cacheStatus(await scene.get('/shield')), /^Shield; hit, lb; fwd=stale/);
  assert.equal(cacheStatus(await scene.get('/shield')), 'Shield; hit, lb; hit');
});

test('a stale answer is replaced by a 200', async () => {
  scene.on('/replace', counted([STALE, ['ETag', '"never-the-same"']]));
  for (const text of ['1', '2', '3']) {
    const response = await scene.get('/replace');
    assert.equal(response.text, text);
    assert.match(cacheStatus(response), text === '1' ? /fwd=uri-miss/ : /fwd=stale/);
  }
});

test('a 304 with no-store takes the answer out of the cache', async () => {
  scene.on('/revoked', (request, answer) =>
    request.get('if-none-match') === undefined
      ? answer.send(200, [STALE, ['ETag', '"s"']], 'body')
      : answer.head(304, [
          ['Cache-Control', 'no-store'],
          ['ETag', '"s"'],
        ]),
  );
  await scene.get('/revoked');
  const second = await scene.get('/revoked');
  assert.deepEqual([second.status, second.text], [200, 'body']);
  const before = scene.asked('/revoked').length;
  await scene.get('/revoked');
  assert.equal(scene.asked('/revoked')[before].get('if-none-match'), undefined);
});

test('a client with Authorization validates for itself and throws nothing away', async () => {
  scene.on('/auth', validated([STALE], '"a"'));
  await scene.get('/auth');
  assert.equal((await scene.get('/auth', [['Authorization', 'x']])).status, 200);
  assert.match(cacheStatus(await scene.get('/auth')), /fwd=stale; fwd-status=304/);
});

test('a 304 that nobody asked for is an error of the origin', async () => {
  scene.on('/unasked', (_request, answer) => answer.head(304, [FRESH, ['ETag', '"q"']]));
  const response = await scene.get('/unasked');
  assert.equal(response.status, 502);
  assert.match(response.get('proxy-status') ?? '', /http_protocol_error/);
  assert.equal((await scene.get('/unasked')).status, 502);
});

test('nor is it the answer to a request that goes past the cache without a condition', async () => {
  let status = 200;
  scene.on('/odd', (_request, answer) =>
    status === 200 ? answer.send(200, [['Cache-Control', 'no-store']], 'x') : answer.head(304, []),
  );
  for (let i = 0; i < 2; i++) await scene.get('/odd');
  status = 304;
  assert.equal((await scene.get('/odd')).status, 502);
  assert.equal((await scene.get('/odd', [['If-None-Match', '"x"']])).status, 304);
});

test('HEAD of something stale that is not for storing any more: the body is not fetched to its end', async () => {
  let givenUp: Promise<void> | undefined;
  const sendOn = (answer: Answer) =>
    until(async () => {
      await answer.chunk('part');
      return answer.socket.destroyed;
    }, 'the fetch to be given up');
  scene.on('/head-private', async (_request, answer) => {
    if (scene.asked('/head-private').length === 1) return answer.send(200, [STALE, ['ETag', '"h"']], 'x');
    await answer.head(200, [
      ['Cache-Control', 'private'],
      ['Transfer-Encoding', 'chunked'],
    ]);
    givenUp = sendOn(answer);
    await givenUp;
  });
  await scene.get('/head-private');
  const head = await scene.head('/head-private');
  assert.deepEqual([head.status, head.get('cache-control')], [200, 'private']);
  assert.ok(givenUp !== undefined);
  await givenUp;
});

test('an error of the origin does not take a stale answer out of the cache', async () => {
  let broken = false;
  const good = validated([['Cache-Control', 'max-age=0, must-revalidate']], '"b"');
  scene.on('/broken', (request, answer) => (broken ? answer.send(503, [], 'sorry') : good(request, answer)));
  await scene.get('/broken');
  broken = true;
  assert.equal((await scene.get('/broken')).status, 503);
  broken = false;
  assert.match(cacheStatus(await scene.get('/broken')), /fwd=stale; fwd-status=304/);
});

test('ranges of a stored answer', async () => {
  const body = Buffer.alloc(300_000, 'abcdefghijklmnopqrstuvw');
  scene.on('/range', (_request, answer) =>
    answer.send(200, [FRESH, ['ETag', '"r"'], ['Accept-Ranges', 'bytes']], body),
  );
  await scene.get('/range');
  const range = (value: string, ...more: Field[]) => scene.get('/range', [['Range', value], ...more]);
  for (const [value, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=5-9', 5, 10],
    ['bytes=-7', 299_993, 300_000],
    ['bytes=299990-', 299_990, 300_000],
    ['bytes=299990-400000', 299_990, 300_000],
    ['bytes=16000-250000', 16_000, 250_001],
    ['bytes=0-', 0, 300_000],
    ['bytes=-999999', 0, 300_000],
  ] as const) {
    const response = await range(value);
    assert.deepEqual([response.status, cacheStatus(response)], [206, 'lb; hit'], value);
    assert.equal(response.get('content-range'), `bytes ${start}-${end - 1}/300000`);
    assert.equal(response.get('content-length'), String(end - start));
    assert.ok(response.body.equals(body.subarray(start, end)), value);
  }
  for (const value of ['bytes=300000-', 'bytes=-0']) {
    const response = await range(value);
    assert.deepEqual([response.status, response.get('content-range')], [416, 'bytes */300000'], value);
    assert.match(cacheStatus(response), /^lb; hit/);
  }
  for (const value of ['bytes=9-5', 'lines=1-2', 'bytes=a-b', 'bytes=0-5,5-6']) {
    const response = await range(value);
    assert.ok(response.status === 200 && response.body.length === 300_000, value);
  }
  assert.equal((await range('bytes=0-1', ['If-Range', '"r"'])).status, 206);
  assert.equal((await range('bytes=0-1', ['If-Range', '"s"'])).status, 200);
  assert.equal((await range('bytes=0-1', ['If-Range', 'W/"r"'])).status, 200);
  assert.equal((await range('bytes=0-1', ['If-None-Match', '"r"'])).status, 304);
  assert.equal(scene.asked('/range').length, 1);
  assert.equal((await scene.head('/range', [['Range', 'bytes=0-1']])).status, 200);
});

test('a range of what is not stored is passed on and not stored', async () => {
  scene.on('/cold-range', (request, answer) =>
    request.get('range') === 'bytes=1-2'
      ? answer.send(206, [FRESH, ['Content-Range', 'bytes 1-2/4']], 'bc')
      : answer.send(200, [FRESH], 'abcd'),
  );
  const part = await scene.get('/cold-range', [['Range', 'bytes=1-2']]);
  assert.deepEqual([part.status, part.text, part.get('content-range')], [206, 'bc', 'bytes 1-2/4']);
  assert.equal((await scene.get('/cold-range')).text, 'abcd');
  assert.equal((await scene.get('/cold-range', [['Range', 'bytes=1-2']])).text, 'bc');
  assert.equal(scene.asked('/cold-range').length, 2);
});

test('a range of something stale is answered once that is validated', async () => {
  scene.on('/stale-range', validated([STALE]));
  await scene.get('/stale-range');
  const part = await scene.get('/stale-range', [['Range', 'bytes=0-0']]);
  assert.deepEqual([part.status, part.text, part.get('content-range')], [206, '1', 'bytes 0-0/1']);
  assert.match(cacheStatus(part), /^lb; fwd=stale; fwd-status=304/);
});

test('one connection carries answers of every kind', async () => {
  const large = 'x'.repeat(200_000);
  scene.on('/mixed', (_request, answer) => answer.send(200, [FRESH, ['ETag', '"m"']], large));
  scene.on('/mixed-none', (_request, answer) => answer.head(204, [FRESH]));
  scene.on('/mixed-empty', (_request, answer) => answer.send(200, [FRESH], ''));
  scene.on('/mixed-own', counted([['Cache-Control', 'private']]));
  const client = await scene.open();
  const asks: [method: string, target: string, fields: Field[], status: number, length: number][] = [
    ['HEAD', '/mixed', [], 200, 0],
    ['GET', '/mixed', [['If-None-Match', '"m"']], 304, 0],
    ['GET', '/mixed', [], 200, large.length],
    ['HEAD', '/mixed', [], 200, 0],
    ['GET', '/mixed', [['If-None-Match', '"m"']], 304, 0],
    ['GET', '/mixed', [['Range', 'bytes=1-3']], 206, 3],
    ['GET', '/mixed', [['Range', 'bytes=1-180000']], 206, 180_000],
    ['GET', '/mixed', [['Range', 'bytes=200000-']], 416, 0],
    ['GET', '/mixed-none', [], 204, 0],
    ['GET', '/mixed-none', [], 204, 0],
    ['GET', '/mixed-empty', [], 200, 0],
    ['GET', '/mixed-empty', [], 200, 0],
    ['HEAD', '/mixed-empty', [], 200, 0],
    ['GET', '/mixed-own', [], 200, 1],
    ['HEAD', '/mixed-own', [], 200, 0],
    ['GET', '/mixed', [], 200, large.length],
  ];
  for (const [method, target, fields, status, length] of [...asks, ...asks]) {
    client.send(requestText(method, target, fields));
    const response = await client.response(method);
    const what = `${method} ${target} ${fields.join()}`;
    assert.deepEqual([response.status, response.body.length, response.complete], [status, length, true], what);
  }
});

test('a target as long as lb takes is stored, too', async () => {
  const target = `/long?${'q'.repeat(7000)}`;
  scene.on('/long', counted([FRESH]));
  await scene.get(target);
  const second = await scene.get(target);
  assert.deepEqual([second.text, cacheStatus(second)], ['1', 'lb; hit']);
});
