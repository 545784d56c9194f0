// Ranges of an answer that is being fetched, over two edge threads: they go out as their bytes arrive.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { noise } from '../caching/noise.ts';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { type Client, requestText } from '../support/client.ts';
import { assertParts } from './parts.ts';

const scene = await startScene({ after }, { workers: 2, cache: { memory: '64MB' } });
const STALE: Field[] = [
  ['Cache-Control', 'no-cache'],
  ['ETag', '"old"'],
];
const NEW: Field[] = [
  ['Cache-Control', 'max-age=60'],
  ['ETag', '"new"'],
];
const HALF = 500_000;
const BODY = noise(3, 2 * HALF);

interface Fetching {
  /** Lets the second half come. */
  rest: Gate;
  /** Breaks the origin's connection instead. */
  die: () => void;
}

/** A page whose new version, once the old one is stored, comes by halves. */
async function halfFetched(path: string, isChunked = false): Promise<Fetching> {
  scene.on(path, (_request, answer) => answer.send(200, STALE, 'old'));
  await scene.get(path);
  const rest = new Gate();
  let dead = false;
  scene.on(path, async (_request, answer) => {
    const framing: Field = isChunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(BODY.length)];
    await answer.head(200, [...NEW, framing]);
    const halves = [BODY.subarray(0, HALF), BODY.subarray(HALF)].map((half) => half.toString('latin1'));
    await (isChunked ? answer.chunk(halves[0]) : answer.raw(halves[0]));
    await rest.opened;
    if (dead) return answer.reset();
    await (isChunked ? answer.chunk(halves[1]) : answer.raw(halves[1]));
    if (isChunked) await answer.raw('0\r\n\r\n');
  });
  return {
    rest,
    die: () => {
      dead = true;
      rest.open();
    },
  };
}

async function ask(path: string, range: string, ...fields: Field[]): Promise<Client> {
  const client = await scene.open();
  client.send(requestText('GET', path, [...(range === '' ? [] : [['Range', range] as Field]), ...fields]));
  return client;
}

test('a range whose bytes are there is answered whole while the rest is on its way', async () => {
  const { rest } = await halfFetched('/there');
  const all = await ask('/there', '');
  const head = await all.head();
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=1000-499999', 1000, 499_999],
  ] as const) {
    for (let i = 0; i < 4; i++) {
      const client = await ask('/there', range);
      const response = await client.response();
      assert.deepEqual(
        [response.status, response.get('content-range'), response.get('content-length')],
        [206, `bytes ${start}-${end}/1000000`, String(end - start + 1)],
      );
      assert.match(cacheStatus(response), /collapsed/);
      assert.ok(response.complete && response.body.equals(BODY.subarray(start, end + 1)));
      // the connection is free for the next request
      client.send(requestText('GET', '/there', [['Range', 'bytes=5-6']]));
      assert.ok((await client.response()).body.equals(BODY.subarray(5, 7)));
    }
  }
  const several = await (await ask('/there', 'bytes=10-19,0-4')).response();
  assertParts(several, BODY, [
    [10, 19],
    [0, 4],
  ]);
  rest.open();
  assert.ok(head !== undefined && (await all.body(head)).body.equals(BODY));
  assert.equal(scene.asked('/there').length, 2);
  assert.equal(cacheStatus(await scene.get('/there', [['Range', 'bytes=0-0']])), 'lb; hit');
});

test('a range goes out as its bytes arrive, several in the order asked for, and the end when it is there', async () => {
  const { rest } = await halfFetched('/arrives');
  const all = await ask('/arrives', '');
  const one = await ask('/arrives', 'bytes=499990-500009');
  const several = await ask('/arrives', 'bytes=0-9,999000-999999,20-29');
  const last = await ask('/arrives', 'bytes=-100');
  const head = await one.head();
  assert.ok(head !== undefined);
  assert.equal(head.get('content-range'), 'bytes 499990-500009/1000000');
  await until(() => one.reader.left.length > 0 || one.socket.readableLength > 0, 'the first bytes of the range');
  assert.ok((await one.reader.some(10))?.equals(BODY.subarray(499_990, 500_000)));
  rest.open();
  assert.ok((await one.reader.some(10))?.equals(BODY.subarray(500_000, 500_010)));
  assertParts(await several.response(), BODY, [
    [0, 9],
    [999_000, 999_999],
    [20, 29],
  ]);
  const end = await last.response();
  assert.deepEqual([end.get('content-range'), end.complete], ['bytes 999900-999999/1000000', true]);
  assert.ok(end.body.equals(BODY.subarray(999_900)));
  assert.ok((await all.response()).body.equals(BODY));
});

test('a request with a range may be the one that fetches', async () => {
  const { rest } = await halfFetched('/leads');
  const response = await (await ask('/leads', 'bytes=3-7')).response();
  assert.deepEqual([response.status, response.get('content-range')], [206, 'bytes 3-7/1000000']);
  assert.ok(response.body.equals(BODY.subarray(3, 8)));
  rest.open();
  assert.ok((await scene.get('/leads')).body.equals(BODY));
  assert.equal(scene.asked('/leads').length, 2);
});

test('what lies beyond the end is refused at once; If-Range is of the version that comes', async () => {
  const { rest } = await halfFetched('/beyond');
  const all = await ask('/beyond', '');
  const beyond = await (await ask('/beyond', 'bytes=1000000-')).response();
  assert.deepEqual([beyond.status, beyond.get('content-range')], [416, 'bytes */1000000']);
  const matching = await (await ask('/beyond', 'bytes=0-1', ['If-Range', '"new"'])).response();
  assert.equal(matching.status, 206);
  const other = await ask('/beyond', 'bytes=0-1', ['If-Range', '"old"']);
  rest.open();
  const whole = await other.response();
  assert.deepEqual([whole.status, whole.body.equals(BODY)], [200, true]);
  assert.ok((await all.response()).body.equals(BODY));
});

test('while nobody knows the length, everything goes out', async () => {
  const { rest } = await halfFetched('/unknown', true);
  const client = await ask('/unknown', 'bytes=0-9');
  const head = await client.head();
  assert.deepEqual([head?.status, head?.get('content-range')], [200, undefined]);
  rest.open();
  assert.ok(head !== undefined && (await client.body(head)).body.equals(BODY));
  assert.equal((await scene.get('/unknown', [['Range', 'bytes=0-9']])).status, 206);
});

test('the origin dies half-way: ranges that are complete stand, others break', async () => {
  const { die } = await halfFetched('/dies');
  const all = await ask('/dies', '');
  const done = await (await ask('/dies', 'bytes=0-9,100-499999')).response();
  assertParts(done, BODY, [
    [0, 9],
    [100, 499_999],
  ]);
  const [one, several] = [await ask('/dies', 'bytes=499990-500009'), await ask('/dies', 'bytes=0-9,600000-600009')];
  const heads = [await one.head(), await several.head()];
  die();
  for (const [i, client] of [one, several].entries()) {
    const head = heads[i];
    assert.ok(head !== undefined);
    assert.deepEqual([head.status, (await client.body(head)).complete], [206, false]);
  }
  await all.end();
  await scene.lb.admin.idle();
});

test('in the end nothing of ours has thrown', () => {
  assert.deepEqual(
    scene.lb.log.filter(({ level }) => level === 'error'),
    [],
  );
});
