// Concurrent misses for one key over two edge threads: one origin fetch, and nobody waits for longer than needed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until, within } from '../support/cleanup.ts';
import { type Client, requestText } from '../support/client.ts';
import { Gate, Meeting } from './gate.ts';
import { cacheStatus, type Field, startScene } from './scene.ts';

// a quarter of the memory is the largest object: 4 MB
const scene = await startScene({ after }, { workers: 2, cache: { memory: '16MB' } });
const FRESH: Field = ['Cache-Control', 'max-age=60'];
const PART = 'x'.repeat(10_000);

/** Connections that have all sent a request. */
async function ask(count: number, target: string, fields: readonly Field[] = []): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => scene.open()));
  for (const client of clients) client.send(requestText('GET', target, fields));
  return clients;
}

/** Returns when both threads have handled all that was sent before: sockets and requests are taken in turn. */
async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await scene.get('/settled');
}

/** Reads `length` body bytes. */
async function read(client: Client, length: number): Promise<string> {
  const parts: Buffer[] = [];
  for (let left = length; left > 0; ) {
    const part = await within(client.reader.some(left), 'the next part of a body');
    if (part === undefined) break;
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts).toString('latin1');
}

async function responses(clients: readonly Client[]) {
  return Promise.all(clients.map((client) => client.response()));
}

test('200 clients, one fetch, and all see the first bytes before the origin ends', async () => {
  const rest = new Gate();
  scene.on('/stream', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Content-Length', String(2 * PART.length)]]);
    await answer.raw(PART);
    await rest.opened;
    await answer.raw(PART);
  });
  const clients = await ask(200, '/stream');
  const heads = await Promise.all(clients.map((client) => client.head()));
  for (const client of clients) assert.equal(await read(client, PART.length), PART);
  assert.equal(scene.asked('/stream').length, 1);
  rest.open();
  for (const client of clients) assert.equal(await read(client, PART.length), PART);
  const collapsed = heads.filter((head) => head !== undefined && cacheStatus(head) === 'lb; fwd=uri-miss; collapsed');
  assert.equal(collapsed.length, 199);
  assert.equal(cacheStatus(await scene.get('/stream')), 'lb; hit');
  assert.equal(scene.asked('/stream').length, 1);
});

test('200 clients that wait for the head, and a chunked body', async () => {
  const head = new Gate();
  scene.on('/chunked', async (_request, answer) => {
    await head.opened;
    await answer.head(200, [FRESH, ['Transfer-Encoding', 'chunked']]);
    await answer.chunk(PART);
    await answer.chunk(PART);
    await answer.raw('0\r\n\r\n');
  });
  const clients = await ask(200, '/chunked');
  await settled();
  head.open();
  for (const { text, complete } of await responses(clients)) assert.ok(complete && text === PART + PART);
  assert.equal(scene.asked('/chunked').length, 1);
});

test('an answer that is ready at once is fetched once', async () => {
  scene.on('/quick', (_request, answer) => answer.send(200, [FRESH], 'quick'));
  for (let round = 0; round < 20; round++) {
    const target = `/quick?${round}`;
    for (const { text } of await responses(await ask(16, target))) assert.equal(text, 'quick');
    assert.equal(scene.asked(target).length, 1);
  }
});

test('an answer that is not for storing goes to one client; the others ask at once, all together', async () => {
  const first = new Gate();
  const others = new Meeting(29);
  let count = 0;
  scene.on('/own', async (_request, answer) => {
    const number = ++count;
    await (number === 1 ? first.opened : others.join());
    await answer.send(200, [['Cache-Control', 'private']], `mine-${number}`);
  });
  const clients = await ask(30, '/own');
  await settled();
  assert.equal(count, 1);
  first.open();
  const bodies = (await responses(clients)).map(({ text }) => text);
  assert.equal(new Set(bodies).size, 30);
});

test('what was not for storing is remembered: nobody waits for anybody', async () => {
  let meeting = new Meeting(1);
  scene.on('/known', async (_request, answer) => {
    await meeting.join();
    await answer.send(200, [['Cache-Control', 'no-store']], 'x');
  });
  for (let i = 0; i < 4; i++) await scene.get('/known');
  meeting = new Meeting(20);
  for (const response of await responses(await ask(20, '/known'))) {
    assert.match(cacheStatus(response), /^lb; fwd=uri-miss; detail=hit-for-miss$/);
  }
});

test('an origin that fails is asked once more, for all together; each client gets 502', async () => {
  const fail = new Gate();
  scene.on('/fails', async (_request, answer) => {
    await fail.opened;
    answer.reset();
  });
  const clients = await ask(60, '/fails');
  await settled();
  fail.open();
  for (const response of await responses(clients)) {
    assert.equal(response.status, 502);
    assert.match(response.get('proxy-status') ?? '', /^lb; error=connection_terminated/);
    assert.match(cacheStatus(response), /^lb; fwd=uri-miss/);
  }
  assert.equal(scene.asked('/fails').length, 2);
});

test('the client whose request began the fetch goes away: the others are served, and the answer is stored', async () => {
  const go = new Gate();
  scene.on('/left', async (_request, answer) => {
    await go.opened;
    await answer.send(200, [FRESH], 'served');
  });
  const [leader] = await ask(1, '/left');
  await until(() => scene.asked('/left').length === 1, 'the fetch');
  const waiters = await ask(10, '/left');
  await settled();
  leader.close();
  await settled();
  go.open();
  for (const { text } of await responses(waiters)) assert.equal(text, 'served');
  assert.equal(cacheStatus(await scene.get('/left')), 'lb; hit');
  assert.equal(scene.asked('/left').length, 1);
});

test('nobody is left to be served: what may be stored is stored', async () => {
  const go = new Gate();
  scene.on('/alone', async (_request, answer) => {
    await go.opened;
    await answer.send(200, [FRESH], 'stored');
  });
  const [leader] = await ask(1, '/alone');
  await until(() => scene.asked('/alone').length === 1, 'the fetch');
  const { objects } = await scene.lb.admin.cache();
  leader.close();
  await settled();
  go.open();
  await until(async () => (await scene.lb.admin.cache()).objects > objects, 'the answer to be stored');
  assert.equal(cacheStatus(await scene.get('/alone')), 'lb; hit');
});

test('the leader goes away and the answer is not for storing: the others ask for themselves', async () => {
  const go = new Gate();
  let count = 0;
  scene.on('/left-private', async (_request, answer) => {
    if (++count === 1) await go.opened;
    await answer.send(200, [['Cache-Control', 'private']], `own-${count}`);
  });
  const [leader] = await ask(1, '/left-private');
  await until(() => count === 1, 'the fetch');
  const waiters = await ask(4, '/left-private');
  await settled();
  leader.close();
  await settled();
  go.open();
  for (const { status, text } of await responses(waiters)) assert.ok(status === 200 && text.startsWith('own-'));
});

test('waiters that go away amid the body take nothing from the others', async () => {
  const rest = new Gate();
  scene.on('/thinned', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Content-Length', String(2 * PART.length)]]);
    await answer.raw(PART);
    await rest.opened;
    await answer.raw(PART);
  });
  const clients = await ask(40, '/thinned');
  const heads = await Promise.all(clients.map((client) => client.head()));
  for (const [i, client] of clients.entries()) if (i % 2 === 0) client.close();
  await settled();
  rest.open();
  for (const [i, client] of clients.entries()) {
    const head = heads[i];
    assert.ok(head !== undefined);
    if (i % 2 === 1) assert.equal((await client.body(head)).text, PART + PART);
  }
  assert.equal(scene.asked('/thinned').length, 1);
  assert.equal(cacheStatus(await scene.get('/thinned')), 'lb; hit');
});

for (const framing of ['Content-Length', 'chunked'] as const) {
  test(`the origin dies half-way (${framing}): every response is broken, nothing is stored`, async () => {
    const die = new Gate();
    const target = `/dies-${framing}`;
    scene.on(target, async (_request, answer) => {
      const isKnown = framing === 'Content-Length';
      await answer.head(200, [FRESH, isKnown ? [framing, '20000'] : ['Transfer-Encoding', 'chunked']]);
      await (isKnown ? answer.raw(PART) : answer.chunk(PART));
      await die.opened;
      answer.reset();
    });
    const clients = await ask(20, target);
    const heads = await Promise.all(clients.map((client) => client.head()));
    die.open();
    await Promise.all(
      clients.map(async (client, i) => {
        const head = heads[i];
        assert.ok(head !== undefined);
        const response = await within(client.body(head), 'the end of a broken response');
        assert.deepEqual([response.complete, response.text.length], [false, PART.length]);
      }),
    );
    assert.equal(scene.asked(target).length, 1);
    scene.on(target, (_request, answer) => answer.send(200, [FRESH], 'whole'));
    const next = await scene.get(target);
    assert.deepEqual([next.text, cacheStatus(next)], ['whole', 'lb; fwd=uri-miss; stored']);
  });
}

test('a client that reads slowly holds nobody back, and gets all in the end', async () => {
  const body = Buffer.alloc(4_000_000);
  for (let i = 0; i < body.length; i++) body[i] = i % 251;
  scene.on('/slow', (_request, answer) => answer.send(200, [FRESH], body));
  const [slow, ...fast] = await ask(5, '/slow');
  for (const response of await responses(fast)) assert.ok(response.body.equals(body));
  assert.equal(cacheStatus(await scene.get('/slow')), 'lb; hit');
  assert.ok((await slow.response()).body.equals(body));
  assert.equal(scene.asked('/slow').length, 1);
});

test('an object over the largest that is stored passes through complete to all its clients', async () => {
  const body = Buffer.alloc(5_000_000, 'abcdefg');
  scene.on('/large', (_request, answer) => answer.send(200, [FRESH], body));
  for (const response of await responses(await ask(6, '/large'))) assert.ok(response.body.equals(body));
  const next = await scene.get('/large');
  assert.ok(next.body.equals(body));
  assert.doesNotMatch(cacheStatus(next), /hit(;|$)/);
});

test('an object that turns out to be too large goes on to the client whose request began it', async () => {
  const body = 'abcdefghij'.repeat(500_000);
  scene.on('/grows', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Transfer-Encoding', 'chunked']]);
    for (let at = 0; at < body.length; at += 50_000) await answer.chunk(body.slice(at, at + 50_000));
    await answer.raw('0\r\n\r\n');
  });
  const first = await scene.get('/grows');
  assert.ok(first.complete && first.text === body);
  // known by now on the thread that fetched it; the other learns it by its own fetch
  for (let i = 0; i < 3; i++) assert.ok((await scene.get('/grows')).text === body);
  for (const response of await responses(await ask(4, '/grows')))
    assert.ok(response.complete && response.text === body);
});

test('clients that wait together and turn out to want different variants get each their own', async () => {
  const go = new Gate();
  scene.on('/variants', async (request, answer) => {
    await go.opened;
    await answer.send(200, [FRESH, ['Vary', 'X-A']], `${request.get('x-a')}`);
  });
  const ones = await ask(20, '/variants', [['X-A', 'one']]);
  const twos = await ask(20, '/variants', [['X-A', 'two']]);
  await settled();
  go.open();
  for (const { text } of await responses(ones)) assert.equal(text, 'one');
  for (const { text } of await responses(twos)) assert.equal(text, 'two');
  assert.equal(scene.asked('/variants').length, 2);
});

test('a stale answer is validated once for all who wait', async () => {
  const go = new Gate();
  const fields: Field[] = [
    ['Cache-Control', 'no-cache'],
    ['ETag', '"e"'],
  ];
  scene.on('/validate', async (request, answer) => {
    if (request.get('if-none-match') === undefined) return answer.send(200, fields, 'body');
    await go.opened;
    await answer.head(304, fields);
  });
  await scene.get('/validate');
  const clients = await ask(40, '/validate');
  await settled();
  go.open();
  for (const response of await responses(clients)) {
    assert.deepEqual([response.status, response.text], [200, 'body']);
    assert.match(cacheStatus(response), /^lb; fwd=stale; fwd-status=304(; collapsed)?$/);
  }
  assert.equal(scene.asked('/validate').length, 2);
});

test('in the end nothing is held, and nothing of ours has thrown', async () => {
  await scene.lb.admin.idle();
  assert.deepEqual(
    scene.lb.log.filter(({ level }) => level === 'error'),
    [],
  );
});
