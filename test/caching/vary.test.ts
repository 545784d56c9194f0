// Variants: which fields of a request select a stored answer (RFC 9111 section 4.1).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, type Field, type Handler, startScene } from './scene.ts';

const scene = await startScene({ after });
const FRESH: Field = ['Cache-Control', 'max-age=60'];

/** Answers with what the origin saw of a field, which it says that the answer varies by. */
function echo(name: string, vary = name): Handler {
  return (request, answer) => answer.send(200, [FRESH, ['Vary', vary]], `${request.get(name)}`);
}

test('two variants are stored side by side', async () => {
  scene.on('/lang', echo('Accept-Language'));
  for (const expected of [/^lb; fwd=(uri|vary)-miss; stored$/, /^lb; hit$/]) {
    for (const language of ['de', 'en', 'fr']) {
      const response = await scene.get('/lang', [['Accept-Language', language]]);
      assert.match(cacheStatus(response), expected);
      assert.equal(response.text, language);
    }
  }
  const none = await scene.get('/lang');
  assert.deepEqual([none.text, cacheStatus(none)], ['undefined', 'lb; fwd=vary-miss; stored']);
  assert.equal((await scene.get('/lang', [['Accept-Language', 'EN']])).text, 'en');
  assert.equal(scene.asked('/lang').length, 4);
});

test('a variant is selected by all fields together, and by no other', async () => {
  scene.on('/two', (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'X-A'], ['Vary', 'X-B']], `${request.get('x-a')} ${request.get('x-b')}`),
  );
  const ask = (a: string, b: string, c: string) =>
    scene.get('/two', [
      ['X-A', a],
      ['X-B', b],
      ['X-C', c],
    ]);
  for (const [a, b] of ['11', '12', '21', '22']) assert.equal((await ask(a, b, '1')).text, `${a} ${b}`);
  for (const [a, b] of ['11', '12', '21', '22']) {
    const response = await ask(a, b, '2');
    assert.deepEqual([response.text, cacheStatus(response)], [`${a} ${b}`, 'lb; hit']);
  }
});

test('Accept-Encoding falls into few buckets, and the origin is asked for the bucket', async () => {
  scene.on('/coded', echo('Accept-Encoding'));
  const ask = async (value?: string) => {
    const response = await scene.get('/coded', value === undefined ? [] : [['Accept-Encoding', value]]);
    return [response.text, cacheStatus(response).includes('hit')];
  };
  assert.deepEqual(await ask('gzip, br'), ['br, gzip', false]);
  assert.deepEqual(await ask('br;q=0.9, x-unknown, gzip;q=0.1'), ['br, gzip', true]);
  assert.deepEqual(await ask('gzip, br;q=0'), ['gzip', false]);
  assert.deepEqual(await ask('GZIP'), ['gzip', true]);
  assert.deepEqual(await ask(), ['identity', false]);
  assert.deepEqual(await ask('deflate'), ['identity', true]);
});

test('a field in several lines counts whole', async () => {
  scene.on('/lines', echo('X-Thing'));
  const ask = async (...values: string[]) => {
    const response = await scene.get(
      '/lines',
      values.map((value): Field => ['X-Thing', value]),
    );
    return response.text;
  };
  assert.equal(await ask('a', 'evil'), 'a, evil');
  assert.equal(await ask('a'), 'a');
  assert.equal(await ask('a', 'evil'), 'a, evil');
  assert.equal(await ask('evil', 'a'), 'evil, a');
  assert.equal(await ask('a,evil'), 'a, evil', 'joined lines are the same list');
  assert.equal(await ask('a'), 'a');
});

test('a value that looks like a key part runs into no other', async () => {
  scene.on('/tricky', (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'X-A, X-B']], `${request.get('x-a')}/${request.get('x-b')}`),
  );
  const asks: [string, string][] = [
    ['', 'x'],
    ['1:ax-b=1:b', ''],
    ['a', 'b'],
    ['a|b', ''],
  ];
  for (let round = 0; round < 2; round++) {
    for (const [a, b] of asks) {
      const response = await scene.get('/tricky', [
        ['X-A', a],
        ['X-B', b],
      ]);
      assert.equal(response.text, `${a}/${b}`);
    }
  }
});

test('a change of Vary is followed', async () => {
  let vary = 'X-A';
  scene.on('/moving', (request, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=0'],
        ['ETag', '"new"'],
        ['Vary', vary],
      ],
      `${request.get('x-a')}${request.get('x-b')}`,
    ),
  );
  const ask = async (a: string, b: string) =>
    (
      await scene.get('/moving', [
        ['X-A', a],
        ['X-B', b],
      ])
    ).text;
  assert.equal(await ask('1', '1'), '11');
  vary = 'X-B';
  assert.equal(await ask('1', '2'), '12');
  assert.equal(await ask('1', '1'), '11');
  assert.equal(await ask('2', '2'), '22');
});

test('the answer of one variant, no longer varying, is not taken for another', async () => {
  let vary: Field[] = [['Vary', 'X-A']];
  scene.on('/once', (request, answer) => answer.send(200, [FRESH, ...vary], `${request.get('x-a')}`));
  assert.equal((await scene.get('/once', [['X-A', '1']])).text, '1');
  vary = [];
  assert.equal((await scene.get('/once', [['X-A', '2']])).text, '2');
  assert.equal((await scene.get('/once', [['X-A', '1']])).text, '1');
  assert.equal((await scene.get('/once', [['X-A', '2']])).text, '2');
});

test('each variant is validated by its own ETag', async () => {
  scene.on('/tags', (request, answer) => {
    const etag = `"${request.get('x-a')}"`;
    const fields: Field[] = [
      ['Cache-Control', 'max-age=0'],
      ['Vary', 'X-A'],
      ['ETag', etag],
    ];
    return request.get('if-none-match') === etag ? answer.head(304, fields) : answer.send(200, fields, etag);
  });
  for (const round of [1, 2, 3]) {
    for (const a of ['x', 'y']) {
      const response = await scene.get('/tags', [['X-A', a]]);
      assert.equal(response.text, `"${a}"`);
      if (round > 1) assert.match(cacheStatus(response), /fwd-status=304/);
    }
  }
});

test('Vary: * is never stored', async () => {
  scene.on('/star', echo('X-A', 'X-B, *'));
  await scene.get('/star', [['X-A', '1']]);
  const second = await scene.get('/star', [['X-A', '2']]);
  assert.equal(second.text, '2');
  assert.match(cacheStatus(second), /fwd=/);
});

test('a purge of the URL takes all variants', async () => {
  scene.on('/purged', echo('X-A'));
  const ask = (a: string) => scene.get('/purged', [['X-A', a]]);
  for (const a of ['1', '2', '3']) await ask(a);
  for (const a of ['1', '2', '3']) assert.equal(cacheStatus(await ask(a)), 'lb; hit');
  assert.equal((await scene.lb.admin.fetch('DELETE', '/cache/purged?host=site.test')).status, 200);
  for (const a of ['1', '2', '3']) assert.match(cacheStatus(await ask(a)), /^lb; fwd=.*miss; stored/);
});

test('a value that is empty or not ASCII selects its own variant', async () => {
  scene.on('/utf', echo('X-A'));
  for (const expected of [/-miss; stored$/, /^lb; hit$/]) {
    for (const a of ['"\u00c3\u00a9"', '"\u00e6\u0097\u00a5"', '"e"', '']) {
      const response = await scene.get('/utf', [['X-A', a]]);
      assert.equal(response.text, a);
      assert.match(cacheStatus(response), expected);
    }
  }
});
