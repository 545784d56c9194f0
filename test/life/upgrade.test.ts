import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSockets } from '../../native-bindings/sockets/index.ts';
import { until } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { type Handler, startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';
import { Load } from './load.ts';
import { runs, type Served, startServed } from './served.ts';

/** Longest wait for a process to come or go, in ms. */
const PATIENCE = 30_000;

const sockets = await loadSockets();
const skip = 'unavailable' in sockets ? sockets.unavailable : false;

/** Answers with the path as the body; `/slow` takes the whole of a test. */
const echo: (slow: Promise<void>) => Handler = (slow) => async (asked, answer) => {
  if (asked.target !== '/slow') {
    return answer.send(200, [['Cache-Control', 'max-age=60']], asked.target);
  }
  await answer.head(200, [['Content-Length', '10']]);
  await answer.raw('first');
  await slow;
  return answer.raw('later');
};

/** Asks by the command line. @returns the new process */
async function upgrade(t: Parameters<typeof spawnLb>[0], { admin, pids, child }: Served): Promise<number> {
  const command = spawnLb(t, ['upgrade', '--admin', `127.0.0.1:${admin.port}`, '--json']);
  assert.equal(await command.ended, 0, `${command.stderr}${child.stderr}`);
  const { pid } = JSON.parse(command.stdout) as { pid: number };
  await until(() => pids().includes(pid), 'the new process to tell', PATIENCE);
  return pid;
}

for (const [how, env, args] of [
  ['main accepts', { LB_WORKERS: '2' }, []],
  ['edges accept', { LB_WORKERS: '2', LB_TEST_NO_UWS: '1' }, []],
  ['with a supervisor', { LB_WORKERS: '1' }, ['--supervised']],
] as [string, Record<string, string>, string[]][]) {
  test(`lb upgrade loses no connection and no request (${how})`, { skip }, async (t) => {
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const origin = await startOrigin(t, echo(slow));
    const served = await startServed(t, origin.address, args, env);
    const [first] = served.pids();
    const client = await openClient(t, served.port);
    client.send(requestText('GET', '/slow'));
    const download = await client.head();
    assert.ok(download);
    const idle = await openClient(t, served.port);
    idle.send(requestText('GET', '/idle'));
    await idle.response();

    const load = new Load(served.port, 3, 4);
    t.after(() => load.stop());
    const second = await upgrade(t, served);
    await until(() => served.child.stdout.includes('"draining"'), 'the old one to drain', PATIENCE);
    assert.ok(runs(first), 'it waits for the download');
    // a connection without a request at that time has its next one answered, and is told then
    idle.send(requestText('GET', '/idle'));
    const last = await idle.response();
    assert.deepEqual([last.status, last.get('connection')], [200, 'close']);
    idle.close();
    finish();
    await client.body(download);
    assert.deepEqual([download.complete, download.text], [true, 'firstlater']);
    client.close();
    await until(() => !runs(first), 'the old one to end', PATIENCE);

    // the second time in the place of one that has taken a place itself
    const third = args.length > 0 ? second : await upgrade(t, served);
    if (third !== second) await until(() => !runs(second), 'the second one to end', PATIENCE);
    await load.stop();
    assert.deepEqual(load.errors.slice(0, 5), []);
    assert.ok(load.answered > 100, `${load.answered} answers`);
    assert.deepEqual(served.pids(), [...new Set([first, second, third])]);
    assert.equal((await request(t, served.port, '/after')).status, 200);
    assert.ok(await served.admin.ready());
    process.kill(args.length > 0 ? served.child.pid : third, 'SIGTERM');
    await until(() => !runs(third), 'the third one to end', PATIENCE);
    assert.equal(await served.child.ended, 0);
    assert.equal(served.child.stderr, '');
  });
}

for (const [how, args] of [
  ['alone', []],
  ['with a supervisor', ['--supervised']],
] as [string, string[]][]) {
  test(`a successor that cannot start changes nothing (${how})`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'lb-upgrade-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'lb.json');
    writeFileSync(file, '{}');
    chmodSync(file, 0o600);
    const origin = await startOrigin(t, echo(Promise.resolve()));
    const served = await startServed(t, origin.address, ['-c', file, ...args]);
    writeFileSync(file, '{"listn": 1}');
    const load = new Load(served.port, 2, 2);
    t.after(() => load.stop());
    const command = spawnLb(t, ['upgrade', '--admin', `127.0.0.1:${served.admin.port}`]);
    assert.equal(await command.ended, 1);
    assert.match(command.stderr, /^lb: not upgraded: the new process ended with exit code 2/);
    await load.stop();
    assert.deepEqual(load.errors.slice(0, 5), []);
    assert.match(served.child.stderr, /listn/);

    // and when the mistake is mended it can be had
    writeFileSync(file, '{}');
    const [first] = served.pids();
    const second = await upgrade(t, served);
    await until(() => !runs(first), 'the old one to end', PATIENCE);
    assert.ok(runs(second));
    // its output stays open, since the other one has it too
    if (args.length === 0) assert.equal(served.child.process.exitCode, 0);
  });
}

for (const [how, args] of [
  ['alone', []],
  ['with a supervisor', ['--supervised']],
] as [string, string[]][]) {
  test(`who stops the new process at once has stopped lb (${how})`, async (t) => {
    const origin = await startOrigin(t, echo(Promise.resolve()));
    const served = await startServed(t, origin.address, args);
    const answer = await served.admin.fetch('POST', '/upgrade');
    assert.equal(answer.status, 200);
    const { pid } = answer.json() as { pid: number };
    process.kill(pid, 'SIGTERM');
    assert.equal(await served.child.ended, 0);
    await until(() => [pid, ...served.pids()].every((each) => !runs(each)), 'both to end', PATIENCE);
    assert.doesNotMatch(served.child.stdout, /not upgraded/);
    assert.equal(served.child.stderr, '');
  });
}

test('two at a time are refused; a stop meanwhile ends both', async (t) => {
  const origin = await startOrigin(t, echo(Promise.resolve()));
  const served = await startServed(t, origin.address);
  const [one, two] = [served.admin.fetch('POST', '/upgrade'), served.admin.fetch('POST', '/upgrade')];
  assert.deepEqual(
    (await Promise.all([one, two])).map(({ status }) => status).sort((a, b) => a - b),
    [200, 409],
  );
  served.child.signal('SIGTERM');
  assert.equal(await served.child.ended, 0);
  await until(() => served.pids().every((pid) => !runs(pid)), 'both to end', PATIENCE);
});

test('an address of a stranger is not shared', async (t) => {
  const origin = await startOrigin(t, echo(Promise.resolve()));
  const served = await startServed(t, origin.address);
  const place = ['--listen', `127.0.0.1:${served.port}`, '--admin', '127.0.0.1:0'];
  const other = spawnLb(t, ['serve', '-b', origin.address, ...place]);
  assert.equal(await other.ended, 1);
  assert.match(other.stderr, /is in use by another program/);
  const admin = ['--listen', '127.0.0.1:0', '--admin', `127.0.0.1:${served.admin.port}`];
  const third = spawnLb(t, ['serve', '-b', origin.address, ...admin]);
  assert.equal(await third.ended, 1);
  assert.match(third.stderr, /is in use by another program/);
});
