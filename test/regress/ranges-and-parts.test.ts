// Parts of resources that change, grow or come in many pieces: what is stored of them, and who gets which bytes.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate, Meeting } from '../caching/gate.ts';
import { cacheStatus, type Field, type Handler, type OriginRequest, startScene } from '../caching/scene.ts';
import { PurgeScene } from '../purge/scene.ts';

// one thread, so that every request meets what the one before it left behind
const scene = await startScene({ after }, { workers: 1, cache: { memory: '128MB' } });
const purges = new PurgeScene(scene);

const FRESH: Field = ['Cache-Control', 'max-age=600'];
/** Stale on arrival. */
const STALE: Field[] = [
  ['Cache-Control', 'max-age=10'],
  ['Age', '12'],
];
const TEN = '0123456789';
const TWENTY = '0123456789abcdefghij';

interface Version {
  body: string | Buffer;
  fields: readonly Field[];
}

/** The one range that a request asks for, of a body; undefined where it asks for all. */
function spanOf(request: OriginRequest, length: number): { start: number; end: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(request.get('range') ?? '') ?? [];
  if (from === undefined) return undefined;
  if (from === '') return { start: length - Number(to), end: length - 1 };
  return { start: Number(from), end: to === '' ? length - 1 : Math.min(Number(to), length - 1) };
}

/** An origin that answers single ranges of what it has now. `obeys`: it compares If-Range. */
function ranged(current: () => Version, obeys = true): Handler {
  return (request, answer) => {
    const { body, fields } = current();
    const etag = fields.find(([name]) => name === 'ETag')?.[1];
    const span = spanOf(request, body.length);
    const isOther = obeys && request.get('if-range') !== undefined && request.get('if-range') !== etag;
    if (span === undefined || isOther) return answer.send(200, fields, body);
    const line: Field = ['Content-Range', `bytes ${span.start}-${span.end}/${body.length}`];
    return answer.send(206, [...fields, line], body.slice(span.start, span.end + 1));
  };
}

const part = (target: string, range: string) => scene.get(target, [['Range', `bytes=${range}`]]);

test('the last bytes of a resource are its last bytes, also where the stored ones were those of a shorter one', async () => {
  let version: Version = { body: TEN, fields: [...STALE, ['ETag', '"1"']] };
  scene.on(
    '/suffix',
    ranged(() => version),
  );
  assert.equal((await part('/suffix', '-5')).text, '56789');
  version = { body: TWENTY, fields: [FRESH, ['ETag', '"2"']] };
  const response = await part('/suffix', '-5');
  assert.equal(response.get('content-range'), 'bytes 15-19/20');
  assert.equal(response.text, 'fghij');
});

test('an open end reaches to the end, also where fresh parts of a shorter version cannot be joined', async () => {
  let version: Version = { body: TEN, fields: [FRESH, ['ETag', 'W/"1"']] };
  scene.on(
    '/open-end',
    ranged(() => version),
  );
  await part('/open-end', '5-');
  version = { body: TWENTY, fields: [FRESH, ['ETag', 'W/"2"']] };
  const response = await part('/open-end', '2-');
  assert.equal(response.get('content-range'), 'bytes 2-19/20');
  assert.equal(response.text, TWENTY.slice(2));
  assert.equal((await part('/open-end', '-9')).text, TWENTY.slice(-9));
});

test('a suffix over a gap is that of the version which the origin has, also of one that ignores If-Range', async () => {
  let version: Version = { body: TEN, fields: [FRESH, ['ETag', '"1"']] };
  scene.on(
    '/ignores',
    ranged(() => version, false),
  );
  await part('/ignores', '-2');
  version = { body: TWENTY, fields: [FRESH, ['ETag', '"2"']] };
  const response = await part('/ignores', '-5');
  assert.equal(response.get('content-range'), 'bytes 15-19/20');
  assert.equal(response.text, 'fghij');
});

test('a slow part that completes an older version does not take the place of a newer one', async () => {
  const begun = new Gate();
  const gate = new Gate();
  let version: Version = { body: '1111111111', fields: [FRESH, ['ETag', '"1"']] };
  const plain = ranged(() => version);
  scene.on('/overtaken', async (request, answer) => {
    if (request.get('range') !== 'bytes=5-9') return plain(request, answer);
    await answer.head(206, [...version.fields, ['Content-Range', 'bytes 5-9/10'], ['Content-Length', '5']]);
    await answer.raw('1');
    begun.open();
    await gate.opened;
    return answer.raw('1111');
  });
  await part('/overtaken', '0-4');
  const slow = part('/overtaken', '5-9');
  await begun.opened;
  version = { body: '2222222222', fields: [FRESH, ['ETag', '"2"']] };
  assert.equal((await scene.get('/overtaken')).text, '2222222222');
  gate.open();
  assert.equal((await slow).text, '11111');
  const response = await scene.get('/overtaken');
  assert.equal(response.text, '2222222222');
  assert.equal(cacheStatus(response), 'lb; hit');
});

test('a part that a POST overtook is not stored, whether it is what it says or not', async () => {
  for (const [target, text] of [
    ['/doomed', '1111111'],
    ['/doomed-odd', '111111'],
  ]) {
    const begun = new Gate();
    const gate = new Gate();
    const fields: Field[] = [FRESH, ['Content-Range', 'bytes 3-9/10'], ['Content-Length', String(text.length)]];
    let asked = 0;
    scene.on(target, async (request, answer) => {
      if (request.method === 'POST') return answer.send(200, [], 'done');
      await answer.head(206, fields);
      if (asked++ > 0) return answer.raw(text.replaceAll('1', '2'));
      await answer.raw(text.slice(1));
      begun.open();
      await gate.opened;
      return answer.raw('1');
    });
    const early = part(target, '3-9');
    await begun.opened;
    assert.equal((await scene.get(target, [], { method: 'POST', body: '' })).status, 200);
    gate.open();
    assert.equal((await early).text, text, target);
    assert.equal((await part(target, '3-9')).text, text.replaceAll('1', '2'), target);
  }
});

test('a part that is shorter than it says is never served to whoever asks for all', async () => {
  scene.on('/short', (request, answer) =>
    request.get('range') === undefined
      ? answer.send(200, [FRESH], 'whole')
      : answer.send(206, [FRESH, ['Content-Range', 'bytes 0-9/10']], '012345678'),
  );
  await part('/short', '0-9');
  const response = await scene.get('/short');
  assert.equal(response.status, 200);
  assert.equal(response.text, 'whole');
});

test('one request costs few origin requests, however many pieces of its range are missing', async () => {
  const body = Buffer.from(Array.from({ length: 400 }, (_, i) => 97 + (i % 26)));
  scene.on(
    '/gaps',
    ranged(() => ({ body, fields: [FRESH, ['ETag', '"v"']] })),
  );
  for (let i = 0; i < 60; i++) await part('/gaps', `${i * 2}-${i * 2}`);
  const before = scene.asked('/gaps').length;
  const response = await part('/gaps', '1-200');
  assert.equal(response.text, body.toString('latin1', 1, 201));
  const cost = scene.asked('/gaps').length - before;
  assert.ok(cost >= 1 && cost <= 4, `${cost} origin requests`);
});

test('of one resource at most 64 ranges are kept', async () => {
  const body = Buffer.alloc(300, 'x');
  scene.on(
    '/many',
    ranged(() => ({ body, fields: [FRESH, ['ETag', '"v"']] })),
  );
  const counts: number[] = [];
  for (let i = 0; i < 100; i++) {
    await part('/many', `${i * 2}-${i * 2}`);
    if (i >= 60) counts.push((await rangesOf('/many')).length);
  }
  assert.equal(Math.max(...counts), 64);
  assert.equal(cacheStatus(await part('/many', '198-198')), 'lb; hit');
});

test('of one resource at most 16 MB are kept in parts, also where one part is larger', async () => {
  const body = Buffer.alloc(18_000_000, 'x');
  scene.on(
    '/large',
    ranged(() => ({ body, fields: [FRESH, ['ETag', '"v"']] })),
  );
  assert.equal((await part('/large', '1-17000000')).body.length, 17_000_000);
  assert.deepEqual(await rangesOf('/large'), []);
  await part('/large', '5-9');
  assert.equal(scene.asked('/large').length, 2);
  assert.deepEqual(await rangesOf('/large'), ['5-9']);
});

test('parts of a version that is known to be gone are not used again', async () => {
  const next: [string, readonly Field[]][] = [
    ['/gone-unstored', [['Cache-Control', 'no-store']]],
    ['/gone-purged', [FRESH, ['Cache-Tag', 'second']]],
  ];
  for (const [target, fields] of next) {
    let version: Version = { body: '1111111111', fields: [FRESH, ['ETag', '"1"']] };
    scene.on(
      target,
      ranged(() => version),
    );
    await part(target, '0-4');
    assert.deepEqual(await rangesOf(target), ['0-4'], target);
    version = { body: '2222222222', fields: [...fields, ['ETag', '"2"']] };
    assert.equal((await scene.get(target)).text, '2222222222', target);
    await purges.purge({ tag: 'second' });
    assert.deepEqual(await rangesOf(target), [], target);
    assert.equal((await part(target, '0-4')).text, '22222', target);
  }
});

test('a range of what is being fetched as a whole comes from there', async () => {
  const begun = new Gate();
  const gate = new Gate();
  const body = Buffer.from(Array.from({ length: 1000 }, (_, i) => 97 + (i % 26))).toString('latin1');
  scene.on('/under-way', async (_request, answer) => {
    await answer.head(200, [FRESH, ['ETag', '"v"'], ['Content-Length', '1000']]);
    await answer.raw(body.slice(0, 500));
    begun.open();
    await gate.opened;
    return answer.raw(body.slice(500));
  });
  const whole = scene.get('/under-way');
  await begun.opened;
  const response = await part('/under-way', '100-199');
  assert.equal(response.status, 206);
  assert.equal(response.get('content-range'), 'bytes 100-199/1000');
  assert.equal(response.text, body.slice(100, 200));
  gate.open();
  assert.equal((await whole).text, body);
  assert.equal(scene.asked('/under-way').length, 1);
});

test('ranges of a cold file at an origin without ranges cost one fetch of all between them', async () => {
  const meeting = new Meeting(4);
  scene.on('/no-ranges', async (request, answer) => {
    if (request.get('range') !== undefined) await meeting.join();
    return answer.send(200, [FRESH, ['ETag', '"v"']], TWENTY);
  });
  const responses = await Promise.all([0, 5, 10, 15].map((start) => part('/no-ranges', `${start}-${start + 4}`)));
  for (const [i, response] of responses.entries()) {
    assert.equal(response.status, 206);
    assert.equal(response.text, TWENTY.slice(i * 5, i * 5 + 5));
  }
  const ranges = scene.asked('/no-ranges').map((request) => request.get('range') ?? 'all');
  assert.deepEqual(ranges.sort(), ['all', 'bytes=0-4', 'bytes=10-14', 'bytes=15-19', 'bytes=5-9']);
});

/** Ranges that are stored of a resource. */
async function rangesOf(target: string): Promise<string[]> {
  const explained = await scene.lb.admin.fetch(
    'GET',
    `/explain?url=${encodeURIComponent(`http://site.test${target}`)}&header=${encodeURIComponent('Range: bytes=0-0')}`,
  );
  const { stored } = explained.json() as { stored: { parts: { ranges: string[] } | null } | null };
  return stored?.parts?.ranges ?? [];
}
