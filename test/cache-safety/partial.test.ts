// Parts of pages: asked for, not asked for, and wrong about themselves.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, type Handler, startScene } from '../caching/scene.ts';
import { checkStillCached, FRESH, isFromOrigin, newPath } from './attack.ts';

const scene = await startScene({ after });
const BODY = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
const FIELDS: Field[] = [
  ['Cache-Control', 'max-age=60'],
  ['ETag', '"whole"'],
  ['Accept-Ranges', 'bytes'],
];
const range = (value: string): Field => ['Range', value];

/** The body by ranges, as a sound origin answers them; `evil` answers in its place while it gives something. */
function served(evil?: Handler): Handler {
  return (request, answer) => {
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.get('range') ?? '');
    if (asked === null) return answer.send(200, FIELDS, BODY);
    if (evil !== undefined) return evil(request, answer);
    const start = Number(asked[1]);
    const end = asked[2] === '' ? 999 : Math.min(999, Number(asked[2]));
    return answer.send(206, [...FIELDS, ['Content-Range', `bytes ${start}-${end}/1000`]], BODY.slice(start, end + 1));
  };
}

/** That the whole page, and parts of it, are what the origin has, whatever was asked before. */
async function checkWhole(path: string): Promise<void> {
  const whole = await scene.get(path);
  assert.deepEqual([whole.status, whole.text, whole.complete], [200, BODY, true], path);
  for (const [value, start, end] of [
    ['bytes=0-9', 0, 10],
    ['bytes=500-', 500, 1000],
    ['bytes=-7', 993, 1000],
  ] as const) {
    const part = await scene.get(path, [range(value)]);
    assert.deepEqual([part.status, part.text], [206, BODY.slice(start, end)], value);
    assert.equal(part.get('content-range'), `bytes ${start}-${end - 1}/1000`);
  }
}

test('a part is never given for the whole', async () => {
  const path = newPath();
  scene.on(path, served());
  for (const value of ['bytes=0-0', 'bytes=0-99', 'bytes=100-199', 'bytes=900-']) {
    const part = await scene.get(path, [range(value)]);
    assert.equal(part.status, 206);
  }
  await checkWhole(path);
});

const WRONG: Record<string, Handler> = {
  'another range than asked for': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 500-509/1000']], 'EVIL_EVIL_'),
  'a range longer than its body': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 0-99/1000']], 'EVIL'),
  'a range shorter than its body': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 0-1/1000']], 'EVIL_EVIL_'),
  'no Content-Range': (_request, answer) => answer.send(206, FIELDS, 'EVIL_EVIL_'),
  'a malformed Content-Range': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 0-9']], 'EVIL_EVIL_'),
  'a Content-Range behind its own end': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 0-9/5']], 'EVIL_EVIL_'),
  'an inverted Content-Range': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 9-0/1000']], 'EVIL_EVIL_'),
  'a Content-Range of another unit': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'lines 0-9/1000']], 'EVIL_EVIL_'),
  'two Content-Ranges': (_request, answer) =>
    answer.send(
      206,
      [...FIELDS, ['Content-Range', 'bytes 0-9/1000'], ['Content-Range', 'bytes 10-19/1000']],
      'EVIL_EVIL_',
    ),
  'a part of a page with another ETag': (_request, answer) =>
    answer.send(
      206,
      [
        ['Cache-Control', 'max-age=60'],
        ['ETag', '"other"'],
        ['Content-Range', 'bytes 0-9/1000'],
      ],
      'EVIL_EVIL_',
    ),
  'a part of a page with a weak ETag': (_request, answer) =>
    answer.send(
      206,
      [
        ['Cache-Control', 'max-age=60'],
        ['ETag', 'W/"whole"'],
        ['Content-Range', 'bytes 0-9/1000'],
      ],
      'EVIL_EVIL_',
    ),
  'a part of a page without validator': (_request, answer) =>
    answer.send(
      206,
      [
        ['Cache-Control', 'max-age=60'],
        ['Content-Range', 'bytes 0-9/1000'],
      ],
      'EVIL_EVIL_',
    ),
  'a part of a page of another length': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 0-9/2000']], 'EVIL_EVIL_'),
  'a part of a page of unknown length': (_request, answer) =>
    answer.send(206, [...FIELDS, ['Content-Range', 'bytes 990-999/*']], 'EVIL_EVIL_'),
  'a part in several ranges': (_request, answer) =>
    answer.send(
      206,
      [...FIELDS, ['Content-Type', 'multipart/byteranges; boundary=x']],
      '--x\r\nContent-Range: bytes 0-3/1000\r\n\r\nEVIL\r\n--x--\r\n',
    ),
  'a part that breaks off': async (_request, answer) => {
    await answer.head(206, [...FIELDS, ['Content-Range', 'bytes 0-99/1000'], ['Content-Length', '100']]);
    await answer.raw('EVIL');
    await new Promise((resolve) => setTimeout(resolve, 10));
    answer.reset();
  },
  'a part by chunks that is too long': async (_request, answer) => {
    await answer.head(206, [...FIELDS, ['Content-Range', 'bytes 0-3/1000'], ['Transfer-Encoding', 'chunked']]);
    await answer.chunk('EVIL_EVIL_');
    await answer.raw('0\r\n\r\n');
  },
  'an error for the part': (_request, answer) => answer.send(400, FIELDS, 'EVIL'),
  '416 for the part': (_request, answer) => answer.send(416, [...FIELDS, ['Content-Range', 'bytes */4']], 'EVIL'),
};

for (const [name, evil] of Object.entries(WRONG)) {
  test(`${name} gets into no page`, async () => {
    const path = newPath();
    scene.on(path, served(evil));
    await scene.get(path, [range('bytes=0-9')]);
    await scene.get(path, [range('bytes=0-99')]);
    scene.on(path, served());
    await checkWhole(path);
  });

  test(`${name}, next to a sound part, gets into no page`, async () => {
    const path = newPath();
    scene.on(path, served());
    await scene.get(path, [range('bytes=100-199')]);
    scene.on(path, served(evil));
    await scene.get(path, [range('bytes=0-150')]);
    await scene.get(path, [range('bytes=0-9')]);
    scene.on(path, served());
    await checkWhole(path);
  });
}

test('a part that nobody asked for is not stored, and given to no one as the page', async () => {
  for (const fields of [[['Content-Range', 'bytes 0-3/1000']], []] as Field[][]) {
    const path = newPath();
    scene.on(path, (_request, answer) => answer.send(206, [...FIELDS, ...fields], 'part'));
    assert.notEqual((await scene.get(path)).status, 200);
    scene.on(path, served());
    await checkWhole(path);
  }
});

/** A page of a hundred times this letter, by ranges as well. */
function version(letter: string): Handler {
  const fields: Field[] = [
    ['Cache-Control', 'max-age=60'],
    ['ETag', `"${letter}"`],
  ];
  return (request, answer) => {
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.get('range') ?? '');
    const condition = request.get('if-range');
    if (asked === null || (condition !== undefined && condition !== `"${letter}"`))
      return answer.send(200, fields, letter.repeat(100));
    const end = asked[2] === '' ? 99 : Number(asked[2]);
    const part = letter.repeat(end - Number(asked[1]) + 1);
    return answer.send(206, [...fields, ['Content-Range', `bytes ${asked[1]}-${end}/100`]], part);
  };
}

test('the parts of two versions are never joined', async () => {
  const path = newPath();
  scene.on(path, version('a'));
  await scene.get(path, [range('bytes=0-49')]);
  scene.on(path, version('b'));
  await scene.get(path, [range('bytes=50-99')]);
  const mixed = await scene.get(path, [range('bytes=40-59')]);
  assert.match(mixed.text, /^(a+|b+)$/);
  assert.match((await scene.get(path)).text, /^(a{100}|b{100})$/);
});

for (const [stored, asked] of [
  ['bytes=0-9', undefined],
  ['bytes=50-59', undefined],
  ['bytes=0-9', 'bytes=5-40'],
  ['bytes=50-59', 'bytes=0-99'],
] as const) {
  test(`a part (${stored}) of an old version does not break who asks for ${asked ?? 'the whole'}`, async () => {
    const path = newPath();
    scene.on(path, version('a'));
    await scene.get(path, [range(stored)]);
    scene.on(path, version('b'));
    const response = await scene.get(path, asked === undefined ? [] : [range(asked)]);
    assert.ok(response.complete, `${response.status}, ${response.body.length} of ${response.get('content-length')}`);
    assert.match(response.text, /^(a+|b+)$/);
    assert.match((await scene.get(path)).text, /^b{100}$/);
  });
}

test('many or overlapping ranges cost no more than the page', async () => {
  const path = newPath();
  scene.on(path, served());
  await scene.get(path);
  for (const value of [`bytes=${'0-,'.repeat(300)}0-`, 'bytes=0-999,0-999,0-999,0-999', 'bytes=-1,-2,-3,-4,-5,-6']) {
    const response = await scene.get(path, [range(value)]);
    assert.ok([200, 206, 416].includes(response.status));
    assert.ok(response.body.length <= 2000, `${response.body.length} bytes`);
  }
  await checkStillCached(scene, path);
});

test('an origin is never asked for many or overlapping ranges', async () => {
  for (const value of [`bytes=${'0-,'.repeat(300)}0-`, 'bytes=0-9,5-14', 'bytes=-1,-2']) {
    for (const fields of [[], [['Authorization', 'Basic x']]] as Field[][]) {
      const path = newPath();
      scene.on(path, served());
      assert.equal((await scene.get(path, [range(value), ...fields])).status, 200);
      assert.deepEqual(
        scene.asked(path).map((asked) => asked.get('range')),
        [undefined],
      );
    }
  }
});

test('If-Range of another version gets the whole page', async () => {
  const path = newPath();
  scene.on(path, served());
  await scene.get(path);
  for (const condition of ['"other"', 'W/"whole"', 'Thu, 01 Jan 1970 00:00:00 GMT', 'evil']) {
    const response = await scene.get(path, [range('bytes=0-9'), ['If-Range', condition]]);
    assert.deepEqual([response.status, response.text], [200, BODY], condition);
  }
});

/** Answers each range with the asker's name in every byte. */
function personal(fields: readonly Field[], name: (cookie: string) => string = (cookie) => cookie): Handler {
  return (request, answer) => {
    const letter = name(request.get('cookie') ?? 'n');
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.get('range') ?? '');
    const all: Field[] = [['ETag', '"same"'], ...fields];
    if (asked === null) return answer.send(200, all, letter.repeat(100));
    const length = Number(asked[2]) - Number(asked[1]) + 1;
    return answer.send(206, [...all, ['Content-Range', `bytes ${asked[1]}-${asked[2]}/100`]], letter.repeat(length));
  };
}

for (const [what, asker, fields] of [
  ['private', [], [['Cache-Control', 'private, max-age=60']]],
  ['no-store', [], [['Cache-Control', 'no-store']]],
  ['with a cookie to set', [], [FRESH, ['Set-Cookie', 'a=1']]],
  ['for an Authorization', [['Authorization', 'Bearer a']], [FRESH]],
  ['that varies by everything', [], [FRESH, ['Vary', '*']]],
  ['that varies by the cookie', [], [FRESH, ['Vary', 'Cookie']]],
] as [string, Field[], Field[]][]) {
  test(`a part ${what} is no one else’s`, async () => {
    const path = newPath();
    scene.on(path, personal(fields));
    const own = await scene.get(path, [range('bytes=0-49'), ['Cookie', 'a'], ...asker]);
    assert.deepEqual([own.status, own.text], [206, 'a'.repeat(50)]);
    const other = await scene.get(path, [range('bytes=10-19'), ['Cookie', 'b']]);
    assert.equal(other.text, 'b'.repeat(10));
    assert.ok(isFromOrigin(other));
    assert.doesNotMatch((await scene.get(path, [['Cookie', 'c']])).text, /a/);
  });
}

test('parts in different codings are never mixed, even where the origin gives them one ETag', async () => {
  for (const fields of [[FRESH], [FRESH, ['Vary', 'Accept-Encoding']]] as Field[][]) {
    const path = newPath();
    scene.on(path, (request, answer) => {
      const zipped = /gzip/.test(request.get('accept-encoding') ?? '');
      const all: Field[] = zipped ? [...fields, ['Content-Encoding', 'gzip']] : fields;
      return personal(all, () => (zipped ? 'z' : 'p'))(request, answer);
    });
    for (let round = 0; round < 2; round++) {
      for (const [coding, letter] of [
        ['gzip', 'z'],
        ['identity', 'p'],
      ]) {
        for (const [value, length] of [
          ['bytes=0-49', 50],
          ['bytes=20-79', 60],
          ['bytes=50-99', 50],
        ] as const) {
          const part = await scene.get(path, [range(value), ['Accept-Encoding', coding]]);
          // a coded part is passed with the coding that it is in; without one it is plain
          const expected = part.get('content-encoding') === 'gzip' ? 'z' : 'p';
          assert.equal(part.text, expected.repeat(length), `${coding} ${value}`);
          if (coding === 'identity') assert.equal(expected, letter);
        }
      }
    }
    assert.equal((await scene.get(path, [['Accept-Encoding', 'identity']])).text, 'p'.repeat(100));
  }
});
