// Requests made to fail, so that the failure would be stored in the page's place.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, type Handler, startScene } from '../caching/scene.ts';
import { openClient, requestText } from '../support/client.ts';
import { checkStillCached, FRESH, HIT, isFromOrigin, newPath } from './attack.ts';

const scene = await startScene(
  { after },
  { cache: { forced: { match: '/forced/*', ttl: '1h', override: true, force: true } } },
);
const PUBLIC: Field[] = [
  ['Cache-Control', 'public, max-age=600, s-maxage=600'],
  ['ETag', '"x"'],
];

/** Answers with an error to whoever sends X-Attack, well to others. */
function attacked(status: number, fields: readonly Field[] = PUBLIC): Handler {
  return (request, answer) =>
    request.get('x-attack') === undefined ? answer.send(200, [FRESH], 'page') : answer.send(status, fields, 'error');
}

for (const status of [400, 408, 413, 425, 428, 429, 431, 407, 511]) {
  test(`${status} is never stored, whatever its fields and the rules say`, async () => {
    for (const prefix of ['', '/forced']) {
      const path = prefix + newPath();
      scene.on(path, attacked(status));
      assert.equal((await scene.get(path, [['X-Attack', '1']])).status, status);
      const victim = await scene.get(path);
      assert.deepEqual([victim.status, victim.text], [200, 'page'], path);
    }
  });

  test(`${status} to the renewal of a stored page takes nothing from others`, async () => {
    const path = newPath();
    scene.on(path, (request, answer) =>
      request.get('x-attack') === undefined
        ? answer.send(
            200,
            [
              ['Cache-Control', 'max-age=0'],
              ['ETag', '"p"'],
            ],
            'page',
          )
        : answer.send(status, PUBLIC, 'error'),
    );
    await scene.get(path);
    assert.equal((await scene.get(path, [['X-Attack', '1']])).status, status);
    const victim = await scene.get(path);
    assert.deepEqual([victim.status, victim.text], [200, 'page']);
  });
}

for (const status of [401, 403, 404, 405, 410, 414, 416, 417, 500, 501, 502, 503, 504]) {
  test(`${status} without a lifetime is not stored, by no rule`, async () => {
    for (const prefix of ['', '/forced']) {
      const path = prefix + newPath('.css');
      scene.on(path, attacked(status, [['Content-Type', 'text/css']]));
      assert.equal((await scene.get(path, [['X-Attack', '1']])).status, status);
      assert.equal((await scene.get(path)).text, 'page', path);
    }
  });
}

test('what lb itself refuses is neither stored nor sent on, and the page stays', async () => {
  const refused: [string, Field[], number[]][] = [
    ['oversized field', [['X-Big', 'x'.repeat(20_000)]], [431]],
    ['many fields', Array.from({ length: 200 }, (_, i): Field => [`X-${i}`, '1']), [431]],
    ['control byte', [['X-Meta', 'a\x07b']], [400]],
    ['NUL', [['X-Meta', 'a\0b']], [400]],
    ['bare CR', [['X-Meta', 'a\rX-Attack: 1']], [400]],
    ['bare LF', [['X-Meta', 'a\nX-Attack: 1']], [400]],
    ['no UTF-8', [['X-Meta', 'a\xffb']], [400]],
    ['an unknown expectation', [['Expect', 'evil']], [417]],
    [
      'two lengths',
      [
        ['Content-Length', '0'],
        ['Content-Length', '1'],
      ],
      [400],
    ],
  ];
  for (const [what, fields, statuses] of refused) {
    const path = newPath();
    scene.on(path, attacked(400));
    const client = await openClient({ after }, scene.lb.port);
    client.send(requestText('GET', path, fields));
    client.socket.end();
    const response = await client.head();
    // without an answer the connection has ended
    if (response !== undefined) assert.ok(statuses.includes(response.status), `${what}: ${response.status}`);
    assert.deepEqual(scene.asked(path), [], what);
    assert.equal((await scene.get(path)).text, 'page', what);
    await checkStillCached(scene, path);
  }
});

test('a target over the limit is refused and leaves no trace', async () => {
  const path = newPath();
  scene.on(path, attacked(414));
  assert.equal((await scene.get(`${path}?${'x'.repeat(17_000)}`)).status, 414);
  await checkStillCached(scene, path);
});

test('a redirect made by an unkeyed field does not replace the page', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    const scheme = request.get('x-forwarded-scheme') ?? request.get('x-forwarded-proto');
    return scheme === 'http' ? answer.send(200, [FRESH], 'page') : answer.send(301, [FRESH, ['Location', path]], '');
  });
  await scene.get(path, [
    ['X-Forwarded-Scheme', 'nothttps'],
    ['X-Forwarded-Proto', 'ftp'],
  ]);
  assert.equal((await scene.get(path)).text, 'page');
});

test('a method override on a GET is not heard by the origin', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    const method =
      request.get('x-http-method-override') ?? request.get('x-http-method') ?? request.get('x-method-override');
    return method === undefined ? answer.send(200, [FRESH], 'page') : answer.send(404, [FRESH], 'no such thing');
  });
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])
    for (const value of ['POST', 'HEAD', 'DELETE', 'EVIL']) await scene.get(path, [[name, value]]);
  await checkStillCached(scene, path);
  assert.equal((await scene.get(path)).text, 'page');
});

test('the answer to a wrong Accept or range does not become everybody’s', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    if (request.get('range') !== undefined) return answer.send(416, [FRESH, ['Content-Range', 'bytes */4']], 'range');
    return answer.send(200, [FRESH, ['Vary', 'Accept']], 'page');
  });
  for (const range of ['bytes=99-', 'bytes=a-', `bytes=${'0-,'.repeat(200)}0-`])
    await scene.get(path, [['Range', range]]);
  await checkStillCached(scene, path);
  assert.equal((await scene.get(path, [['Accept', 'evil/*']])).text, 'page');
});

test('an error of the origin to one client is no answer to those who wait with it', async () => {
  const path = newPath();
  const asked: string[] = [];
  scene.on(path, async (request, answer) => {
    asked.push(request.get('x-attack') ?? 'good');
    await new Promise((resolve) => setTimeout(resolve, 20));
    return attacked(400)(request, answer);
  });
  const attack = scene.get(path, [['X-Attack', '1']]);
  await scene.origin.request(scene.origin.requests.length);
  const victims = await Promise.all([1, 2, 3].map(() => scene.get(path)));
  assert.equal((await attack).status, 400);
  for (const victim of victims) assert.deepEqual([victim.status, victim.text], [200, 'page']);
});

test('a stored page is served whatever odd fields a request has', async () => {
  const path = newPath();
  scene.on(path, attacked(400));
  await scene.get(path);
  for (const field of [
    ['X-Attack', '1'],
    ['X-Big', 'x'.repeat(3000)],
    ['Accept', 'evil'],
    ['Cookie', 'evil'],
  ] as Field[]) {
    const response = await scene.get(path, [field]);
    assert.deepEqual([response.get('cache-status'), response.text], [HIT, 'page']);
  }
  assert.ok(isFromOrigin(await scene.get(path, [], { method: 'POST' })));
});

// an answer to one sender's bytes says nothing about the page
for (const status of [400, 408, 413, 425, 428, 429, 431, 416, 417, 405, 401, 403]) {
  test(`${status} to one request does not keep the page out of the cache`, async () => {
    const path = newPath();
    scene.on(path, (request, answer) =>
      request.get('x-attack') === undefined ? answer.send(200, [FRESH], 'page') : answer.send(status, [], 'error'),
    );
    assert.equal((await scene.get(path, [['X-Attack', '1']])).status, status);
    await checkStillCached(scene, path);
  });
}
