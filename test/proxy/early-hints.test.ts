// 103 with the links of an earlier answer, for navigations that wait for the origin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient, requestText } from '../support/client.ts';
import { type Field, readHead } from '../support/message.ts';
import { sharedPair } from '../support/pair.ts';

const LINK = '</a.css>; rel=preload; as=style';
const NAVIGATE: Field = ['Sec-Fetch-Mode', 'navigate'];
const HTML: Field[] = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Link', `${LINK}, </next>; rel=next`],
];
const pair = sharedPair({ early_hints: true, workers: 2 });

async function purge(item: object, soft = false): Promise<void> {
  const url = `http://127.0.0.1:${pair.lb.admin.port}/purge`;
  const { status } = await fetch(url, { method: 'POST', body: JSON.stringify({ purge: [item], soft }) });
  assert.equal(status, 200);
}

interface Got {
  hints: string[] | undefined;
  status: number;
}

/** One request; what a 103 before its answer said. */
async function ask(t: Parameters<typeof openClient>[0], target: string, fields: Field[] = [NAVIGATE]): Promise<Got> {
  const client = await openClient(t, pair.port);
  client.send(requestText('GET', target, fields));
  let hints: string[] | undefined;
  for (;;) {
    const head = await readHead(client.reader);
    assert.ok(head !== undefined);
    const status = Number(head.start.split(' ')[1]);
    if (status === 103) hints = head.all('link');
    else {
      client.close();
      return { hints, status };
    }
  }
}

const page = (cacheControl: string, more: Field[] = []) =>
  pair.script((_, answer) => answer.send(200, [...HTML, ['Cache-Control', cacheControl], ...more], '<p>'));

test('a page that is not stored: those who come later are told its links', async (t) => {
  page('no-cache');
  assert.deepEqual(await ask(t, '/dynamic'), { hints: undefined, status: 200 });
  for (let i = 0; i < 4; i++) assert.deepEqual(await ask(t, '/dynamic'), { hints: [LINK], status: 200 });
  assert.equal((await ask(t, '/dynamic', [])).hints, undefined, 'only navigations');
  assert.equal((await ask(t, '/dynamic', [['Sec-Fetch-Mode', 'cors']])).hints, undefined);
  assert.equal((await ask(t, '/other')).hints, undefined, 'each URL has its own');
});

test('a stored page: a hit has no hints, a revalidation has', async (t) => {
  page('max-age=60', [['ETag', '"1"']]);
  await ask(t, '/stored');
  const fetched = pair.origin.requests.length;
  assert.equal((await ask(t, '/stored')).hints, undefined);
  assert.equal(pair.origin.requests.length, fetched);
  await purge({ url: 'http://site.test/stored' }, true);
  assert.deepEqual((await ask(t, '/stored')).hints, [LINK]);
  assert.equal(pair.origin.requests.length, fetched + 1);
});

test('a purge takes the hints along', async (t) => {
  page('no-cache', [['Cache-Tag', 'news']]);
  for (const item of [
    { url: 'http://site.test/purged/1' },
    { prefix: '/purged/', host: 'site.test' },
    { tag: 'news' },
  ]) {
    await ask(t, '/purged/1');
    assert.deepEqual((await ask(t, '/purged/1')).hints, [LINK]);
    await purge(item);
    assert.equal((await ask(t, '/purged/1')).hints, undefined);
  }
});

test('answers that are for one client leave no hints', async (t) => {
  for (const vary of ['Cookie', 'Accept-Encoding, cookie', 'Authorization', '*']) {
    page('no-cache', [['Vary', vary]]);
    await ask(t, `/varies/${encodeURIComponent(vary)}`, [NAVIGATE, ['Cookie', 'user=1']]);
    assert.equal((await ask(t, `/varies/${encodeURIComponent(vary)}`)).hints, undefined, vary);
  }
  for (const [path, control, fields] of [
    ['/private', 'private', [NAVIGATE]],
    ['/no-store', 'no-store', [NAVIGATE]],
    ['/authorized', 'no-cache', [NAVIGATE, ['Authorization', 'Basic eDp5']]],
  ] as [string, string, Field[]][]) {
    page(control);
    await ask(t, path, fields);
    assert.equal((await ask(t, path)).hints, undefined, path);
  }
});

test('only pages leave hints, and new ones replace the old', async (t) => {
  pair.script((_, answer) =>
    answer.send(
      200,
      [
        ['Content-Type', 'text/css'],
        ['Link', LINK],
        ['Cache-Control', 'no-cache'],
      ],
      'x',
    ),
  );
  await ask(t, '/style');
  assert.equal((await ask(t, '/style')).hints, undefined);
  page('no-cache');
  await ask(t, '/changing');
  assert.deepEqual((await ask(t, '/changing')).hints, [LINK]);
  pair.script((_, answer) =>
    answer.send(
      200,
      [
        ['Content-Type', 'text/html'],
        ['Cache-Control', 'no-cache'],
      ],
      'x',
    ),
  );
  await ask(t, '/changing');
  assert.equal((await ask(t, '/changing')).hints, undefined);
});
