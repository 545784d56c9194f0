// Stale answers: while they are refreshed, when the origin fails, when it takes too long.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until, within } from '../support/cleanup.ts';
import { Gate } from './gate.ts';
import { cacheStatus, type Field, type Handler, startScene } from './scene.ts';

const scene = await startScene(
  { after },
  {
    workers: 2,
    cache: {
      stale_if_error: 0,
      late: { match: '/late*', ttl: 60, stale_if_error: '1h', stale_deadline: '50ms' },
      kept: { match: '/kept*', ttl: 60, stale_if_error: '1h', stale_while_revalidate: '10s' },
    },
  },
);

/** Stale by two seconds on arrival. */
const stale = (directives: string): Field[] => [
  ['Cache-Control', `max-age=10, ${directives}`],
  ['Age', '12'],
];

/** Answers one after the other; the last one again and again. */
function turns(...handlers: Handler[]): Handler {
  let turn = 0;
  return (request, answer) => handlers[Math.min(turn++, handlers.length - 1)](request, answer);
}

const text =
  (body: string, fields: readonly Field[]): Handler =>
  (_request, answer) =>
    answer.send(200, fields, body);

test('stale-while-revalidate: served at once, refreshed once in the background, for clients of all threads', async () => {
  const gate = new Gate();
  scene.on(
    '/swr',
    turns(text('old', stale('stale-while-revalidate=60')), async (_request, answer) => {
      await gate.opened;
      void answer.send(200, [['Cache-Control', 'max-age=60']], 'new');
    }),
  );
  assert.equal((await scene.get('/swr')).text, 'old');
  const during = await Promise.all(Array.from({ length: 20 }, () => scene.get('/swr')));
  for (const response of during) {
    assert.equal(response.text, 'old');
    assert.match(cacheStatus(response), /^lb; hit; ttl=-\d+; detail=stale-while-revalidate$/);
  }
  // the refresh may reach the origin after the answers have reached the clients
  await until(() => scene.asked('/swr').length > 1, 'the refresh');
  assert.equal(scene.asked('/swr').length, 2);
  gate.open();
  await until(async () => (await scene.get('/swr')).text === 'new', 'the refreshed answer');
  assert.equal(scene.asked('/swr').length, 2);
});

test('a background refresh is conditional, and a 304 makes the answer fresh again', async () => {
  scene.on('/swr-304', (request, answer) => {
    const etag: Field = ['ETag', '"v"'];
    if (request.get('if-none-match') === '"v"') void answer.head(304, [etag, ['Cache-Control', 'max-age=60']]);
    else void answer.send(200, [...stale('stale-while-revalidate=60'), etag], 'same');
  });
  await scene.get('/swr-304');
  assert.match(cacheStatus(await scene.get('/swr-304')), /detail=stale-while-revalidate/);
  await until(async () => cacheStatus(await scene.get('/swr-304')) === 'lb; hit', 'a fresh hit');
  assert.equal(scene.asked('/swr-304').length, 2);
});

test('past its window, with must-revalidate or no-cache, nothing stale is served', async () => {
  for (const [target, directives] of [
    ['/over', 'stale-while-revalidate=1'],
    ['/must', 'stale-while-revalidate=60, must-revalidate'],
    ['/no-cache', 'stale-while-revalidate=60, no-cache'],
  ]) {
    let count = 0;
    scene.on(target, (_request, answer) => answer.send(200, [...stale(directives), ['ETag', '"e"']], String(++count)));
    await scene.get(target);
    assert.equal((await scene.get(target)).text, '2', target);
  }
});

test('a stale answer whose resource may no longer be stored is gone after its refresh', async () => {
  scene.on(
    '/turned',
    turns(text('old', stale('stale-while-revalidate=60')), text('mine', [['Cache-Control', 'private']])),
  );
  await scene.get('/turned');
  assert.equal((await scene.get('/turned')).text, 'old');
  await until(async () => (await scene.get('/turned')).text === 'mine', 'the private answer');
  assert.equal((await scene.get('/turned')).text, 'mine');
});

for (const [name, fail] of [
  ['503', (_request, answer) => answer.send(503, [], 'sorry')],
  ['a closed connection', (_request, answer) => answer.socket.destroy()],
] as [string, Handler][]) {
  const target = `/sie-${name.length}`;
  test(`stale-if-error stands in for ${name}, also for those who joined, and without waiting for some seconds`, async () => {
    scene.on(target, turns(text('old', stale('stale-if-error=60')), fail));
    await scene.get(target);
    const responses = await Promise.all(Array.from({ length: 8 }, () => scene.get(target)));
    for (const response of responses) {
      assert.deepEqual([response.status, response.text], [200, 'old']);
      assert.match(cacheStatus(response), /^lb; hit; ttl=-\d+; detail=stale-if-error$/);
    }
    assert.ok(scene.asked(target).length < 8);
  });

  test(`without stale-if-error ${name} reaches the client, and the stale answer stays for later`, async () => {
    let down = false;
    const at = `${target}-off`;
    scene.on(at, (request, answer) => {
      if (down) void fail(request, answer);
      else if (request.get('if-none-match') === '"k"') void answer.head(304, [['Cache-Control', 'max-age=60']]);
      else void answer.send(200, [...stale('proxy-revalidate, stale-if-error=60'), ['ETag', '"k"']], 'old');
    });
    await scene.get(at);
    down = true;
    assert.ok((await scene.get(at)).status >= 500);
    down = false;
    assert.match(cacheStatus(await scene.get(at)), /fwd-status=304/);
  });
}

test('a 404 or 500-class answer that is no failure replaces the stale one', async () => {
  scene.on(
    '/gone',
    turns(text('old', stale('stale-if-error=60')), (_request, answer) => answer.send(404, [], 'gone')),
  );
  await scene.get('/gone');
  assert.equal((await scene.get('/gone')).status, 404);
});

test('windows by configuration hold for what has a lifetime, and never for s-maxage', async () => {
  let down = false;
  const answers =
    (fields: Field[]): Handler =>
    (_request, answer) =>
      down ? answer.send(503, [], 'sorry') : answer.send(200, [...fields, ['Age', '12']], 'old');
  scene.on('/kept-a', answers([['Cache-Control', 'max-age=5']]));
  scene.on(
    '/kept-b',
    answers([
      ['Cache-Control', 's-maxage=5'],
      ['ETag', '"b"'],
    ]),
  );
  for (const target of ['/kept-a', '/kept-b']) await scene.get(target);
  down = true;
  assert.match(cacheStatus(await scene.get('/kept-a')), /detail=stale-while-revalidate/);
  assert.equal((await scene.get('/kept-b')).status, 503);
});

test('stale-deadline: the stale answer goes out while the fill goes on, and the fill is stored', async () => {
  const gate = new Gate();
  scene.on(
    '/late',
    turns(
      text('old', [
        ['Cache-Control', 'max-age=10'],
        ['Age', '12'],
      ]),
      async (_request, answer) => {
        await gate.opened;
        void answer.send(200, [['Cache-Control', 'max-age=60']], 'new');
      },
    ),
  );
  await scene.get('/late');
  const waiting = await Promise.all(Array.from({ length: 6 }, () => within(scene.get('/late'), 'a stale answer')));
  for (const response of waiting) {
    assert.equal(response.text, 'old');
    assert.match(cacheStatus(response), /detail=stale-deadline$/);
  }
  assert.equal(scene.asked('/late').length, 2);
  gate.open();
  await until(async () => (await scene.get('/late')).text === 'new', 'the late answer');
  assert.equal(scene.asked('/late').length, 2);
});

test('an origin within the deadline is waited for', async () => {
  scene.on(
    '/late-not',
    turns(
      text('old', [
        ['Cache-Control', 'max-age=10'],
        ['Age', '12'],
      ]),
      text('new', [['Cache-Control', 'max-age=9']]),
    ),
  );
  await scene.get('/late-not');
  assert.equal((await scene.get('/late-not')).text, 'new');
});

test('a soft purge makes an answer stale, to be served as such within its windows', async () => {
  scene.on(
    '/soft',
    turns(
      text('old', [['Cache-Control', 'max-age=60, stale-while-revalidate=60']]),
      text('new', [['Cache-Control', 'max-age=60']]),
    ),
  );
  await scene.get('/soft');
  const purge = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/cache/soft`, {
    method: 'DELETE',
    headers: { 'x-lb-soft': '1' },
  });
  assert.equal(purge.status, 200);
  const response = await scene.get('/soft');
  assert.equal(response.text, 'old');
  assert.match(cacheStatus(response), /^lb; hit; ttl=(0|-1); detail=stale-while-revalidate$/);
  await until(async () => (await scene.get('/soft')).text === 'new', 'the refreshed answer');
});
