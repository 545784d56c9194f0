// Stored slices and time: validation, purges, invalidation, rules and keys.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { answerFor, FRESH, getSettled, rangesAsked, serving, type Version, wholeOf } from './file.ts';

const SIZE = 64 * 1024;
const scene = await startScene(
  { after },
  {
    workers: 2,
    cache: {
      slice: false,
      large: { match: '/large/*', slice: '64KB' },
      keyed: { match: '/keyed/*', slice: '64KB', key: { query_include: ['v'] } },
      swr: { match: '/swr/*', slice: '64KB', stale_while_revalidate: '1h' },
    },
  },
);
const V: Version = { length: 5 * SIZE + 5, etag: '"v"' };
const WHOLE = wholeOf(V);
const W: Version = { ...V, etag: '"w"', seed: 1, length: V.length + 1000 };
const range = (text: string): Field[] => [['Range', `bytes=${text}`]];
const NO_CACHE: Field[] = [['Cache-Control', 'no-cache']];

async function purge(item: object, soft = false): Promise<void> {
  const url = `http://127.0.0.1:${scene.lb.admin.port}/purge`;
  const { status } = await fetch(url, { method: 'POST', body: JSON.stringify({ purge: [item], soft }) });
  assert.equal(status, 200);
}

test('rules say what is sliced', async () => {
  for (const path of ['/large/ruled', '/plain']) {
    scene.on(
      path,
      serving(() => V),
    );
    assert.ok((await getSettled(scene, path)).body.equals(WHOLE));
  }
  assert.equal(rangesAsked(scene, '/large/ruled').length, 6);
  assert.deepEqual(rangesAsked(scene, '/plain'), ['all']);
});

test('a stale file costs one conditional request, and all its slices are fresh again', async () => {
  scene.on(
    '/large/stale',
    serving(() => ({ ...V, fields: NO_CACHE })),
  );
  await getSettled(scene, '/large/stale');
  const before = scene.asked('/large/stale').length;
  const response = await getSettled(scene, '/large/stale');
  assert.ok(response.body.equals(WHOLE));
  assert.equal(cacheStatus(response), 'lb; fwd=stale; fwd-status=304');
  assert.equal(scene.asked('/large/stale').length, before + 1);
  assert.equal(scene.asked('/large/stale').at(-1)?.get('if-none-match'), '"v"');
  const head = await scene.head('/large/stale');
  assert.equal(head.get('content-length'), String(V.length));
});

test('a stale file that has changed: the request for its first slice brings the new one', async () => {
  let version: Version = { ...V, fields: NO_CACHE };
  scene.on('/large/changed', (request, answer) => answerFor(version, request, answer));
  await getSettled(scene, '/large/changed');
  const before = scene.asked('/large/changed').length;
  version = { ...W, fields: [FRESH] };
  const response = await getSettled(scene, '/large/changed');
  assert.equal(response.get('etag'), '"w"');
  assert.ok(response.body.equals(wholeOf(W)));
  assert.equal(scene.asked('/large/changed').length, before + 6);
});

test('a file that is confirmed by 206 in place of 304 keeps its slices', async () => {
  scene.on('/large/unconditional', (request, answer) => {
    const fields = request.fields.filter(([name]) => name.toLowerCase() !== 'if-none-match');
    const version = { ...V, fields: NO_CACHE };
    return answerFor(version, Object.assign(Object.create(request) as typeof request, { fields }), answer);
  });
  await getSettled(scene, '/large/unconditional');
  const before = scene.asked('/large/unconditional').length;
  assert.ok((await getSettled(scene, '/large/unconditional')).body.equals(WHOLE));
  assert.equal(scene.asked('/large/unconditional').length, before + 1);
});

test('what is stale goes out while it is refreshed in the background', async () => {
  let version: Version = { ...V, fields: [['Cache-Control', 'max-age=0']] };
  scene.on('/swr/a', (request, answer) => answerFor(version, request, answer));
  await getSettled(scene, '/swr/a');
  const before = scene.asked('/swr/a').length;
  version = { ...W, fields: [FRESH] };
  const stale = await getSettled(scene, '/swr/a');
  assert.ok(stale.body.equals(WHOLE));
  assert.match(cacheStatus(stale), /^lb; hit; ttl=-?\d+; detail=stale-while-revalidate$/);
  await scene.lb.admin.idle();
  assert.equal(scene.asked('/swr/a').length, before + 1);
  assert.ok((await getSettled(scene, '/swr/a')).body.equals(wholeOf(W)));
});

for (const [what, item] of [
  ['URL', { url: 'http://site.test/large/purged' }],
  ['prefix', { prefix: '/large/purg' }],
  ['tag', { tag: 'big' }],
] as const) {
  test(`a purge by ${what} takes all slices; a soft one has them validated`, async () => {
    scene.on(
      '/large/purged',
      serving(() => ({ ...V, fields: [FRESH, ['Cache-Tag', 'big']] })),
    );
    await getSettled(scene, '/large/purged');
    const first = scene.asked('/large/purged').length;
    await purge(item, true);
    const validated = await getSettled(scene, '/large/purged');
    assert.ok(validated.body.equals(WHOLE));
    assert.equal(cacheStatus(validated), 'lb; fwd=stale; fwd-status=304');
    assert.equal(scene.asked('/large/purged').length, first + 1);
    await purge(item);
    const anew = await getSettled(scene, '/large/purged', range('0-9'));
    assert.equal(cacheStatus(anew), 'lb; fwd=uri-miss; stored');
    assert.equal(scene.asked('/large/purged').length, first + 2);
    await purge(item);
  });
}

test('a purge while an answer goes out: the answer ends as it began, and nothing of it is used again', async () => {
  let isPurged = false;
  scene.on('/large/during', async (request, answer) => {
    if (!isPurged && request.get('range')?.startsWith(`bytes=${2 * SIZE}-`)) {
      isPurged = true;
      await purge({ url: '/large/during' });
    }
    return answerFor(V, request, answer);
  });
  assert.ok((await getSettled(scene, '/large/during')).body.equals(WHOLE));
  const before = scene.asked('/large/during').length;
  const next = await getSettled(scene, '/large/during', range(`${4 * SIZE}-${4 * SIZE}`));
  assert.equal(cacheStatus(next), 'lb; fwd=uri-miss; stored');
  assert.equal(scene.asked('/large/during').length, before + 1);
});

test('an unsafe request invalidates the file', async () => {
  scene.on('/large/put', (request, answer) =>
    request.method === 'PUT' ? answer.send(204, [], '') : answerFor(V, request, answer),
  );
  await getSettled(scene, '/large/put');
  await getSettled(scene, '/large/put', [], { method: 'PUT', body: 'x' });
  assert.equal(cacheStatus(await getSettled(scene, '/large/put', range('0-9'))), 'lb; fwd=uri-miss; stored');
});

test('key parts tell files apart, and what is not keyed does not', async () => {
  scene.on('/keyed/a', (request, answer) => answerFor(request.target.includes('v=2') ? W : V, request, answer));
  assert.ok((await getSettled(scene, '/keyed/a?v=1&x=1')).body.equals(WHOLE));
  assert.ok((await getSettled(scene, '/keyed/a?v=2')).body.equals(wholeOf(W)));
  const hit = await getSettled(scene, '/keyed/a?x=2&v=1');
  assert.equal(cacheStatus(hit), 'lb; hit');
  assert.ok(hit.body.equals(WHOLE));
});

test('a file that begins to vary is stored as any', async () => {
  let fields: Field[] = [['Cache-Control', 'no-cache']];
  scene.on('/large/vary', (request, answer) => answerFor({ ...V, fields }, request, answer));
  await getSettled(scene, '/large/vary');
  fields = [FRESH, ['Vary', 'Accept-Language']];
  for (const language of ['de', 'en', 'de']) {
    assert.ok((await getSettled(scene, '/large/vary', [['Accept-Language', language]])).body.equals(WHOLE));
  }
  assert.equal(cacheStatus(await getSettled(scene, '/large/vary', [['Accept-Language', 'de']])), 'lb; hit');
});

test('nothing is left pinned or under way', () => scene.lb.admin.idle());
