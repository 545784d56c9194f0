// Disks over the ends of processes: by SIGKILL, and by a successor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSockets } from '../../native-bindings/sockets/index.ts';
import { runs, startServed } from '../life/served.ts';
import { type Cleanup, until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { listening, spawnLb } from '../support/process.ts';
import { purgeBy, type Resources, startResources, statusOf, tempFolder } from './rig.ts';

const HIT = 'lb; hit; detail=disk';
const MISS = /^lb; fwd=uri-miss/;
const PATIENCE = 30_000;

const sockets = await loadSockets();
const skip = 'unavailable' in sockets ? sockets.unavailable : false;

async function get(t: Cleanup, resources: Resources, port: number, target: string): Promise<string> {
  const response = await request(t, port, target);
  assert.ok(response.body.equals(resources.body(target)), target);
  return statusOf(response);
}

test('a purge that was answered holds after kill -9', async (t) => {
  const resources = await startResources(t);
  const folder = tempFolder(t);
  const start = () => {
    const own = ['-b', resources.origin.address, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
    const disk = ['--cache-memory', '16MB', '--cache-disk', folder, '--cache-disk-size', '64MB'];
    return listening(spawnLb(t, ['serve', ...own, ...disk], { LB_LOG_ACCESS: 'off', LB_WORKERS: '2' }));
  };
  const targets = Array.from({ length: 20 }, (_, i) => `/k/${i}`);
  let lb = await start();
  for (const target of targets) await get(t, resources, lb.port, target);
  lb.child.signal('SIGTERM');
  assert.equal(await lb.child.exit(), 0);
  lb = await start();
  for (const target of targets.slice(0, 5)) {
    const { status, text } = await purgeBy(lb.admin.port, { purge: [{ url: target }] });
    assert.equal(status, 200, text);
    assert.doesNotMatch(text, /warning/);
  }
  lb.child.signal('SIGKILL');
  await lb.child.exit();
  lb = await start();
  for (const [i, target] of targets.entries()) {
    const status = await get(t, resources, lb.port, target);
    if (i < 5) assert.match(status, MISS);
    else assert.equal(status, HIT);
  }
});

test('a successor takes the folder once it is given back', { skip }, async (t) => {
  const resources = await startResources(t);
  const folder = tempFolder(t);
  const args = ['--cache-disk', folder, '--cache-disk-size', '64MB'];
  const lb = await startServed(t, resources.origin.address, args, { LB_WORKERS: '1' });
  const [first] = lb.pids();
  for (const target of ['/a', '/b']) await get(t, resources, lb.port, target);
  const command = spawnLb(t, ['upgrade', '--admin', `127.0.0.1:${lb.admin.port}`, '--json']);
  assert.equal(await command.ended, 0, `${command.stderr}${lb.child.stderr}`);
  await until(() => !runs(first), 'the old one to end', PATIENCE);
  const isReady = async () => {
    const { disks } = (await lb.admin.fetch('GET', '/status')).json() as { disks: { state: string }[] };
    return disks[0].state === 'ready';
  };
  await until(isReady, 'the folder to be taken over', PATIENCE);
  assert.equal(await get(t, resources, lb.port, '/a'), HIT);
  assert.equal((await purgeBy(lb.admin.port, { purge: [{ url: '/b' }] })).status, 200);
  assert.match(await get(t, resources, lb.port, '/b'), MISS);
});
