import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSockets } from '../../native-bindings/sockets/index.ts';
import { until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';
import { Load } from './load.ts';
import { runs, startServed } from './served.ts';

const PATIENCE = 30_000;
const ROOT = join(import.meta.dirname, '..', '..');

test('a native crash under load: it serves again within two seconds', async (t) => {
  const origin = await startOrigin(t, (asked, answer) => answer.send(200, [], asked.target));
  const begun = performance.now();
  const { port, child, pids } = await startServed(t, origin.address, [], { LB_SUPERVISED: '1' });
  const start = performance.now() - begun;
  const load = new Load(port, 2, 2);
  await until(() => load.answered > 20, 'some answers');
  const [first] = pids();
  assert.notEqual(first, child.pid, 'the supervisor is another process');
  const crashed = performance.now();
  process.kill(first, 'SIGSEGV');
  await until(() => pids().length > 1, 'another one to serve', PATIENCE);
  const { answered } = load;
  await until(() => load.answered > answered + 20, 'answers of the new one');
  // half a second on a machine with nothing else to do; on a busy one no more than the first start took
  const back = performance.now() - crashed;
  assert.ok(back < Math.max(2000, start + 500), `back after ${back} ms; the first start took ${start}`);
  await load.stop();
  // 503 comes from one whose threads are not up yet
  const others = load.errors.filter((error) => !/ECONNREFUSED|ECONNRESET|socket hang up|EPIPE|: 503/.test(error));
  assert.deepEqual(others.slice(0, 5), []);
  assert.match(child.stderr, /^lb supervisor: lb \(process \d+\) was ended by SIGSEGV; starting it again in 0\.1 s$/m);

  process.kill(pids()[1], 'SIGABRT');
  await until(() => pids().length > 2, 'a third one to serve', PATIENCE);
  assert.match(child.stderr, /SIGABRT; starting it again in 0\.2 s$/m);
  assert.equal((await request(t, port, '/after')).status, 200);
  child.signal('SIGTERM');
  assert.equal(await child.ended, 0);
  assert.equal(runs(pids()[2]), false);
});

test('a mistake in the configuration, or an address that is taken, ends it with its exit code', async (t) => {
  const wrong = spawnLb(t, ['serve', '--supervised', '-b', 'not an origin']);
  assert.equal(await wrong.ended, 2);
  const origin = await startOrigin(t, () => {});
  const other = await startOrigin(t, () => {});
  const busy = spawnLb(t, ['serve', '--supervised', '-b', origin.address, '--listen', other.address]);
  assert.equal(await busy.ended, 1);
  assert.match(busy.stderr, /in use by another program/);
  assert.match(busy.stderr, /^lb supervisor: .* is not started again: it has never come to serve$/m);
});

test('a supervisor that is killed takes lb with it', async (t) => {
  const origin = await startOrigin(t, () => {});
  const { child, pids } = await startServed(t, origin.address, ['--supervised']);
  child.signal('SIGKILL');
  await until(() => !runs(pids()[0]), 'lb to end', PATIENCE);
});

test('a second signal ends both at once, told by the exit code', async (t) => {
  const origin = await startOrigin(t, (_, answer) => answer.gone);
  const { port, child, pids } = await startServed(t, origin.address, ['--supervised'], { LB_SHUTDOWN_TIMEOUT: '60s' });
  const asked = request(t, port, '/never').catch(() => {});
  await origin.request(0);
  child.signal('SIGINT');
  await until(() => child.stdout.includes('"draining"'), 'the drain', PATIENCE);
  child.signal('SIGINT');
  assert.equal(await child.ended, 130);
  assert.equal(runs(pids()[0]), false);
  await asked;
});

const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
const noOrphans = 'unavailable' in (await loadSockets()) ? 'the sockets addon is not to be had' : false;

test('as process 1 it takes away what others leave to it', {
  skip: canUnshare ? noOrphans : 'a namespace of processes cannot be made here',
}, async (t) => {
  // the shell ends before its child, which then ends without a parent
  const orphan = "require('node:child_process').spawn('sh', ['-c', 'sh -c \"sleep 0.2; exit 0\" & exit 0'])";
  const lb = `${orphan}; setTimeout(() => {}, 60000)`;
  const supervisor = [process.execPath, join(ROOT, 'workers', 'supervisor.ts'), process.execPath, '-e', lb];
  const outer = spawn('unshare', ['--pid', '--fork', '--mount-proc', ...supervisor], { stdio: 'ignore' });
  t.after(() => outer.kill('SIGKILL'));
  const inside = () => descendants(outer.pid ?? 0);
  await until(() => inside().some(({ name }) => name === 'sleep'), 'the orphan', PATIENCE);
  await until(() => inside().every(({ name }) => name !== 'sleep' && name !== 'sh'), 'it to be gone', PATIENCE);
  assert.ok(inside().filter(({ name }) => name === 'node').length >= 2);
  const ended = once(outer, 'exit');
  for (const { pid, name } of inside()) if (name === 'node') process.kill(pid, 'SIGKILL');
  await ended;
});

/** Processes below one, zombies too. */
function descendants(root: number): { pid: number; name: string }[] {
  const all = readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
      return [{ pid, name: name.replace('MainThread', 'node'), parent: Number(parent) }];
    } catch {
      return []; // it has just ended
    }
  });
  const below = (parent: number): typeof all =>
    all.filter((process) => process.parent === parent).flatMap((process) => [process, ...below(process.pid)]);
  return below(root);
}
