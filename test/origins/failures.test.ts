// Origins that fail in all ways: clients get answers from the others, and nothing is held afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { freePort, startOrigin } from '../support/origin.ts';
import { FINE, failing, RESET, startScene, tally } from './scene.ts';

const KEPT = [['Cache-Control', 'max-age=60']] as const;

test('nothing listens at one of two origins: no client notices, for answers that are stored and others', async (t) => {
  const good = await startOrigin(t, ({ target }, answer) =>
    answer.send(200, target.startsWith('/kept') ? KEPT : [['Cache-Control', 'no-store']], 'fine'),
  );
  const lb = await startLb(t, { origins: [`127.0.0.1:${await freePort()}`, good.address] });
  for (let i = 0; i < 8; i++) {
    for (const target of [`/kept/${i}`, `/own/${i}`]) assert.equal((await request(t, lb.port, target)).status, 200);
  }
  await lb.admin.idle();
});

test('an origin that resets is asked no more after some failures, and again when it works', async (t) => {
  const settings = { passive_health: { failures: 3, eject: '400ms' } };
  const { origins, ask, inState, idle, metric } = await startScene(t, [RESET, FINE], settings);
  assert.deepEqual(tally(await ask(12)), { 200: 12 });
  await inState(0, 'ejected');
  assert.equal(await metric('lb_origin_ejections_total'), 1);
  assert.ok((await metric('lb_origin_retries_total')) >= 3);
  const asked = origins[0].requests.length;
  assert.ok(asked >= 3 && asked <= 5, String(asked));
  origins[0].handler = FINE;
  await until(async () => {
    await ask(2);
    return origins[0].requests.length > asked + 3;
  }, 'the origin to be back');
  await inState(0, 'up');
  await idle();
});

test('half-open: an origin that may work again gets one request at a time', async (t) => {
  const settings = { passive_health: { failures: 1, eject: '200ms' }, workers: 2 };
  const { origins, ask, inState, lb, idle } = await startScene(t, [RESET, FINE], settings);
  await ask(3);
  await inState(0, 'ejected');
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const before = origins[0].requests.length;
  origins[0].handler = async (_, answer) => {
    await held;
    await answer.send(200, [['Cache-Control', 'no-store']], 'back');
  };
  const waiting: Promise<string>[] = [];
  await until(() => {
    waiting.push(request(t, lb.port, `/trial/${waiting.length}`).then(({ text }) => text));
    return origins[0].requests.length > before;
  }, 'the trial');
  const others = await Promise.all(Array.from({ length: 20 }, (_, i) => request(t, lb.port, `/other/${i}`)));
  assert.deepEqual(tally(others.map(({ text }) => text)), { fine: 20 });
  assert.equal(origins[0].requests.length, before + 1, 'one at a time');
  release();
  assert.equal(tally(await Promise.all(waiting)).back, 1);
  await inState(0, 'up');
  await idle();
});

test('chosen statuses are tried elsewhere; others go to the client as they are', async (t) => {
  const settings = { retries: { statuses: [503] }, passive_health: { failures: 0 } };
  const { origins, ask, idle } = await startScene(t, [failing(503), FINE], settings);
  assert.deepEqual(tally(await ask(20)), { 200: 20 });
  origins[0].handler = failing(500);
  assert.deepEqual(tally(await ask(10)), { 200: 5, 500: 5 });
  origins[0].handler = origins[1].handler = failing(503);
  assert.deepEqual(tally(await ask(6)), { 503: 6 }, 'the last answer is the client’s');
  await idle();
});

test('POST is not sent twice, nor what a client has begun to get', async (t) => {
  const settings = { passive_health: { failures: 0 } };
  const { origins, ask, lb, idle } = await startScene(t, [RESET, RESET], settings);
  assert.deepEqual(tally(await ask(4, { method: 'POST' })), { 502: 4 });
  assert.equal(origins[0].requests.length + origins[1].requests.length, 4);
  assert.deepEqual(tally(await ask(1)), { 502: 1 });
  assert.equal(origins[0].requests.length + origins[1].requests.length, 6, 'GET is, once');
  for (const origin of origins) {
    origin.requests.length = 0;
    origin.handler = async (_, answer) => {
      await answer.raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\nCache-Control: no-store\r\n\r\nhalf');
      answer.reset();
    };
  }
  const cut = await request(t, lb.port, '/half');
  assert.ok(!cut.complete);
  for (const origin of origins) {
    origin.handler = async (_, answer) => {
      await answer.raw('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      answer.reset();
    };
  }
  assert.equal((await request(t, lb.port, '/hinted')).status, 502);
  assert.equal(origins[0].requests.length + origins[1].requests.length, 2);
  await idle();
});

test('the budget holds: where all origins fail, a fifth of the requests is tried again, and ten', async (t) => {
  const settings = { passive_health: { failures: 0 }, workers: 2, retries: { attempts: 5 } };
  const { origins, ask, metric, idle } = await startScene(t, [RESET, RESET], settings);
  assert.deepEqual(tally(await ask(100)), { 502: 100 });
  assert.equal(origins[0].requests.length + origins[1].requests.length, 100 + 20 + 10);
  assert.equal(await metric('lb_origin_retries_total'), 30);
  assert.ok((await metric('lb_origin_retries_denied_total')) > 0);
  await idle();
});

test('all clients of a collapsed fill get the second origin’s answer', async (t) => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { origins, lb, idle } = await startScene(t, [
    async (_, answer) => {
      await gate;
      answer.reset();
    },
    (_, answer) => answer.send(200, KEPT, 'from the second'),
  ]);
  const clients = await Promise.all(Array.from({ length: 8 }, () => openClient(t, lb.port)));
  for (const client of clients) client.send(requestText('GET', '/shared'));
  await origins[0].request(0);
  release();
  for (const client of clients) assert.equal((await client.response()).text, 'from the second');
  assert.deepEqual(
    origins.map(({ requests }) => requests.length),
    [1, 1],
  );
  await idle();
});

test('a circuit that opens answers at once, and closes when the origin works', async (t) => {
  const breaker = { error_rate: 0.5, min_requests: 4, window: '10s', open: '200ms' };
  const { origins, ask, inState, lb, idle, metric } = await startScene(t, [failing(500)], { circuit_breaker: breaker });
  await ask(4);
  await inState(0, 'open');
  const refused = await request(t, lb.port, '/refused');
  assert.equal(refused.status, 503);
  assert.equal(refused.get('proxy-status'), 'lb; error=destination_unavailable');
  assert.equal(origins[0].requests.length, 4);
  assert.equal(await metric('lb_origin_circuit_opened_total'), 1);
  origins[0].handler = FINE;
  await until(async () => (await ask(1))[0] === 200, 'a trial');
  await until(async () => {
    await ask(1);
    return (await ask(3)).every((status) => status === 200);
  }, 'the circuit to close');
  await inState(0, 'up');
  await idle();
});

test('an answer that takes too long in all is given up', async (t) => {
  const settings = {
    timeouts: { total: '300ms', first_byte: '10s', between_bytes: '10s' },
    passive_health: { failures: 0 },
  };
  const { lb, idle } = await startScene(
    t,
    [
      async ({ target }, answer) => {
        if (target === '/drips') {
          await answer.head(200, [['Transfer-Encoding', 'chunked']]);
          while (!answer.socket.destroyed) {
            await answer.chunk('drip');
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
        await answer.gone;
      },
    ],
    settings,
  );
  const silent = await request(t, lb.port, '/silent');
  assert.deepEqual([silent.status, silent.get('proxy-status')], [504, 'lb; error=http_response_timeout']);
  const drips = await request(t, lb.port, '/drips');
  assert.deepEqual([drips.status, drips.complete], [200, false]);
  await idle();
});

/** Requests under way and waiting at the only origin. */
async function load(lb: Lb): Promise<[number, number]> {
  const metrics = await lb.admin.metrics();
  const of = (name: string) =>
    [...metrics].filter(([key]) => key.startsWith(name)).reduce((sum, [, value]) => sum + value, 0);
  return [of('lb_origin_pool_running'), of('lb_origin_pool_pending')];
}

test('an origin never has more requests than it may; the queue has an end, and clients that go leave it', async (t) => {
  const limits = { connections: 3, queue: 4, queue_timeout: '5s' };
  let running = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const { lb, idle, origins } = await startScene(
    t,
    [
      async (_, answer) => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => gates.push(resolve));
        running--;
        await answer.send(200, [['Cache-Control', 'no-store']], 'fine');
      },
    ],
    { origin_limits: limits, workers: 2 },
  );
  const clients = await Promise.all(Array.from({ length: 9 }, () => openClient(t, lb.port)));
  const [first, ...rest] = clients;
  for (const client of [first, rest[0], rest[1]]) client.send(requestText('POST', '/a', [], 'x'));
  await origins[0].request(2);
  const waiting = rest.slice(2, 6);
  for (const client of waiting) client.send(requestText('POST', '/b', [], 'x'));
  await until(async () => (await load(lb))[1] === 4, 'four to wait');
  const refused = rest.slice(6);
  for (const client of refused) {
    client.send(requestText('POST', '/c', [], 'x'));
    const { status, ...response } = await client.response();
    assert.equal(status, 503, response.reason);
  }
  waiting[0].close();
  await until(async () => (await load(lb))[1] === 3, 'one to leave the queue');
  await until(() => {
    for (const open of gates.splice(0)) open();
    return origins[0].requests.length === 6 && running === 0;
  }, 'all to be served');
  for (const client of [first, rest[0], rest[1], ...waiting.slice(1)])
    assert.equal((await client.response()).status, 200);
  assert.equal(most, 3);
  await idle();
});

test('who waits for too long gets 504', async (t) => {
  const limits = { connections: 1, queue: 4, queue_timeout: '100ms' };
  const { lb, origins, idle } = await startScene(t, [(_, answer) => answer.gone], { origin_limits: limits });
  const first = await openClient(t, lb.port);
  first.send(requestText('POST', '/held', [], 'x'));
  await origins[0].request(0);
  assert.equal((await request(t, lb.port, '/late')).status, 504);
  first.close();
  await until(async () => (await load(lb))[0] === 0, 'nothing to run');
  await idle();
});

test('clients that go away leave nothing behind', async (t) => {
  const { lb, origins, idle, status } = await startScene(t, [(_, answer) => answer.gone, (_, answer) => answer.gone]);
  const clients = await Promise.all(Array.from({ length: 10 }, () => openClient(t, lb.port)));
  for (const [i, client] of clients.entries()) client.send(requestText('POST', `/${i}`, [], 'x'));
  await until(() => origins[0].requests.length + origins[1].requests.length === 10, 'all to be asked');
  assert.equal(
    (await status()).reduce((sum, { under_way }) => sum + under_way, 0),
    10,
  );
  for (const client of clients) client.close();
  await idle();
});
