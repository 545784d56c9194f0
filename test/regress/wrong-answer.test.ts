// Ways in which a client once got, or could keep, an answer that was not its own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Gate } from '../caching/gate.ts';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';

// one thread, so that every request meets what the one before it left behind; the largest object is 4 MB
const scene = await startScene({ after }, { workers: 1, cache: { memory: '16MB' } });
const FRESH: Field = ['Cache-Control', 'max-age=60'];

test('a refused request over a stale answer leaves nothing to the next request', async () => {
  for (const path of ['/stale-a', '/stale-b']) {
    scene.on(path, (request, answer) =>
      request.get('if-modified-since') === undefined
        ? answer.send(
            200,
            [
              ['Cache-Control', 'max-age=0'],
              ['Last-Modified', 'Mon, 01 Jan 2024 00:00:00 GMT'],
            ],
            path,
          )
        : answer.send(304, [FRESH], ''),
    );
  }
  assert.equal((await scene.get('/stale-a')).text, '/stale-a');
  assert.equal((await scene.get('/stale-a', [['CDN-Loop', 'lb, lb, lb']])).status, 508);
  assert.equal((await scene.get('/stale-b')).text, '/stale-b');
  await scene.lb.admin.idle();
});

test('a field value made to look like the end of another variant does not stand for it', async () => {
  const gate = new Gate();
  scene.on('/crafted', async (request, answer) => {
    await gate.opened;
    await answer.send(200, [FRESH, ['Vary', 'X-A']], `for ${request.get('x-a')}`);
  });
  const attack = await openClient({ after }, scene.lb.port);
  attack.send(requestText('GET', '/crafted', [['X-A', 'a|x-a=6:victim']]));
  await scene.origin.request(scene.origin.requests.length);
  const victim = scene.get('/crafted', [['X-A', 'victim']]);
  gate.open();
  assert.equal((await victim).text, 'for victim');
  await attack.response();
});

test('an answer compressed without Vary goes only to those who take that coding', async () => {
  scene.on('/gz', (request, answer) => {
    const zipped = request.get('accept-encoding')?.includes('gzip') === true;
    return answer.send(200, zipped ? [FRESH, ['Content-Encoding', 'gzip']] : [FRESH], zipped ? 'GZIP' : 'plain');
  });
  assert.equal((await scene.get('/gz', [['Accept-Encoding', 'gzip']])).text, 'GZIP');
  assert.equal((await scene.get('/gz')).text, 'plain');
  assert.equal(cacheStatus(await scene.get('/gz', [['Accept-Encoding', 'gzip']])), 'lb; hit');
});

test('what was on its way to the cache when a POST changed it is not stored', async () => {
  const gate = new Gate();
  scene.on('/changed', async (request, answer) => {
    if (request.method === 'POST') return answer.send(200, [], 'done');
    if (scene.asked('/changed').length > 1) return answer.send(200, [FRESH], 'new');
    await gate.opened;
    await answer.send(200, [FRESH], 'old');
  });
  const before = scene.origin.requests.length;
  const early = scene.get('/changed');
  await scene.origin.request(before);
  assert.equal((await scene.get('/changed', [], { method: 'POST', body: 'x' })).status, 200);
  gate.open();
  assert.equal((await early).text, 'old');
  assert.equal((await scene.get('/changed')).text, 'new');
});

test('an answer of unknown length that is not stored reaches a slow client to its last byte', async () => {
  const body = Buffer.alloc(4_400_000, 'abcdefg');
  scene.on('/slowly', async (_request, answer) => {
    await answer.head(200, [
      ['Cache-Control', 'no-store'],
      ['Transfer-Encoding', 'chunked'],
    ]);
    for (let at = 0; at < body.length; at += 100_000)
      await answer.chunk(body.subarray(at, at + 100_000).toString('latin1'));
    await answer.raw('0\r\n\r\n');
  });
  const client = await openClient({ after }, scene.lb.port);
  client.send(requestText('GET', '/slowly'));
  const response = await client.head();
  assert.ok(response);
  let parts = 0;
  const received: Buffer[] = [];
  await client.body(response, 'GET', async (chunk) => {
    received.push(chunk);
    if (parts++ % 8 === 0) await pause(1);
  });
  assert.ok(response.complete && Buffer.concat(received).equals(body));
});

test('a client that leaves while the rest of an outgrown answer waits for it leaves no origin request behind', async () => {
  scene.on('/outgrown', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Transfer-Encoding', 'chunked']]);
    for (let i = 0; i < 300 && !answer.socket.destroyed; i++) await answer.chunk('x'.repeat(50_000));
  });
  for (let i = 0; i < 3; i++) {
    const client = await openClient({ after }, scene.lb.port);
    const before = scene.origin.requests.length;
    client.send(requestText('GET', `/outgrown?${i}`));
    await scene.origin.request(before);
    await client.head();
    client.close();
  }
  await scene.lb.admin.idle();
  scene.on('/next', (_request, answer) => answer.send(200, [], 'fine'));
  assert.equal((await scene.get('/next')).text, 'fine');
});

test('a client that joins when much of an answer of unknown length is there gets all of it', async () => {
  const gate = new Gate();
  const part = 'y'.repeat(300_000);
  scene.on('/joined', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Transfer-Encoding', 'chunked']]);
    await answer.chunk(part);
    await gate.opened;
    await answer.chunk(part);
    await answer.raw('0\r\n\r\n');
  });
  const leader = await openClient({ after }, scene.lb.port);
  leader.send(requestText('GET', '/joined'));
  const first = await leader.head();
  assert.ok(first);
  const taken = leader.body(first);
  await until(
    async () => (await scene.lb.admin.metrics()).get('lb_origin_response_bytes_total{site="default"}')! > 300_000,
    'the first part',
  );
  const joiner = await openClient({ after }, scene.lb.port);
  joiner.send(requestText('GET', '/joined'));
  const second = await joiner.head();
  assert.ok(second);
  gate.open();
  assert.equal((await joiner.body(second)).text.length, 600_000);
  assert.equal((await taken).text.length, 600_000);
  await scene.lb.admin.idle();
});
