// Bodies that end before their time: no one is told that they are whole, and nothing of them is kept.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, type Field, startScene } from '../caching/scene.ts';
import { HIT, newPath } from './attack.ts';

const scene = await startScene({ after }, { timeouts: { between_bytes: '100ms' } });
const BEGINNING = 'b'.repeat(3000);
const WHOLE = 'w'.repeat(5000);

interface Cut {
  name: string;
  /** Framing of the head. */
  framing: Field[];
  /** Sends a part of the body, and breaks off. */
  act: (answer: Answer) => void | Promise<void>;
}

/** Lets lb take what was sent before the end comes. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
const chunked: Field[] = [['Transfer-Encoding', 'chunked']];
const length = (bytes: number): Field[] => [['Content-Length', String(bytes)]];

const CUTS: Cut[] = [
  {
    name: 'closed one byte before the declared length',
    framing: length(3001),
    act: async (answer) => {
      await answer.raw(BEGINNING);
      await pause();
      answer.close();
    },
  },
  {
    name: 'closed right behind its head',
    framing: length(5000),
    act: (answer) => answer.close(),
  },
  {
    name: 'reset before the declared length',
    framing: length(5000),
    act: async (answer) => {
      await answer.raw(BEGINNING);
      await pause();
      answer.reset();
    },
  },
  {
    name: 'silent before the declared length',
    framing: length(5000),
    act: async (answer) => {
      await answer.raw(BEGINNING);
      await answer.gone;
    },
  },
  {
    name: 'closed between two chunks',
    framing: chunked,
    act: async (answer) => {
      await answer.chunk(BEGINNING);
      await pause();
      answer.close();
    },
  },
  {
    name: 'closed in the middle of a chunk',
    framing: chunked,
    act: async (answer) => {
      await answer.raw(`1388\r\n${BEGINNING}`);
      await pause();
      answer.close();
    },
  },
  {
    name: 'closed in the middle of a chunk size',
    framing: chunked,
    act: async (answer) => {
      await answer.raw(`bb8\r\n${BEGINNING}\r\n1`);
      await pause();
      answer.close();
    },
  },
  {
    name: 'closed before the empty line behind the last chunk',
    framing: chunked,
    act: async (answer) => {
      await answer.raw(`bb8\r\n${BEGINNING}\r\n0\r\n`);
      await pause();
      answer.close();
    },
  },
  {
    name: 'reset between two chunks',
    framing: chunked,
    act: async (answer) => {
      await answer.chunk(BEGINNING);
      await pause();
      answer.reset();
    },
  },
  {
    name: 'with bytes that are no chunk',
    framing: chunked,
    act: (answer) => answer.raw(`bb8\r\n${BEGINNING}\r\nevil\r\n`),
  },
  {
    name: 'with a chunk longer than its size',
    framing: chunked,
    act: (answer) => answer.raw(`2\r\n${BEGINNING}\r\n0\r\n\r\n`),
  },
];

for (const { name, framing, act } of CUTS) {
  test(`a body ${name} is whole for no one and not kept`, async () => {
    const path = newPath();
    let broken = true;
    scene.on(path, async (_request, answer) => {
      const fields: Field[] = [
        ['Cache-Control', 'public, max-age=60'],
        ['ETag', '"same"'],
      ];
      if (!broken) return answer.send(200, fields, WHOLE);
      await answer.head(200, [...fields, ...framing]);
      await act(answer);
    });
    // the connection may end before there is any answer
    const asked = [scene.get(path), scene.get(path)].map((response) => response.catch(() => undefined));
    for (const response of await Promise.all(asked)) {
      if (response?.status === 200) assert.equal(response.complete, false, `${response.body.length} bytes`);
    }
    broken = false;
    const next = await scene.get(path);
    assert.deepEqual([next.status, next.text, next.complete], [200, WHOLE, true]);
    assert.notEqual(next.get('cache-status'), HIT);
    assert.equal((await scene.get(path, [['Range', 'bytes=4000-']])).text, WHOLE.slice(4000));
    await scene.lb.admin.idle();
  });
}

test('the beginning of a body that broke off is not continued with the rest of another', async () => {
  const path = newPath();
  let broken = true;
  scene.on(path, async (request, answer) => {
    const fields: Field[] = [
      ['Cache-Control', 'max-age=60'],
      ['ETag', '"same"'],
      ['Accept-Ranges', 'bytes'],
    ];
    if (!broken) return answer.send(200, fields, WHOLE);
    assert.equal(request.get('range'), undefined);
    await answer.head(200, [...fields, ...length(5000)]);
    await answer.raw(BEGINNING);
    await pause();
    answer.reset();
  });
  await scene.get(path);
  broken = false;
  const next = await scene.get(path);
  assert.deepEqual([next.text, next.complete], [WHOLE, true]);
});

test('a page that breaks off at its renewal does not replace the stored one by a part', async () => {
  const path = newPath();
  let broken = false;
  scene.on(path, async (_request, answer) => {
    const fields: Field[] = [
      ['Cache-Control', 'max-age=0'],
      ['ETag', '"1"'],
    ];
    if (!broken) return answer.send(200, fields, WHOLE);
    await answer.head(200, [...fields, ...length(9000)]);
    await answer.raw(BEGINNING);
    await pause();
    answer.reset();
  });
  await scene.get(path);
  broken = true;
  const renewed = await scene.get(path);
  assert.ok(!renewed.complete || renewed.status >= 500 || renewed.text === WHOLE);
  broken = false;
  const next = await scene.get(path);
  assert.deepEqual([next.text, next.complete], [WHOLE, true]);
});

test('bytes behind the declared length belong to no page', async () => {
  const path = newPath();
  const evil = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nevil';
  scene.on(path, (_request, answer) =>
    answer.raw(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\ngood${evil}`),
  );
  const attacked = await scene.get(path);
  assert.ok(attacked.text === 'good' || attacked.status === 502 || !attacked.complete);
  for (let i = 0; i < 3; i++) {
    const other = newPath();
    scene.on(other, (_request, answer) => answer.send(200, [], 'sound'));
    assert.equal((await scene.get(other)).text, 'sound');
  }
});

test('a head with two lengths, or a length and chunks, makes no page', async () => {
  const heads = [
    'Content-Length: 4\r\nContent-Length: 8',
    'Content-Length: 4, 8',
    'Content-Length: +4',
    'Content-Length: 4\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: xchunked',
  ];
  for (const head of heads) {
    const path = newPath();
    let bad = true;
    scene.on(path, async (_request, answer) => {
      if (!bad) return answer.send(200, [['Cache-Control', 'max-age=60']], 'good');
      await answer.raw(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n${head}\r\n\r\n4\r\nevil\r\n0\r\n\r\n`);
      answer.close();
    });
    await scene.get(path);
    bad = false;
    const next = await scene.get(path);
    assert.equal(next.text, 'good', head);
  }
});

test('a body that only the end of the connection ends is broken where that is reset', async () => {
  const path = newPath();
  let broken = true;
  scene.on(path, async (_request, answer) => {
    if (!broken) return answer.send(200, [['Cache-Control', 'max-age=60']], 'whole');
    await answer.head(200, [
      ['Cache-Control', 'max-age=60'],
      ['Connection', 'close'],
    ]);
    await answer.raw('who');
    await new Promise((resolve) => setTimeout(resolve, 10));
    answer.reset();
  });
  const response = await scene.get(path).catch(() => undefined);
  assert.ok(response === undefined || !response.complete);
  broken = false;
  assert.equal((await scene.get(path)).text, 'whole');
});
