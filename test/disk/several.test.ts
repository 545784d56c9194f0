// Several disks that have not always been together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purgeBy, Rig, startResources, tempFolder } from './rig.ts';

const HIT = 'lb; hit; detail=disk';
const MISS = /^lb; fwd=uri-miss/;

const targets = Array.from({ length: 16 }, (_, i) => `/s/${i}`);

test('disks that were away for a purge, or used without each other, do not bring back what it was about', async (t) => {
  const resources = await startResources(t);
  const folders = [tempFolder(t), tempFolder(t)];
  const both = new Rig(t, resources, folders, {});
  await both.start();
  for (const target of targets) await both.fetch(target);
  await both.stop();
  const one = new Rig(t, resources, folders.slice(0, 1), {});
  await one.start();
  assert.equal((await purgeBy(one.lb.admin.port, { purge: [{ prefix: '/s/' }] })).status, 200);
  await one.stop();
  await both.start();
  const statuses = await Promise.all(targets.map((target) => both.fetch(target)));
  assert.deepEqual(
    statuses.filter((status) => !MISS.test(status)),
    [],
  );
  await both.restart();
  const again = await Promise.all(targets.map((target) => both.fetch(target)));
  assert.deepEqual(new Set(again), new Set([HIT]));
  await both.stop();
  const parted = async (folder: string, prefix: string) => {
    const alone = new Rig(t, resources, [folder], {});
    await alone.start();
    assert.equal((await purgeBy(alone.lb.admin.port, { purge: [{ prefix }] })).status, 200);
    await alone.stop();
  };
  await Promise.all([parted(folders[0], '/s/'), parted(folders[1], '/other/')]);
  await both.start();
  const parts = await Promise.all(targets.map((target) => both.fetch(target)));
  assert.deepEqual(
    parts.filter((status) => !MISS.test(status)),
    [],
  );
});

test('of folders that two lbs have made the first one counts', async (t) => {
  const resources = await startResources(t);
  const folders = [tempFolder(t), tempFolder(t)];
  const make = async (folder: string) => {
    const rig = new Rig(t, resources, [folder], {});
    await rig.start();
    for (const target of targets) await rig.fetch(target);
    await rig.stop();
  };
  await Promise.all(folders.map(make));
  const both = new Rig(t, resources, folders, {});
  await both.start();
  const statuses = await Promise.all(targets.map((target) => both.fetch(target)));
  const hits = statuses.filter((status) => status === HIT).length;
  assert.ok(hits > 0 && hits < targets.length, `${hits} hits`);
  assert.equal(both.said(/begins empty/), 1);
});
