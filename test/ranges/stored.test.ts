// Ranges of responses that are stored whole, over two edge threads.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { noise } from '../caching/noise.ts';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { type Response, requestText } from '../support/client.ts';
import { assertParts, partsOf } from './parts.ts';

const scene = await startScene({ after }, { workers: 2, cache: { memory: '64MB' } });
const MODIFIED = 'Wed, 01 Jan 2020 00:00:00 GMT';
const FIELDS: Field[] = [
  ['Cache-Control', 'max-age=60'],
  ['Content-Type', 'text/plain; charset=utf-8'],
  ['ETag', '"v1"'],
  ['Last-Modified', MODIFIED],
  ['X-Other', 'kept'],
];
const SMALL = noise(1, 1000);
// larger than a page of the cache: in several pieces
const LARGE = noise(2, 2_000_000);

async function stored(path: string, body: Buffer, fields: readonly Field[] = FIELDS): Promise<void> {
  scene.on(path, (_request, answer) => answer.send(200, fields, body));
  await scene.get(path);
  assert.equal(cacheStatus(await scene.get(path)), 'lb; hit');
}

const get = (path: string, range: string, ...fields: Field[]) => scene.get(path, [['Range', range], ...fields]);

function assertWhole(response: Response, body: Buffer): void {
  assert.deepEqual([response.status, response.get('content-range')], [200, undefined]);
  assert.ok(response.body.equals(body));
}

await stored('/small', SMALL);
await stored('/large', LARGE);
await stored('/weak', SMALL, [
  ['Cache-Control', 'max-age=60'],
  ['ETag', 'W/"v1"'],
]);
await stored('/empty', Buffer.alloc(0));

const singles: [path: string, body: Buffer, range: string, start: number, end: number][] = [
  ['/small', SMALL, 'bytes=0-0', 0, 0],
  ['/small', SMALL, 'bytes=999-', 999, 999],
  ['/small', SMALL, 'BYTES=10-19', 10, 19],
  ['/small', SMALL, 'bytes=-1', 999, 999],
  ['/small', SMALL, 'bytes=-5000', 0, 999],
  ['/small', SMALL, 'bytes=0-99999999999999999999', 0, 999],
  ['/small', SMALL, 'bytes=5-6,5000-', 5, 6],
  ['/small', SMALL, 'bytes=2000-2001, -0, -3', 997, 999],
  ['/large', LARGE, 'bytes=1-', 1, 1_999_999],
  ['/large', LARGE, 'bytes=1048570-1048585', 1_048_570, 1_048_585],
  ['/large', LARGE, 'bytes=-1500000', 500_000, 1_999_999],
];
for (const [path, body, range, start, end] of singles) {
  test(`${path} ${range}: one range, plain`, async () => {
    const response = await get(path, range);
    assert.equal(response.status, 206);
    assert.equal(response.get('content-range'), `bytes ${start}-${end}/${body.length}`);
    assert.equal(response.get('content-type'), 'text/plain; charset=utf-8');
    assert.ok(response.complete && response.body.equals(body.subarray(start, end + 1)));
    assert.equal(cacheStatus(response), 'lb; hit');
  });
}

/** A Range field with this many ranges that do not overlap. */
const many = (count: number, length: number) =>
  `bytes=${Array.from({ length: count }, (_, i) => `${i * 10}-${i * 10 + length - 1}`).join()}`;

const several: [path: string, body: Buffer, range: string, ranges: [number, number][]][] = [
  [
    '/small',
    SMALL,
    'bytes=0-0,-1',
    [
      [0, 0],
      [999, 999],
    ],
  ],
  [
    '/small',
    SMALL,
    'bytes=500-599,0-99',
    [
      [500, 599],
      [0, 99],
    ],
  ],
  [
    '/small',
    SMALL,
    'bytes=0-9, ,10-19,5000-',
    [
      [0, 9],
      [10, 19],
    ],
  ],
  ['/small', SMALL, many(16, 5), Array.from({ length: 16 }, (_, i) => [i * 10, i * 10 + 4])],
  [
    '/large',
    LARGE,
    'bytes=0-0,1000000-1999999,3-9',
    [
      [0, 0],
      [1_000_000, 1_999_999],
      [3, 9],
    ],
  ],
  [
    '/large',
    LARGE,
    'bytes=0-999998,1000000-1999999',
    [
      [0, 999_998],
      [1_000_000, 1_999_999],
    ],
  ],
];
for (const [path, body, range, ranges] of several) {
  test(`${path} ${range.slice(0, 60)}: several ranges`, async () => {
    const response = await get(path, range);
    assertParts(response, body, ranges);
    for (const { contentType } of partsOf(response)) assert.equal(contentType, 'text/plain; charset=utf-8');
    assert.deepEqual(
      ['etag', 'x-other', 'last-modified', 'cache-control'].map((name) => response.get(name)),
      ['"v1"', 'kept', MODIFIED, 'max-age=60'],
    );
    assert.equal(cacheStatus(response), 'lb; hit');
    assert.equal(response.all('content-type').length, 1);
    assert.ok(Number(response.get('age')) >= 0);
  });
}

for (const range of [
  'bytes=0-9,5-14',
  'bytes=0-,-1',
  'bytes=0-9,0-9',
  many(17, 1),
  'bytes=9-0',
  'bytes=a-b',
  'bytes=',
  'bytes=0-1;2-3',
  'lines=0-1',
  '0-1',
]) {
  test(`${range.slice(0, 40)} is ignored`, async () => assertWhole(await get('/small', range), SMALL));
}

for (const range of ['bytes=1000-', 'bytes=1000-1001,5000-5001', 'bytes=-0']) {
  test(`${range} is not satisfiable`, async () => {
    const response = await get('/small', range);
    assert.deepEqual([response.status, response.get('content-range'), response.text], [416, 'bytes */1000', '']);
  });
}

test('a range of nothing gets nothing, whole', async () => {
  for (const range of ['bytes=0-', 'bytes=-5', 'bytes=0-0,2-3'])
    assertWhole(await get('/empty', range), Buffer.alloc(0));
});

test('HEAD has no ranges', async () => {
  for (const range of ['bytes=0-9', 'bytes=0-9,20-29', 'bytes=5000-']) {
    const response = await scene.head('/small', [['Range', range]]);
    assert.deepEqual([response.status, response.get('content-length')], [200, '1000']);
  }
});

for (const range of ['bytes=0-9', 'bytes=0-9,20-29', 'bytes=5000-']) {
  test(`If-Range with ${range}`, async () => {
    const status = range === 'bytes=5000-' ? 416 : 206;
    const statusWith = async (path: string, condition: string) =>
      (await get(path, range, ['If-Range', condition])).status;
    assert.equal(await statusWith('/small', '"v1"'), status, 'strong');
    assert.equal(await statusWith('/small', MODIFIED), status, 'date');
    for (const condition of ['"v2"', 'W/"v1"', 'Wed, 01 Jan 2020 00:00:01 GMT', 'nonsense', '*']) {
      assert.equal(await statusWith('/small', condition), 200, condition);
    }
    for (const condition of ['W/"v1"', '"v1"']) assert.equal(await statusWith('/weak', condition), 200, condition);
  });
}

test('conditions come before ranges', async () => {
  const unchanged = await get('/small', 'bytes=0-9,20-29', ['If-None-Match', '"v1"']);
  assert.deepEqual([unchanged.status, unchanged.text], [304, '']);
  assert.equal((await get('/small', 'bytes=0-9', ['If-None-Match', '"v2"'])).status, 206);
});

test('connections go on behind every kind, and a client that reads slowly gets all of it', async () => {
  const client = await scene.open();
  for (let round = 0; round < 3; round++) {
    for (const [path, body, range, ranges] of several) {
      client.send(requestText('GET', path, [['Range', range]]));
      const response = await client.head();
      assert.ok(response !== undefined);
      const parts: Buffer[] = [];
      let taken = 0;
      await client.body(response, 'GET', async (chunk) => {
        parts.push(chunk);
        // a full turn of the event loop for each part, so that the socket fills up
        if (++taken < 50) await new Promise((resolve) => setTimeout(resolve, 1));
      });
      response.body = Buffer.concat(parts);
      assertParts(response, body, ranges);
      client.send(requestText('GET', '/small', [['Range', 'bytes=7-7']]));
      assert.ok((await client.response()).body.equals(SMALL.subarray(7, 8)));
    }
  }
});

test('a hundred clients at once, and half of them leave amid a body', async () => {
  const range = 'bytes=0-699999,700001-1299999,1300001-1999999';
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const client = await scene.open();
      client.send(requestText('GET', '/large', [['Range', range]]));
      const head = await client.head();
      assert.ok(head !== undefined);
      if (i % 2 === 0) client.close();
      else
        assertParts(await client.body(head), LARGE, [
          [0, 699_999],
          [700_001, 1_299_999],
          [1_300_001, 1_999_999],
        ]);
    }),
  );
  await scene.lb.admin.idle();
});
