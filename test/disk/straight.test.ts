// Small bodies that go from the disk to the client: memory is full, and they were not used lately.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient, requestText } from '../support/client.ts';
import type { Field } from '../support/message.ts';
import { purgeBy, type Rig, startRig, statusOf } from './rig.ts';

const HIT = 'lb; hit; detail=disk';
const MISS = /^lb; fwd=uri-miss/;
const FILLERS = 60;
const SIZE = 200_000;
const FRESH: readonly Field[] = [
  ['Cache-Control', 'max-age=600'],
  ['ETag', '"v"'],
];

let turn = 0;

/** Other entries push what memory has out of it. */
async function crowd(rig: Rig): Promise<void> {
  turn++;
  for (let i = 0; i < FILLERS; i++)
    rig.resources.known.set(`/fill/${turn}/${i}`, { length: i % 2 === 0 ? SIZE : SIZE / 2 });
  for (let i = 0; i < FILLERS; i += 6)
    await Promise.all(Array.from({ length: 6 }, (_, k) => rig.fetch(`/fill/${turn}/${i + k}`)));
}

/** How many entries memory has. */
async function entries(rig: Rig): Promise<number> {
  return (await rig.status()).cache.objects;
}

test('whole, in part, HEAD, conditional, to slow clients; purged and made invalid; brought into memory once used again', async (t) => {
  const rig = await startRig(t, { cache: { memory: '8MB', disk_size: '256MB' } });
  const { known } = rig.resources;
  const names = ['whole', 'part', 'several', 'head', 'same', 'slow', 'purged', 'posted', 'again'];
  for (const name of names) known.set(`/${name}`, { length: name === 'whole' ? 5000 : SIZE, fields: FRESH });
  for (const name of names) await rig.fetch(`/${name}`);
  await rig.written(names.length);
  await crowd(rig);
  await crowd(rig);
  const before = await entries(rig);
  assert.equal(await rig.fetch('/whole'), HIT);
  const part = await rig.get('/part', { fields: [['Range', 'bytes=70000-150000']] });
  assert.deepEqual([part.status, part.get('cache-status')], [206, HIT]);
  assert.ok(part.body.equals(rig.resources.body('/part').subarray(70_000, 150_001)));
  const several = await rig.get('/several', { fields: [['Range', 'bytes=0-9,150000-150009']] });
  assert.deepEqual([several.status, several.get('cache-status')], [206, HIT]);
  assert.ok(several.body.includes(rig.resources.body('/several').subarray(150_000, 150_010)));
  const head = await rig.get('/head', { method: 'HEAD' });
  assert.deepEqual([head.get('content-length'), head.get('cache-status')], [String(SIZE), HIT]);
  const same = await rig.get('/same', { fields: [['If-None-Match', '"v"']] });
  assert.deepEqual([same.status, same.get('cache-status')], [304, HIT]);
  assert.equal(await entries(rig), before, 'none of them is in memory');

  // others get the same buffers meanwhile
  const wanted = Array.from({ length: FILLERS }, (_, i) => `/fill/1/${i}`);
  const slow = await Promise.all(wanted.map(() => openClient(t, rig.lb.port)));
  for (const [i, client] of slow.entries()) {
    client.socket.pause();
    client.send(requestText('GET', wanted[i]));
  }
  for (let i = 0; i < FILLERS / 2; i++) await rig.fetch(`/fill/2/${i}`);
  let straight = 0;
  for (const [i, client] of slow.entries()) {
    client.socket.resume();
    const response = await client.response();
    assert.ok(response.body.equals(rig.resources.body(wanted[i])), wanted[i]);
    if (statusOf(response) === HIT) straight++;
  }
  assert.ok(straight > FILLERS / 2, `${straight}`);

  assert.equal((await purgeBy(rig.lb.admin.port, { purge: [{ url: '/purged' }] })).status, 200);
  assert.match(await rig.fetch('/purged'), MISS);
  await rig.get('/posted', { method: 'POST', body: 'x' });
  assert.match(await rig.fetch('/posted'), MISS);
  // used again soon: memory has it
  assert.equal(await rig.fetch('/again'), HIT);
  assert.equal(await rig.fetch('/again'), HIT);
  assert.equal(await rig.fetch('/again'), 'lb; hit');
  assert.equal(rig.said(/bug/), 0);
});
