// Which origin gets which request, over real sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient, request, requestText } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { FINE, startScene } from './scene.ts';

test('round robin over two threads: each origin gets its part', async (t) => {
  const { origins, ask, idle } = await startScene(t, [FINE, FINE, FINE], { workers: 2 });
  assert.deepEqual(new Set(await ask(60)), new Set([200]));
  for (const { requests } of origins) assert.ok(Math.abs(requests.length - 20) <= 2, String(requests.length));
  await idle();
});

test('weights, and a backup that nobody asks while others are up', async (t) => {
  const [heavy, light, spare] = await Promise.all([FINE, FINE, FINE].map((handler) => startOrigin(t, handler)));
  const lb = await startLb(t, {
    origins: [
      { host: '127.0.0.1', port: heavy.port, weight: 3 },
      { host: '127.0.0.1', port: light.port },
      { host: '127.0.0.1', port: spare.port, backup: true },
    ],
  });
  for (let i = 0; i < 40; i++) await request(t, lb.port, `/${i}`);
  assert.deepEqual(
    [heavy, light, spare].map(({ requests }) => requests.length),
    [30, 10, 0],
  );
});

test('least connections: what one origin holds back, the other one gets', async (t) => {
  const held: (() => void)[] = [];
  const { origins, lb, idle } = await startScene(
    t,
    [
      async (_, answer) => {
        await new Promise<void>((resolve) => held.push(resolve));
        await answer.send(200, [], 'late');
      },
      FINE,
    ],
    { balance: { policy: 'least_connections' }, workers: 2 },
  );
  const first = await openClient(t, lb.port);
  first.send(requestText('POST', '/held', [], 'x'));
  await origins[0].request(0);
  for (let i = 0; i < 6; i++) assert.equal((await request(t, lb.port, `/${i}`)).text, 'fine');
  assert.equal(origins[0].requests.length, 1);
  for (const release of held) release();
  assert.equal((await first.response()).text, 'late');
  await idle();
});

test('p2c: the slow origin is asked only now and then', async (t) => {
  const { origins, ask, status } = await startScene(
    t,
    [
      async (_, answer) => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        await answer.send(200, [['Cache-Control', 'no-store']], 'slow');
      },
      FINE,
    ],
    { balance: { policy: 'p2c' } },
  );
  await ask(30);
  assert.ok(origins[0].requests.length <= 4, String(origins[0].requests.length));
  const [slow, fast] = await status();
  assert.ok((slow.latency_ms ?? 0) > (fast.latency_ms ?? 0));
});

test('hash: a URL keeps its origin; what one origin had is spread when it is gone', async (t) => {
  const { origins, lb } = await startScene(t, [FINE, FINE, FINE], { balance: { policy: 'hash', hash_by: 'path' } });
  const places = async () => {
    const found = new Map<string, number>();
    for (let i = 0; i < 24; i++) {
      const path = `/${i}`;
      assert.equal((await request(t, lb.port, path)).status, 200);
      found.set(
        path,
        origins.findIndex(({ requests }) => requests.at(-1)?.target === path),
      );
      for (const origin of origins) origin.requests.length = 0;
    }
    return found;
  };
  const before = await places();
  assert.deepEqual(await places(), before);
  assert.equal(new Set(before.values()).size, 3);
});

test('sticky: set on answers of the client alone, kept as long as the origin is up, in no cached answer', async (t) => {
  const store = [['Cache-Control', 'max-age=60']] as const;
  const answers = origins();
  const { origins: running, lb } = await startScene(t, answers, { balance: { sticky_cookie: 'srv' } });
  function origins() {
    return ['a', 'b'].map((name) => async (asked: { target: string }, answer: Parameters<typeof FINE>[1]) => {
      const isStored = asked.target === '/stored';
      await answer.send(200, isStored ? store : [['Cache-Control', 'no-store']], name);
    });
  }
  const first = await request(t, lb.port, '/own');
  const line = first.get('set-cookie') ?? '';
  assert.match(line, /^srv=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
  const fields: [string, string][] = [['Cookie', `theme=dark; ${line.split(';')[0]}`]];
  for (let i = 0; i < 6; i++) {
    const again = await request(t, lb.port, `/own/${i}`, { fields });
    assert.deepEqual([again.text, again.get('set-cookie')], [first.text, undefined]);
  }
  for (let i = 0; i < 3; i++) {
    const shared = await request(t, lb.port, '/stored');
    assert.deepEqual([shared.status, shared.get('set-cookie')], [200, undefined]);
  }
  assert.equal(running[0].requests.length + running[1].requests.length, 8, 'stored once');
  const posted = await request(t, lb.port, '/own', { method: 'POST', body: 'x', fields });
  assert.equal(posted.text, first.text);
  const fresh = await request(t, lb.port, '/fresh', { method: 'POST', body: 'x', fields: [['Cookie', 'srv=forged']] });
  assert.match(fresh.get('set-cookie') ?? '', /^srv=/);
});

test('sticky: an answer that lb passes on, but that a cache between it and the client may keep, has no cookie', async (t) => {
  const asked = new Map([
    ['/a', ['max-age=60', false]],
    ['/b', ['max-age=0, s-maxage=60', false]],
    ['/c', ['public', false]],
    ['/d', ['max-age=60, private', true]],
    ['/e', ['max-age=0, must-revalidate', true]],
    ['/f', ['no-cache', true]],
  ] as const);
  const answer: typeof FINE = (request, to) =>
    to.send(200, [['Cache-Control', asked.get(request.target as '/a')?.[0] ?? 'no-store']], 'fine');
  const { lb } = await startScene(t, [answer, answer], { balance: { sticky_cookie: 'srv' } });
  for (const [path, [control, isSet]] of asked) {
    // answers to POST are passed on
    const response = await request(t, lb.port, path, { method: 'POST', body: 'x' });
    assert.equal(response.get('set-cookie') !== undefined, isSet, control);
  }
});
