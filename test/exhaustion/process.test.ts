// What must be seen from outside: memory and descriptors of lb as a process of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { until } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { serveLb } from '../support/process.ts';

/** Environments: with uWebSockets.js, and without it. */
const ON: readonly Record<string, string>[] = [{}, { LB_TEST_NO_UWS: '1' }];

/** Largest growth of memory that answers for who does not read may cost. */
const MOST = 100 << 20;

function body(t: TestContext): Promise<Origin> {
  const text = 'x'.repeat(10_000);
  return startOrigin(t, (_, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=600'],
        ['ETag', '"1"'],
      ],
      text,
    ),
  );
}

function silent(t: TestContext, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  t.after(() => void socket.destroy());
  return socket;
}

const PIPELINED: readonly (readonly [string, string])[] = [
  ['hits', requestText('GET', '/small')],
  ['answers without a body', requestText('GET', '/small', [['If-None-Match', '"1"']])],
  ['HEAD', requestText('HEAD', '/small')],
];

for (const [name, text] of PIPELINED) {
  test(`who asks without end and reads nothing costs a bounded memory: ${name}`, async (t) => {
    const origin = await body(t);
    const lb = await serveLb(t, origin.address);
    await request(t, lb.port, '/small');
    const before = lb.child.rss();
    const many = text.repeat(1000);
    const sockets = Array.from({ length: 4 }, () => silent(t, lb.port));
    for (let round = 0; round < 100; round++) {
      for (const socket of sockets) {
        if (socket.writableLength < 1 << 20 && !socket.destroyed) socket.write(many);
      }
      await setTimeout(10);
    }
    const grown = lb.child.rss() - before;
    assert.ok(grown < MOST, `${(grown / (1 << 20)).toFixed()} MB`);
    assert.equal((await request(t, lb.port, '/small')).status, 200);
  });
}

for (const env of ON) {
  const on = 'LB_TEST_NO_UWS' in env ? 'node:http' : 'uWebSockets.js';
  test(`limits above the usual ones hold on ${on}`, async (t) => {
    const origin = await body(t);
    const limits = { LB_LIMITS_URL: '100KB', LB_MAX_REQUEST_HEADER: '100KB' };
    const lb = await serveLb(t, origin.address, [], { ...env, ...limits });
    const statusOf = async (target: number, field: number) => {
      const fields: [string, string][] = [['X-A', 'x'.repeat(field)]];
      return (await request(t, lb.port, `/${'x'.repeat(target)}`, { fields })).status;
    };
    assert.equal(await statusOf(90_000, 90_000), 200);
    assert.equal(await statusOf(103_000, 1), 414);
    assert.equal(await statusOf(1, 103_000), 431);
  });
}

test('a client that reads what it pipelined gets all of it', async (t) => {
  const origin = await body(t);
  const lb = await serveLb(t, origin.address);
  await request(t, lb.port, '/small');
  const client = await openClient(t, lb.port);
  for (let round = 0; round < 5; round++) {
    client.send(requestText('GET', '/small').repeat(20));
    for (let i = 0; i < 20; i++) assert.equal((await client.response()).body.length, 10_000);
  }
});

for (const env of process.platform === 'linux' ? ON : []) {
  const on = 'LB_TEST_NO_UWS' in env ? 'node:http' : 'uWebSockets.js';
  test(`more clients than descriptors on ${on}: the others are served, and all are once there is room`, async (t) => {
    const origin = await body(t);
    const lb = await serveLb(t, origin.address, ['--workers', '2'], env);
    const kept = await openClient(t, lb.port);
    const ask = async () => {
      kept.send(requestText('GET', '/small'));
      return (await kept.response()).status;
    };
    assert.equal(await ask(), 200);
    const open = Number(execFileSync('sh', ['-c', `ls /proc/${lb.child.pid}/fd | wc -l`], { encoding: 'utf8' }));
    execFileSync('prlimit', ['--pid', String(lb.child.pid), `--nofile=${open + 50}`]);
    const sockets = Array.from({ length: 200 }, () => silent(t, lb.port));
    for (const socket of sockets) socket.resume();
    // gauges are taken every second, and must not fail for it
    await setTimeout(1200);
    assert.equal(await ask(), 200);
    for (const socket of sockets) socket.destroy();
    // a client that comes before the descriptors are back is closed
    const served = () =>
      request(t, lb.port, '/small')
        .then(({ status }) => status === 200)
        .catch(() => false);
    await until(served, 'room');
    assert.equal(await ask(), 200);
    assert.ok(await lb.admin.ready());
  });
}
