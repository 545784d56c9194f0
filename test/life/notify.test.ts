import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { feedWatchdog, type Notifier } from '../../src/server/notify.ts';
import { until } from '../support/cleanup.ts';
import { startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';
import { runs, startServed } from './served.ts';

const PATIENCE = 30_000;
const UNIT = join(import.meta.dirname, '..', '..', 'packaging', 'systemd', 'lb.service');

/** Prints each datagram that comes to a unix socket, with | for its line ends. */
const RECEIVER = `use Socket; $| = 1; socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; my $a = pack('S a*', AF_UNIX, $ARGV[0]);
bind(S, $a) or die "bind: $!"; print "bound\\n";
while (defined recv(S, $m, 4096, 0)) { $m =~ tr/\\n/|/; print "$m\\n"; }`;

const skip = spawnSync('perl', ['-e', 'use Socket']).status === 0 ? false : 'there is no perl to listen with';

/** Stands for systemd: a datagram socket, and all that it was told. */
async function listen(t: TestContext, path: string): Promise<string[]> {
  const told: string[] = [];
  // in the abstract namespace a zero byte stands for the @
  const code = path.startsWith('@') ? RECEIVER.replace('$ARGV[0]', '"\\0" . substr($ARGV[0], 1)') : RECEIVER;
  const receiver: ChildProcess = spawn('perl', ['-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => receiver.kill('SIGKILL'));
  let text = '';
  receiver.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    told.push(...lines);
  });
  await until(() => told.shift() === 'bound', 'the socket', PATIENCE);
  return told;
}

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'lb-notify-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
};

for (const kind of ['a path', 'an abstract name']) {
  test(`systemd is told of start, watchdog, reload and end (${kind})`, { skip }, async (t) => {
    const path = kind === 'a path' ? join(folder(t), 'notify') : `@lb-test-${process.pid}`;
    const told = await listen(t, path);
    const origin = await startOrigin(t, () => {});
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '600000' };
    const { child, port } = await startServed(t, origin.address, [], env);
    const has = (pattern: RegExp) => () => told.some((line) => pattern.test(line));
    await until(has(new RegExp(`^READY=1\\|STATUS=serves on http://127.0.0.1:${port}$`)), 'READY', PATIENCE);
    await until(has(/^WATCHDOG=1$/), 'WATCHDOG', PATIENCE);
    child.signal('SIGHUP');
    await until(has(/^RELOADING=1\|MONOTONIC_USEC=\d+$/), 'RELOADING', PATIENCE);
    const ready = () =>
      told.slice(told.findIndex((line) => line.startsWith('RELOADING'))).some((l) => /^READY=1/.test(l));
    await until(ready, 'READY after the reload', PATIENCE);
    child.signal('SIGTERM');
    assert.equal(await child.ended, 0);
    await until(has(/^STOPPING=1\|STATUS=draining$/), 'STOPPING', PATIENCE);
  });
}

test('an upgrade tells which process is the main one', { skip }, async (t) => {
  const path = join(folder(t), 'notify');
  const told = await listen(t, path);
  const origin = await startOrigin(t, () => {});
  const { admin, pids } = await startServed(t, origin.address, [], { NOTIFY_SOCKET: path });
  const [first] = pids();
  await admin.fetch('POST', '/upgrade');
  await until(() => !runs(first), 'the first one to end', PATIENCE);
  assert.ok(told.includes(`MAINPID=${pids()[1]}`), told.join('\n'));
  assert.equal(
    told.some((line) => line.startsWith('STOPPING')),
    false,
    'the service goes on',
  );
});

test('the watchdog hears nothing while something is wrong', async (t) => {
  let fed = 0;
  let isWell = true;
  const watchdog = () => {
    fed++;
    return Promise.resolve();
  };
  t.after(feedWatchdog({ watchdogTime: 15, watchdog } as unknown as Notifier, () => isWell));
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  await until(() => fed > 2, 'it to be fed');
  isWell = false;
  const before = fed;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(fed, before);
});

test('a socket that is not there is told of once, and lb serves', async (t) => {
  const origin = await startOrigin(t, () => {});
  const env = { NOTIFY_SOCKET: join(folder(t), 'nobody'), WATCHDOG_USEC: '100000' };
  const { child } = await startServed(t, origin.address, [], env);
  await until(() => child.stdout.includes('service manager'), 'the warning', PATIENCE);
  child.signal('SIGTERM');
  assert.equal(await child.ended, 0);
  assert.equal(child.stdout.match(/service manager/g)?.length, 1);
});

const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const noSystemd = analyze('--version').status === 0 ? false : 'systemd-analyze is not here';

test('the unit is one that systemd takes, and hardened', { skip: noSystemd }, () => {
  const verified = analyze('verify', UNIT);
  // the programs that it names need not be here
  const complaints = verified.stderr.split('\n').filter((line) => line !== '' && !/is not executable/.test(line));
  assert.deepEqual(complaints, []);
  const { stdout, status } = analyze('security', '--offline=true', '--threshold=25', UNIT);
  assert.equal(status, 0, stdout.split('\n').at(-2));
});

test('--help of upgrade says what happens', async (t) => {
  const help = spawnLb(t, ['upgrade', '--help']);
  assert.equal(await help.ended, 0);
  assert.match(help.stdout, /starts another by its own command line/);
});
