// What HEAD says of a stored answer, and answers to POST that are stored for GET.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { Gate } from './gate.ts';
import { cacheStatus, type Field, startScene } from './scene.ts';

const scene = await startScene({ after }, { workers: 2, cache: { store_posted: true } });
const plain = await startScene({ after });
const stale = (...fields: Field[]): Field[] => [['Cache-Control', 'max-age=10'], ['Age', '12'], ...fields];

test('HEAD on a stale answer goes on as HEAD, and what it says makes the stored one fresh', async () => {
  scene.on('/head', (request, answer) => {
    const fields: Field[] = [
      ['ETag', '"h"'],
      ['X-Round', request.method],
    ];
    if (request.method === 'HEAD')
      return answer.head(200, [['Cache-Control', 'max-age=60'], ['Content-Length', '4'], ...fields]);
    return answer.send(200, stale(...fields), 'body');
  });
  await scene.get('/head');
  const head = await scene.head('/head');
  assert.deepEqual([head.status, head.get('content-length')], [200, '4']);
  const hit = await scene.get('/head');
  assert.deepEqual([hit.text, hit.get('x-round'), cacheStatus(hit)], ['body', 'HEAD', 'lb; hit']);
  assert.deepEqual(
    scene.asked('/head').map(({ method }) => method),
    ['GET', 'HEAD'],
  );
});

for (const [name, fields] of [
  [
    'another ETag',
    [
      ['ETag', '"other"'],
      ['Content-Length', '4'],
    ],
  ],
  [
    'another length',
    [
      ['ETag', '"h"'],
      ['Content-Length', '5'],
    ],
  ],
] as [string, Field[]][]) {
  test(`HEAD with ${name} makes the stored answer invalid`, async () => {
    const target = `/head-${name.length}`;
    let down = false;
    scene.on(target, (request, answer) => {
      if (down) return void answer.socket.destroy();
      if (request.method === 'HEAD') return answer.head(200, [['Cache-Control', 'max-age=60'], ...fields]);
      return answer.send(200, stale(['ETag', '"h"']), 'body');
    });
    await scene.get(target);
    await scene.head(target);
    down = true;
    // else it would stand in for the origin
    assert.equal((await scene.get(target)).status, 502);
  });
}

test('HEAD when the origin fails gets the stale answer, as GET does', async () => {
  let down = false;
  scene.on('/head-down', (_request, answer) => {
    if (down) answer.socket.destroy();
    else void answer.send(200, stale(), 'body');
  });
  await scene.get('/head-down');
  down = true;
  const head = await scene.head('/head-down');
  assert.deepEqual([head.status, head.get('content-length')], [200, '4']);
  assert.match(cacheStatus(head), /stale-if-error/);
});

const post = (target: string) => scene.get(target, [['Content-Length', '2']], { method: 'POST', body: 'hi' });

test('an answer to POST that is what GET would get is stored for it', async () => {
  for (const location of ['/post', 'http://HOST/post']) {
    scene.on('/post', (request, answer) =>
      answer.send(
        200,
        [
          ['Cache-Control', 'max-age=60'],
          ['Content-Location', location.replace('HOST', request.get('host') ?? '')],
        ],
        request.method,
      ),
    );
    assert.equal((await post('/post')).text, 'POST');
    const hit = await scene.get('/post');
    assert.deepEqual([hit.text, cacheStatus(hit)], ['POST', 'lb; hit'], location);
  }
});

for (const [name, fields] of [
  ['without Content-Location', [['Cache-Control', 'max-age=60']]],
  [
    'of another resource',
    [
      ['Cache-Control', 'max-age=60'],
      ['Content-Location', '/else'],
    ],
  ],
  [
    'of another host',
    [
      ['Cache-Control', 'max-age=60'],
      ['Content-Location', 'http://other.test/p'],
    ],
  ],
  [
    'without lifetime',
    [
      ['Content-Location', ''],
      ['Last-Modified', 'Mon, 01 Jan 2024 00:00:00 GMT'],
    ],
  ],
  [
    'that is private',
    [
      ['Content-Location', ''],
      ['Cache-Control', 'private, max-age=60'],
    ],
  ],
  [
    'with a cookie',
    [
      ['Content-Location', ''],
      ['Cache-Control', 'max-age=60'],
      ['Set-Cookie', 'a=b'],
    ],
  ],
  [
    'that varies',
    [
      ['Content-Location', ''],
      ['Cache-Control', 'max-age=60'],
      ['Vary', 'Accept-Language'],
    ],
  ],
] as [string, Field[]][]) {
  test(`an answer to POST ${name} is not stored`, async () => {
    const target = `/post-${name.replaceAll(' ', '-')}`;
    scene.on(target, (request, answer) => answer.send(200, request.method === 'POST' ? fields : [], request.method));
    assert.equal((await post(target)).text, 'POST');
    assert.equal((await scene.get(target)).text, 'GET');
  });
}

test('an answer to POST that is cut short is not stored', async () => {
  scene.on('/post-cut', async (request, answer) => {
    if (request.method === 'GET') return answer.send(200, [], 'GET');
    await answer.head(200, [
      ['Cache-Control', 'max-age=60'],
      ['Content-Location', ''],
      ['Content-Length', '100'],
    ]);
    await answer.raw('part');
    answer.socket.destroy();
  });
  const broken = await post('/post-cut').catch(() => undefined);
  assert.notEqual(broken?.complete, true);
  assert.equal((await scene.get('/post-cut')).text, 'GET');
  await scene.lb.admin.idle();
});

test('without the setting no answer to POST is stored', async () => {
  plain.on('/post', (request, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=60'],
        ['Content-Location', '/post'],
      ],
      request.method,
    ),
  );
  await plain.get('/post', [['Content-Length', '2']], { method: 'POST', body: 'hi' });
  assert.equal((await plain.get('/post')).text, 'GET');
});

test('an answer to POST is not stored once another request has changed its target', async () => {
  const rest = new Gate();
  scene.on('/post-race', async (request, answer) => {
    if (request.method === 'PUT') return answer.send(204, [], '');
    if (request.method === 'GET') return answer.send(200, [], 'GET');
    await answer.head(200, [
      ['Cache-Control', 'max-age=60'],
      ['Content-Location', ''],
      ['Content-Length', '4'],
    ]);
    await answer.raw('PO');
    await rest.opened;
    await answer.raw('ST');
  });
  const posted = post('/post-race');
  await until(() => scene.asked('/post-race').length === 1, 'the POST to be sent');
  await scene.get('/post-race', [], { method: 'PUT' });
  rest.open();
  assert.equal((await posted).text, 'POST');
  assert.equal((await scene.get('/post-race')).text, 'GET');
});
