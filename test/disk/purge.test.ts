// Purges reach what is on disk at once, and hold over restarts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purgeBy, type Rig, startRig } from './rig.ts';

const HIT = 'lb; hit; detail=disk';
const MISS = /^lb; fwd=(?:uri|vary)-miss/;

const TAGGED = [
  ['Cache-Control', 'max-age=600'],
  ['Cache-Tag', 'news, front'],
] as const;

async function purge(rig: Rig, what: object, soft = false): Promise<void> {
  const { status, text } = await purgeBy(rig.lb.admin.port, { purge: [what], soft });
  assert.equal(status, 200, text);
}

/** Of each, what stays and what goes. */
const SOME: [purge: object, gone: string[], stays: string[]][] = [
  [{ url: '/url/1' }, ['/url/1'], ['/url/2']],
  [{ prefix: '/prefix/a' }, ['/prefix/a1', '/prefix/a2'], ['/prefix/b']],
  [{ tag: 'news' }, ['/tag/news'], ['/tag/none']],
];

test('purges of an URL, a prefix, a tag, a site and all, soft ones too, and unsafe methods, before and after restarts', async (t) => {
  const rig = await startRig(t);
  const { known } = rig.resources;
  known.set('/tag/news', { length: 2000, fields: TAGGED });
  known.set('/soft', { length: 100, fields: [['Cache-Control', 'max-age=600, stale-while-revalidate=600']] });
  const targets = SOME.flatMap(([, gone, stays]) => [...gone, ...stays]);
  for (const target of [...targets, '/soft', '/changed']) await rig.fetch(target);
  // only on disk, and so purged there
  await rig.restart();
  for (const [what] of SOME) await purge(rig, what);
  await purge(rig, { url: '/soft' }, true);
  for (const [, [first]] of SOME) assert.match(await rig.fetch(first), MISS);
  const posted = await rig.get('/changed', { method: 'POST', body: 'x' });
  assert.equal(posted.status, 200);
  assert.match(await rig.fetch('/changed'), MISS);
  await rig.restart();
  for (const [, [first, ...others], stays] of SOME) {
    for (const target of others) assert.match(await rig.fetch(target), MISS, target);
    for (const target of [first, ...stays]) assert.equal(await rig.fetch(target), HIT, target);
  }
  assert.equal(await rig.fetch('/changed'), HIT);
  // what only a disk has goes, for a record cannot be changed; what is in memory too stays there as stale
  assert.notEqual(await rig.fetch('/soft'), HIT);
  const site = (await rig.status()).sites[0].name;
  const [one, two] = targets;
  for (const what of [{ site, all: true }, { all: true }]) {
    for (const target of [one, two]) await rig.fetch(target);
    await purge(rig, what);
    assert.match(await rig.fetch(one), MISS);
    await rig.restart();
    assert.equal(await rig.fetch(one), HIT, 'what was fetched after the purge stays');
    assert.match(await rig.fetch(two), MISS);
  }
});
