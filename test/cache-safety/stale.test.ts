// Stale pages, refreshes in the background, and what clients say about freshness: still nobody's answer but their own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { FRESH, isFromOrigin, newPath } from './attack.ts';

const scene = await startScene(
  { after },
  {
    cache: {
      stale_if_error: '1m',
      negative_ttl: '1m',
      error_ttl: '10s',
      client: { match: '/client/*', client_directives: true, ttl: '1m' },
    },
  },
);
const SWR: Field[] = [
  ['Cache-Control', 'max-age=1, stale-while-revalidate=60'],
  ['Age', '2'],
];

test('a refresh in the background stores nothing that is one person’s', async () => {
  for (const [asker, fields] of [
    [[['Authorization', 'Bearer a']], [FRESH]],
    [[['Cookie', 'own']], [['Cache-Control', 'private']]],
    [[['Cookie', 'own']], [FRESH, ['Set-Cookie', 'own=1']]],
  ] as [Field[], Field[]][]) {
    const path = newPath();
    let count = 0;
    scene.on(path, (request, answer) =>
      count++ === 0
        ? answer.send(200, [...SWR, ['ETag', '"1"']], 'page')
        : answer.send(200, fields, `own ${request.get('cookie')} ${request.get('authorization')}`),
    );
    await scene.get(path);
    const stale = await scene.get(path, asker);
    await until(() => scene.asked(path).length >= 2, 'the refresh');
    await scene.lb.admin.idle();
    scene.on(path, (_request, answer) => answer.send(200, [FRESH], 'page 2'));
    const next = await scene.get(path);
    assert.doesNotMatch(next.text, /own/, `${stale.text}`);
    assert.equal(next.get('set-cookie'), undefined);
  }
});

test('an error that one request brings does not replace a page, nor a stale one that stands in for it', async () => {
  for (const status of [400, 401, 403, 404, 405, 410, 431, 500, 503]) {
    const path = newPath();
    scene.on(path, (request, answer) =>
      request.get('x-attack') === undefined
        ? answer.send(
            200,
            [
              ['Cache-Control', 'max-age=1'],
              ['Age', '2'],
              ['ETag', '"1"'],
            ],
            'page',
          )
        : answer.send(status, [], 'error'),
    );
    await scene.get(path);
    await scene.get(path, [['X-Attack', '1']]);
    const next = await scene.get(path);
    if (![404, 410].includes(status)) assert.deepEqual([next.status, next.text], [200, 'page'], String(status));
  }
});

test('what clients write into Cache-Control stores nothing that must not be stored, nor serves it', async () => {
  for (const value of [
    'max-age=999',
    'max-stale',
    'max-stale=999',
    'only-if-cached',
    'public',
    's-maxage=99',
    'min-fresh=0',
    'stale-if-error=999',
  ]) {
    for (const prefix of ['', '/client']) {
      const path = prefix + newPath();
      let count = 0;
      scene.on(path, (_request, answer) =>
        answer.send(200, [['Cache-Control', 'private, max-age=60']], `own ${++count}`),
      );
      const asked: Field[] = [['Cache-Control', value]];
      await scene.get(path, asked);
      const second = await scene.get(path, asked);
      assert.ok(second.text !== 'own 1' && isFromOrigin(second), `${value}: ${second.text}`);
      const must = prefix + newPath();
      let version = 0;
      scene.on(must, (_request, answer) =>
        answer.send(
          200,
          [
            ['Cache-Control', 'max-age=1, must-revalidate'],
            ['Age', '2'],
            ['ETag', `"${++version}"`],
          ],
          `version ${version}`,
        ),
      );
      await scene.get(must);
      const again = await scene.get(must, asked);
      assert.ok(again.text === 'version 2' || again.status === 504, `${value}: ${again.text}`);
    }
  }
});

test('no-store of a client keeps its answer out, where clients may say so', async () => {
  const path = `/client${newPath()}`;
  let count = 0;
  scene.on(path, (_request, answer) => answer.send(200, [FRESH], String(++count)));
  await scene.get(path, [['Cache-Control', 'no-store']]);
  assert.equal((await scene.get(path)).text, '2');
});
