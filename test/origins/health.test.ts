// Active health checks: made once for all threads, seen by all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { freePort, type Handler, resetSocket, startOrigin } from '../support/origin.ts';
import { FINE, startScene, tally } from './scene.ts';

const CHECKS = { path: '/up', interval: '100ms', timeout: '80ms', healthy_after: 2, unhealthy_after: 2 };

/** Answers checks with what `state` says, and all else well. */
function checked(state: { status: number }): Handler {
  return ({ target }, answer) =>
    answer.send(target === '/up' ? state.status : 200, [['Cache-Control', 'no-store']], 'fine');
}

test('an origin whose checks fail gets nothing, on any thread; when they succeed it is back', async (t) => {
  const state = { status: 200 };
  const { origins, ask, inState, metric, lb } = await startScene(t, [checked(state), FINE], {
    health: CHECKS,
    workers: 2,
  });
  await inState(0, 'up');
  state.status = 503;
  await inState(0, 'down');
  assert.ok(lb.log.some(({ message }) => /is down and gets no requests/.test(message)));
  const asked = () => origins[0].requests.filter(({ target }) => target !== '/up').length;
  const before = asked();
  assert.deepEqual(tally(await ask(12)), { 200: 12 });
  assert.equal(asked(), before);
  const [check] = origins[0].requests.filter(({ target }) => target === '/up');
  assert.equal(check.get('host'), origins[0].address);
  assert.equal(check.method, 'GET');
  const isCounted = async () => {
    const samples = [...(await lb.admin.metrics())].filter(([name]) => /^lb_origins{.*state="down"/.test(name));
    return samples.some(([, value]) => value === 1);
  };
  await until(isCounted, 'the gauge');
  assert.equal(await metric('lb_origins'), 2);
  state.status = 204;
  await inState(0, 'up');
  await ask(8);
  assert.ok(asked() > before);
  await lb.admin.idle();
});

test('one check for all threads', async (t) => {
  const times: number[] = [];
  const recorded: Handler = (asked, answer) => {
    times.push(performance.now());
    return FINE(asked, answer);
  };
  await startScene(t, [recorded], { health: { ...CHECKS, interval: '200ms' }, workers: 4 });
  await until(() => times.length >= 5, 'checks');
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  assert.ok(
    gaps.every((gap) => gap > 175),
    gaps.join(),
  );
});

test('without any origin that is up: 503, and back when one is', async (t) => {
  const state = { status: 500 };
  const { inState, ask, lb } = await startScene(t, [checked(state)], { health: CHECKS });
  await inState(0, 'down');
  const response = await request(t, lb.port, '/');
  assert.deepEqual([response.status, response.get('proxy-status')], [503, 'lb; error=destination_unavailable']);
  state.status = 200;
  await inState(0, 'up');
  assert.deepEqual(await ask(1), [200]);
});

test('TCP checks see a port on which nothing listens; checks time out', async (t) => {
  const good = await startOrigin(t, FINE);
  const lb = await startLb(t, {
    sites: {
      tcp: {
        hosts: ['tcp.test'],
        origins: [`127.0.0.1:${await freePort()}`, good.address],
        health: { ...CHECKS, type: 'tcp' },
      },
      slow: { hosts: ['slow.test'], origins: [good.address], health: { ...CHECKS, path: '/never' } },
    },
  });
  good.handler = (asked, answer) => (asked.target === '/never' ? answer.gone : FINE(asked, answer));
  const states = async () =>
    ((await lb.admin.fetch('GET', '/status')).json() as { origins: { state: string; reason: string | null }[] })
      .origins;
  await until(async () => (await states()).map(({ state }) => state).join() === 'down,up,down', 'the checks');
  const [refused, , late] = await states();
  assert.deepEqual(
    [refused.reason, late.reason],
    ['health check: connection_refused', 'health check: no answer in 80 ms'],
  );
});

test('an origin is killed while clients ask, and comes back: none of them notices', async (t) => {
  const { origins, ask, inState, idle } = await startScene(t, [FINE, FINE], {
    health: CHECKS,
    passive_health: { failures: 3, eject: '200ms' },
    workers: 2,
  });
  const reset: Handler = (_, answer) => answer.reset();
  for (let round = 0; round < 2; round++) {
    origins[0].handler = reset;
    for (const socket of origins[0].sockets) resetSocket(socket);
    assert.deepEqual(tally(await ask(15)), { 200: 15 });
    await inState(0, 'down');
    origins[0].handler = FINE;
    assert.deepEqual(tally(await ask(5)), { 200: 5 });
    await inState(0, 'up');
  }
  await idle();
});

test('a thread that dies gives back what it had under way', async (t) => {
  const { origins, lb, status } = await startScene(t, [(_, answer) => answer.gone], {
    workers: 1,
    origin_limits: { connections: 2, queue: 2 },
  });
  const lost = [0, 1, 2].map((i) => request(t, lb.port, `/${i}`, { method: 'POST', body: 'x' }).catch(() => undefined));
  await origins[0].request(1);
  await lb.admin.kill(1);
  await Promise.all(lost);
  await until(() => lb.log.some(({ message }) => /is replaced/.test(message)), 'the end of the thread');
  await until(() => lb.admin.ready(), 'the new thread');
  await until(async () => (await status())[0].under_way === 0, 'nothing under way');
  origins[0].handler = FINE;
  for (let i = 0; i < 4; i++) assert.equal((await request(t, lb.port, `/again/${i}`)).status, 200);
});
