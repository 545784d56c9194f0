import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const program = `
  import { stopSignal } from ${JSON.stringify(join(import.meta.dirname, 'stop-signal.ts'))};
  setInterval(() => {}, 1000);
  const stopped = stopSignal();
  process.kill(process.pid, 'SIGTERM');
  await stopped;
  console.log('stops');
  process.kill(process.pid, 'SIGTERM');
`;
const run = (command: string, ...args: string[]) =>
  spawnSync(command, [...args, '--input-type=module', '-e', program], { encoding: 'utf8', timeout: 20_000 });

test('the second signal ends the process as if it had never been caught', () => {
  const { stdout, signal } = run(process.execPath);
  assert.equal(stdout, 'stops\n');
  assert.equal(signal, 'SIGTERM');
});

const NAMESPACE = ['--pid', '--fork', '--mount-proc'];
const canUnshare = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;

test('as process 1 too, to which the kernel brings no signal', {
  skip: canUnshare ? false : 'a namespace of processes cannot be made here',
}, () => {
  const { stdout, stderr, status } = run('unshare', ...NAMESPACE, process.execPath);
  assert.equal(stdout, 'stops\n');
  assert.equal(stderr, '');
  assert.equal(status, 143);
});
