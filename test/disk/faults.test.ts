// Disks that lie, end or are not there: a miss and a line of the log, and the right bytes all the same.
import assert from 'node:assert/strict';
import { mkdirSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { MB, Rig, segmentsOf, startResources, startRig, tempFolder } from './rig.ts';

const HIT = 'lb; hit; detail=disk';
const MISS = /^lb; fwd=uri-miss/;

/** Flips a bit of each place where a text stands in a folder's segments. @returns how many there are */
function flip(folder: string, text: Buffer): number {
  let places = 0;
  for (const path of segmentsOf(folder)) {
    const bytes = readFileSync(path);
    const fd = openSync(path, 'r+');
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      writeSync(fd, Buffer.of(bytes[at] ^ 4), 0, 1, at);
      places++;
    }
  }
  return places;
}

test('flipped bits and files that are cut short while it runs: small, large at its beginning and far behind it', async (t) => {
  const rig = await startRig(t, { workers: 2 });
  const { known } = rig.resources;
  const cut = Array.from({ length: 10 }, (_, i) => `/cut/${i}`);
  for (const target of cut) known.set(target, { length: 300_000 });
  known.set('/small', { length: 5000 });
  known.set('/begin', { length: MB });
  known.set('/behind', { length: MB });
  known.set('/whole', { length: MB });
  for (const target of known.keys()) await rig.fetch(target);
  await rig.restart();
  await rig.ready();
  const [folder] = rig.folders;
  assert.equal(flip(folder, rig.resources.body('/small').subarray(4000, 4032)), 1);
  assert.equal(flip(folder, rig.resources.body('/begin').subarray(100, 132)), 1);
  assert.equal(flip(folder, rig.resources.body('/behind').subarray(900_000, 900_032)), 1);
  assert.match(await rig.fetch('/small'), MISS);
  assert.match(await rig.fetch('/begin'), MISS);
  // what has left cannot be taken back: the client sees that it is broken
  const broken = await rig.get('/behind').catch(() => undefined);
  if (broken !== undefined) assert.equal(broken.complete, false);
  assert.match(await rig.fetch('/behind'), MISS);
  assert.equal(await rig.fetch('/whole'), HIT);
  assert.ok(rig.said(/cannot be read from disk/) >= 1);
  const metrics = await rig.lb.admin.metrics();
  const failures = [...metrics].filter(([name]) => name.startsWith('lb_worker_disk_read_failures_total'));
  assert.equal(
    failures.reduce((sum, [, count]) => sum + count, 0),
    3,
  );
  for (const path of segmentsOf(folder)) truncateSync(path, 700_000);
  const statuses = await Promise.all(cut.map((target) => rig.fetch(target).catch(() => 'broken')));
  assert.equal(statuses.filter((status) => status === HIT).length, 2);
  // what begins before the cut has left as far as it was read
  assert.ok(statuses.filter((status) => status === 'broken').length <= 1);
  for (const target of cut) await rig.fetch(target);
});

test('a thread that dies is replaced, and what it had is there; of two disks one goes away: all is answered, and what the other has is still a hit', async (t) => {
  const rig = await startRig(t, { workers: 2 }, 2);
  const targets = Array.from({ length: 30 }, (_, i) => `/two/${i}`);
  for (const target of targets) await rig.fetch(target);
  await rig.written(targets.length);
  const objects = (await rig.status()).disks.map((disk) => disk.objects);
  assert.ok(
    objects.every((count) => count > 0),
    objects.join(),
  );
  const after = Array.from({ length: 8 }, (_, i) => `/after/${i}`);
  // behind the two edges
  await rig.lb.admin.kill(3);
  await until(() => rig.said(/disk thread ended and is replaced/) > 0, 'the thread to be replaced');
  await rig.ready();
  for (const target of after) await rig.fetch(target);
  await rig.restart();
  for (const target of after) assert.equal(await rig.fetch(target), HIT);
  await rig.ready();
  rmSync(rig.folders[0], { recursive: true });
  const gone = async () => (await rig.status()).disks[0].state === 'failed';
  await until(gone, 'the loss to be noticed');
  const statuses = await Promise.all(targets.map((target) => rig.fetch(target)));
  assert.equal(statuses.filter((status) => status === HIT).length, objects[1]);
  const { status } = await rig.lb.admin.fetch('DELETE', '/cache/two/*');
  assert.equal(status, 200);
  assert.ok((await Promise.all(targets.map((target) => rig.fetch(target)))).every((one) => MISS.test(one)));
});

test('a folder that cannot be used is a line of the log', async (t) => {
  const resources = await startResources(t);
  const parent = tempFolder(t);
  const file = join(parent, 'file');
  writeFileSync(file, '');
  const good = join(parent, 'good');
  mkdirSync(good);
  const rig = new Rig(t, resources, [join(file, 'below'), good], {});
  await rig.start();
  const targets = Array.from({ length: 8 }, (_, i) => `/${i}`);
  const [bad] = (await rig.status()).disks;
  assert.equal(bad.state, 'failed');
  assert.match(bad.reason ?? '', /ENOTDIR|EEXIST/);
  assert.equal(rig.said(/a disk cannot be (?:used|opened)/) > 0, true);
  for (const target of targets) assert.match(await rig.fetch(target), MISS);
  await rig.restart();
  for (const target of targets) assert.equal(await rig.fetch(target), HIT);
});
