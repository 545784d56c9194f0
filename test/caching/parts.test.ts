// Partial answers: stored, joined, and completed by fetching only what is missing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, type Field, type Handler, startScene } from './scene.ts';

const scene = await startScene({ after }, { workers: 2 });
const BODY = Buffer.from(Array.from({ length: 1000 }, (_, i) => 97 + (i % 26)));

interface Version {
  etag: string;
  body: Buffer;
}

/** An origin that answers single ranges of whatever version it has now. */
function ranged(current: () => Version, fields: Field[] = [['Cache-Control', 'max-age=60']]): Handler {
  return (request, answer) => {
    const { etag, body } = current();
    const range = /^bytes=(\d*)-(\d*)$/.exec(request.get('range') ?? '');
    const condition = request.get('if-range');
    if (range === null || (condition !== undefined && condition !== etag)) {
      return answer.send(200, [...fields, ['ETag', etag]], body);
    }
    const [, from, to] = range;
    const start = from === '' ? body.length - Number(to) : Number(from);
    const end = from === '' || to === '' ? body.length - 1 : Math.min(Number(to), body.length - 1);
    const line: Field = ['Content-Range', `bytes ${start}-${end}/${body.length}`];
    return answer.send(206, [...fields, ['ETag', etag], line], body.subarray(start, end + 1));
  };
}

const constant = ranged(() => ({ etag: '"v"', body: BODY }));
const get = (target: string, range: string, ...more: Field[]) =>
  scene.get(target, [['Range', `bytes=${range}`], ...more]);

function expectPart(response: Awaited<ReturnType<typeof get>>, start: number, end: number, note = ''): void {
  assert.equal(response.status, 206, note);
  assert.equal(response.get('content-range'), `bytes ${start}-${end}/${BODY.length}`, note);
  assert.equal(response.text, BODY.subarray(start, end + 1).toString(), note);
}

const rangesAsked = (target: string) => scene.asked(target).map((request) => request.get('range'));

test('a part is stored, and what lies within it is served from it', async () => {
  scene.on('/within', constant);
  expectPart(await get('/within', '100-199'), 100, 199);
  for (const [range, start, end] of [
    ['100-199', 100, 199],
    ['150-160', 150, 160],
    ['199-199', 199, 199],
  ] as const) {
    const response = await get('/within', range);
    expectPart(response, start, end);
    assert.equal(cacheStatus(response), 'lb; hit');
  }
  assert.deepEqual(rangesAsked('/within'), ['bytes=100-199']);
});

test('a suffix and an open end are stored as the part that they are', async () => {
  scene.on('/suffix', constant);
  expectPart(await get('/suffix', '-100'), 900, 999);
  expectPart(await get('/suffix', '950-'), 950, 999);
  expectPart(await get('/suffix', '-10'), 990, 999);
  assert.equal(scene.asked('/suffix').length, 1);
});

test('only gaps are fetched, each by itself, and parts are joined', async () => {
  scene.on('/gaps', constant);
  await get('/gaps', '100-199');
  await get('/gaps', '300-399');
  expectPart(await get('/gaps', '50-449'), 50, 449);
  expectPart(await get('/gaps', '60-440'), 60, 440);
  assert.deepEqual(rangesAsked('/gaps'), [
    'bytes=100-199',
    'bytes=300-399',
    'bytes=50-99',
    'bytes=200-299',
    'bytes=400-449',
  ]);
});

test('a request for all fetches what is missing, and is stored as a whole', async () => {
  scene.on('/rest', constant);
  await get('/rest', '0-499');
  const whole = await scene.get('/rest');
  assert.deepEqual([whole.status, whole.text, whole.get('content-range')], [200, BODY.toString(), undefined]);
  assert.equal(whole.get('content-length'), '1000');
  assert.equal(cacheStatus(await scene.get('/rest')), 'lb; hit');
  expectPart(await get('/rest', '700-800'), 700, 800);
  assert.deepEqual(rangesAsked('/rest'), ['bytes=0-499', 'bytes=500-999']);
});

test('parts that together are everything become the whole', async () => {
  scene.on('/sum', constant);
  await get('/sum', '0-599');
  await get('/sum', '600-999');
  const whole = await scene.get('/sum');
  assert.deepEqual([whole.status, whole.text, cacheStatus(whole)], [200, BODY.toString(), 'lb; hit']);
});

test('the whole from its first byte on is filled as such', async () => {
  scene.on('/open', constant);
  expectPart(await get('/open', '0-'), 0, 999);
  assert.deepEqual(rangesAsked('/open'), [undefined]);
  assert.equal(cacheStatus(await scene.get('/open')), 'lb; hit');
});

test('parts of different versions are never mixed', async () => {
  const versions = [
    { etag: '"1"', body: Buffer.alloc(1000, 'a') },
    { etag: '"2"', body: Buffer.alloc(1000, 'b') },
  ];
  for (const heeded of [true, false]) {
    const target = `/changed-${heeded}`;
    let version = versions[0];
    const origin = ranged(() => version);
    scene.on(target, (request, answer) => {
      // an origin that knows nothing of If-Range sends the part all the same
      const fields = heeded ? request.fields : request.fields.filter(([name]) => name.toLowerCase() !== 'if-range');
      return origin(
        Object.assign(Object.create(request), {
          get: (name: string) => fields.find(([n]) => n.toLowerCase() === name)?.[1],
        }),
        answer,
      );
    });
    await get(target, '0-99');
    version = versions[1];
    const part = await get(target, '50-149');
    assert.equal(part.status, 206);
    assert.equal(part.text, 'b'.repeat(100));
    assert.equal((await get(target, '0-99')).text, 'b'.repeat(100));
    assert.equal((await scene.get(target)).text, 'b'.repeat(1000));
  }
});

test('twenty clients that want the same part cause one fetch', async () => {
  scene.on('/same', async (request, answer) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return constant(request, answer);
  });
  const responses = await Promise.all(Array.from({ length: 20 }, () => get('/same', '200-299')));
  for (const response of responses) expectPart(response, 200, 299);
  assert.equal(scene.asked('/same').length, 1);
});

test('an origin without ranges: its whole answer is stored, and the range served from it', async () => {
  scene.on('/whole', (_request, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], BODY));
  expectPart(await get('/whole', '5-14'), 5, 14);
  expectPart(await get('/whole', '15-24'), 15, 24);
  // what is stored as the whole was asked for as the whole
  assert.deepEqual(rangesAsked('/whole'), ['bytes=5-14', undefined]);
});

test('what a part says of storing is obeyed, and weak validators join nothing', async () => {
  scene.on(
    '/private',
    ranged(() => ({ etag: '"v"', body: BODY }), [['Cache-Control', 'private, max-age=60']]),
  );
  await get('/private', '0-9');
  await get('/private', '0-9');
  assert.equal(scene.asked('/private').length, 2);
  scene.on(
    '/weak',
    ranged(() => ({ etag: 'W/"v"', body: BODY })),
  );
  await get('/weak', '0-9');
  await get('/weak', '0-9');
  expectPart(await get('/weak', '5-14'), 5, 14);
  assert.deepEqual(rangesAsked('/weak'), ['bytes=0-9', 'bytes=5-14']);
});

test('a part that is not what was asked for, or contradicts itself, goes through and is not stored', async () => {
  const fields: Field[] = [
    ['Cache-Control', 'max-age=60'],
    ['ETag', '"v"'],
  ];
  for (const [target, more] of [
    ['/odd', [['Content-Range', 'bytes 0-9/1000']]],
    ['/short', [['Content-Range', 'bytes 500-599/1000']]],
    ['/unsaid', []],
  ] as [string, Field[]][]) {
    scene.on(target, (_request, answer) => answer.send(206, [...fields, ...more], BODY.subarray(0, 10)));
    for (const round of [1, 2]) {
      const response = await get(target, '500-599');
      assert.deepEqual([response.status, response.text], [206, BODY.subarray(0, 10).toString()], target);
      assert.equal(scene.asked(target).length, round);
    }
    scene.on(target, constant);
    expectPart(await get(target, '0-9'), 0, 9, target);
    assert.equal((await scene.get(target)).text, BODY.toString());
  }
});

test('a part that breaks off is not stored', async () => {
  scene.on('/cut', async (_request, answer) => {
    const part: Field[] = [
      ['Content-Range', 'bytes 0-999/1000'],
      ['Content-Length', '1000'],
      ['Cache-Control', 'max-age=60'],
    ];
    await answer.head(206, part);
    await answer.raw(BODY.subarray(0, 10));
    answer.socket.destroy();
  });
  const broken = await get('/cut', '0-999').catch(() => undefined);
  assert.notEqual(broken?.complete, true);
  scene.on('/cut', constant);
  expectPart(await get('/cut', '0-9'), 0, 9);
});

test('a part by chunks is checked before it is begun, and its last byte taken for what it is', async () => {
  const chunked =
    (range: string): Handler =>
    async (_request, answer) => {
      const fields: Field[] = [
        ['Cache-Control', 'max-age=60'],
        ['Content-Range', range],
      ];
      await answer.head(206, [...fields, ['Transfer-Encoding', 'chunked']]);
      await answer.chunk('012');
      await answer.chunk('34');
      await answer.raw('0\r\n\r\n');
    };
  scene.on('/exclusive', chunked('bytes 4-9/10'));
  const first = await get('/exclusive', '-5');
  assert.deepEqual([first.text, first.get('content-range')], ['01234', 'bytes 4-9/10']);
  const part = await get('/exclusive', '6-8');
  assert.deepEqual([part.text, part.get('content-range'), cacheStatus(part)], ['234', 'bytes 6-8/9', 'lb; hit']);
  scene.on('/far', chunked('bytes 2-9/10'));
  assert.equal((await get('/far', '2-9')).text, '01234');
  assert.equal((await get('/far', '2-9')).text, '01234');
  assert.equal(scene.asked('/far').length, 2);
});

test('a range beyond the end gets the answer of the origin', async () => {
  scene.on('/beyond', (_request, answer) => answer.send(416, [['Content-Range', 'bytes */1000']], ''));
  const response = await get('/beyond', '2000-2100');
  assert.deepEqual([response.status, response.get('content-range')], [416, 'bytes */1000']);
});

test('a purge of the URL takes its parts', async () => {
  scene.on('/purged', constant);
  await get('/purged', '0-99');
  await scene.lb.admin.fetch('DELETE', '/cache/purged');
  await get('/purged', '0-99');
  assert.equal(scene.asked('/purged').length, 2);
});

test('an origin without ranges whose answer may not be stored is asked once for each request', async () => {
  scene.on('/no-ranges', (_request, answer) => answer.send(200, [['Cache-Control', 'private']], BODY));
  for (const count of [1, 2]) {
    const response = await get('/no-ranges', '5-14');
    assert.deepEqual([response.status, response.text], [200, BODY.toString()]);
    assert.equal(scene.asked('/no-ranges').length, count);
  }
});
