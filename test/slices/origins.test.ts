// Origins that do not do what slices need, change in the middle, or fail.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, type Field, httpDate, startScene } from '../caching/scene.ts';
import {
  answerFor,
  bytesOf,
  FRESH,
  getSettled,
  rangesAsked,
  serving,
  slicesAsked,
  type Version,
  wholeOf,
} from './file.ts';

const SIZE = 64 * 1024;
const scene = await startScene({ after }, { workers: 1, cache: { slice: '64KB' }, retries: { attempts: 0 } });
const V: Version = { length: 6 * SIZE + 5, etag: '"v"' };
const WHOLE = wholeOf(V);
const W: Version = { ...V, etag: '"w"', seed: 1 };
const range = (text: string): Field[] => [['Range', `bytes=${text}`]];

test('an origin that answers ranges by all: its answer is used, and stored, as it is', async () => {
  scene.on('/all', (_request, answer) => answer.send(200, [FRESH, ['ETag', '"v"']], WHOLE));
  const first = await getSettled(scene, '/all', range('100-199'));
  assert.equal(first.status, 206);
  assert.ok(first.body.equals(WHOLE.subarray(100, 200)));
  await scene.lb.admin.idle();
  assert.equal(cacheStatus(await getSettled(scene, '/all')), 'lb; hit');
  assert.equal(scene.asked('/all').length, 1);
});

test('an origin that does not know the length', async () => {
  scene.on('/unknown', async (request, answer) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.get('range') ?? '');
    if (match === null) {
      await answer.head(200, [FRESH, ['Transfer-Encoding', 'chunked']]);
      await answer.chunk(WHOLE.toString('latin1'));
      return answer.raw('0\r\n\r\n');
    }
    const part = WHOLE.subarray(Number(match[1]), Number(match[2]) + 1);
    return answer.send(206, [FRESH, ['ETag', '"v"'], ['Content-Range', `bytes ${match[1]}-${match[2]}/*`]], part);
  });
  assert.ok((await getSettled(scene, '/unknown')).body.equals(WHOLE));
  assert.deepEqual(rangesAsked(scene, '/unknown'), [`0-${SIZE - 1}`, 'all']);
  assert.equal(cacheStatus(await getSettled(scene, '/unknown')), 'lb; hit');
});

for (const [what, version] of [
  ['a weak entity tag', { ...V, etag: 'W/"v"' }],
  ['a date of this moment', { ...V, etag: '', lastModified: httpDate(0) }],
  ['neither', { ...V, etag: '' }],
  ['another field than Accept-Encoding in Vary', { ...V, fields: [FRESH, ['Vary', 'Accept-Language'] as const] }],
  ['a coding', { ...V, fields: [FRESH, ['Content-Encoding', 'gzip'] as const] }],
] as const) {
  test(`parts that cannot be joined are not sliced: ${what}`, async () => {
    const target = `/weak/${encodeURIComponent(what)}`;
    scene.on(
      target,
      serving(() => version),
    );
    for (const expected of ['lb; fwd=uri-miss; stored', 'lb; hit']) {
      const response = await getSettled(scene, target);
      assert.ok(response.body.equals(WHOLE));
      assert.equal(cacheStatus(response), expected);
    }
    const slice = `0-${SIZE - 1}`;
    const slices = what === 'a coding' ? [slice, slice] : [slice];
    assert.deepEqual(rangesAsked(scene, target), [...slices, 'all']);
  });
}

test('an origin that codes what it sends parts of: it is asked for parts in no coding', async () => {
  scene.on('/coding', (request, answer) => {
    const isCoded = request.get('accept-encoding')?.includes('gzip') === true;
    const fields: Field[] = [
      FRESH,
      ['Vary', 'Accept-Encoding'],
      ...(isCoded ? [['Content-Encoding', 'gzip'] as const] : []),
    ];
    return answerFor({ ...V, etag: isCoded ? '"v-gzip"' : '"v"', fields }, request, answer);
  });
  for (const coding of ['gzip', 'identity']) {
    const response = await getSettled(scene, '/coding', [['Accept-Encoding', coding]]);
    assert.equal(response.get('content-encoding'), undefined);
    assert.ok(response.body.equals(WHOLE));
  }
  const [first, ...others] = scene.asked('/coding').map((request) => request.get('accept-encoding'));
  assert.match(first ?? '', /gzip/);
  assert.ok(others.every((value) => value === 'identity'));
  const ranges = rangesAsked(scene, '/coding');
  assert.equal(new Set(ranges.slice(1)).size, ranges.length - 1);
});

test('Last-Modified of long ago joins slices, and Vary: Accept-Encoding does not keep from it', async () => {
  const old: Version = { ...V, etag: '', lastModified: httpDate(-3600), fields: [FRESH, ['Vary', 'Accept-Encoding']] };
  scene.on(
    '/dated',
    serving(() => old),
  );
  for (const coding of ['gzip', 'br', 'gzip']) {
    const response = await getSettled(scene, '/dated', [['Accept-Encoding', coding]]);
    assert.ok(response.body.equals(WHOLE));
    assert.equal(response.get('vary'), 'Accept-Encoding');
  }
  assert.deepEqual(slicesAsked(scene, '/dated', SIZE), [0, 1, 2, 3, 4, 5, 6]);
  assert.ok(
    scene
      .asked('/dated')
      .slice(1)
      .every((request) => request.get('if-range') === old.lastModified),
  );
});

test('what may not be stored goes through as it is', async () => {
  scene.on(
    '/private',
    serving(() => ({ ...V, fields: [['Cache-Control', 'private']] })),
  );
  for (const times of [1, 2]) {
    const response = await getSettled(scene, '/private', range('5-9'));
    assert.equal(response.status, 206, String(times));
    assert.ok(response.body.equals(WHOLE.subarray(5, 10)));
  }
  assert.deepEqual(rangesAsked(scene, '/private'), [`0-${SIZE - 1}`, '5-9', '5-9']);
});

test('another version in the middle: the answer is cut, and the next one is of the new version', async () => {
  let version = V;
  scene.on('/changes', (request, answer) => {
    if (request.get('range')?.startsWith(`bytes=${3 * SIZE}-`)) version = W;
    return answerFor(version, request, answer);
  });
  const cut = await getSettled(scene, '/changes');
  assert.equal(cut.complete, false);
  assert.ok(cut.body.length > 0 && cut.body.equals(WHOLE.subarray(0, cut.body.length)));
  const next = await getSettled(scene, '/changes');
  assert.equal(next.get('etag'), '"w"');
  assert.ok(next.body.equals(wholeOf(W)));
  const part = await getSettled(scene, '/changes', range('0-9'));
  assert.ok(part.body.equals(bytesOf(W, 0, 9)));
});

test('another version where nothing of the answer has left: the client gets the new one', async () => {
  let version = V;
  scene.on('/unnoticed', (request, answer) => answerFor(version, request, answer));
  await getSettled(scene, '/unnoticed', range('0-0'));
  version = { ...W, length: V.length - 1000 };
  const response = await getSettled(scene, '/unnoticed', range(`${4 * SIZE}-`));
  assert.equal(response.status, 206);
  assert.equal(response.get('content-range'), `bytes ${4 * SIZE}-${version.length - 1}/${version.length}`);
  assert.ok(response.body.equals(bytesOf(version, 4 * SIZE, version.length - 1)));
});

test('the origin has no such file any more', async () => {
  let isThere = true;
  scene.on('/gone', (request, answer) => (isThere ? answerFor(V, request, answer) : answer.send(404, [], 'gone')));
  await getSettled(scene, '/gone', range('0-0'));
  isThere = false;
  assert.equal((await getSettled(scene, '/gone', range(`${4 * SIZE}-`))).status, 404);
});

test('an origin that stops answering ranges is asked for all', async () => {
  let ranged = true;
  scene.on('/stops', (request, answer) =>
    ranged ? answerFor(V, request, answer) : answer.send(200, [FRESH, ['ETag', '"v"']], WHOLE),
  );
  await getSettled(scene, '/stops', range('0-0'));
  ranged = false;
  const response = await getSettled(scene, '/stops', range(`${4 * SIZE}-${4 * SIZE + 9}`));
  assert.equal(response.status, 206);
  assert.ok(response.body.equals(WHOLE.subarray(4 * SIZE, 4 * SIZE + 10)));
});

test('a slice that the origin fails on: a clean error before the first byte, a cut answer after it', async () => {
  let fails = true;
  scene.on('/fails', (request, answer) => {
    if (fails && request.get('range')?.startsWith(`bytes=${2 * SIZE}-`)) return answer.reset();
    return answerFor(V, request, answer);
  });
  const cut = await getSettled(scene, '/fails');
  assert.equal(cut.status, 200);
  assert.equal(cut.complete, false);
  assert.ok(cut.body.equals(WHOLE.subarray(0, 2 * SIZE)));
  const problem = await getSettled(scene, '/fails', range(`${2 * SIZE}-`));
  assert.equal(problem.status, 502);
  assert.equal(problem.get('content-type'), 'application/problem+json');
  assert.match(problem.get('proxy-status') ?? '', /^lb; error=/);
  fails = false;
  assert.ok((await getSettled(scene, '/fails')).body.equals(WHOLE));
});

test('an error status for a slice: that of the origin before the first byte', async () => {
  scene.on('/busy', (request, answer) => {
    if (request.get('range')?.startsWith(`bytes=${2 * SIZE}-`)) return answer.send(503, [], 'busy');
    return answerFor(V, request, answer);
  });
  await getSettled(scene, '/busy', range('0-0'));
  assert.equal((await getSettled(scene, '/busy', range(`${2 * SIZE}-`))).status, 503);
  assert.equal((await getSettled(scene, '/busy')).complete, false);
});

test('a slice that breaks off in the middle is asked for again', async () => {
  let broken = 0;
  scene.on('/breaks', async (request, answer) => {
    if (request.get('range') !== `bytes=${2 * SIZE}-${3 * SIZE - 1}` || broken++ > 0) {
      return answerFor(V, request, answer);
    }
    const line: Field = ['Content-Range', `bytes ${2 * SIZE}-${3 * SIZE - 1}/${V.length}`];
    await answer.head(206, [FRESH, ['ETag', '"v"'], line, ['Content-Length', String(SIZE)]]);
    await answer.raw(WHOLE.subarray(2 * SIZE, 2 * SIZE + 1000));
    answer.reset();
  });
  const response = await getSettled(scene, '/breaks');
  assert.ok(response.complete);
  assert.ok(response.body.equals(WHOLE));
  assert.equal(broken, 2);
});

test('a slice that says to be another range, or of another length', async () => {
  scene.on('/lies', (request, answer) => {
    if (!request.get('range')?.startsWith(`bytes=${SIZE}-`)) return answerFor(V, request, answer);
    const line: Field = ['Content-Range', `bytes 0-${SIZE - 1}/${V.length}`];
    return answer.send(206, [FRESH, ['ETag', '"v"'], line], WHOLE.subarray(0, SIZE));
  });
  const response = await getSettled(scene, '/lies');
  assert.equal(response.complete, false);
  assert.ok(response.body.equals(WHOLE.subarray(0, SIZE)));
});

test('nothing is left pinned or under way', () => scene.lb.admin.idle());
