// What is on disk is there after a restart, and purges hold over it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MB, startRig } from './rig.ts';

const HIT = 'lb; hit; detail=disk';

test('hits from disk after a restart: small, large, HEAD, conditional, ranges, with two edges', async (t) => {
  const rig = await startRig(t, { workers: 2 });
  rig.resources.known.set('/small', {
    length: 3000,
    fields: [
      ['Cache-Control', 'max-age=600'],
      ['ETag', '"s"'],
    ],
  });
  rig.resources.known.set('/large', {
    length: MB + 500_017,
    fields: [
      ['Cache-Control', 'max-age=600'],
      ['ETag', '"l"'],
    ],
  });
  for (const target of ['/small', '/large']) assert.match(await rig.fetch(target), /fwd=uri-miss; stored/);
  await rig.restart();
  assert.equal(await rig.fetch('/small'), HIT);
  // from memory, to which it was brought
  assert.equal(await rig.fetch('/small'), 'lb; hit');
  assert.equal(await rig.fetch('/large'), HIT);
  const body = rig.resources.body('/large');
  const head = await rig.get('/large', { method: 'HEAD' });
  assert.deepEqual([head.status, head.get('content-length')], [200, String(body.length)]);
  const same = await rig.get('/large', { fields: [['If-None-Match', '"l"']] });
  assert.equal(same.status, 304);
  const part = await rig.get('/large', { fields: [['Range', 'bytes=100000-1100000']] });
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(body.subarray(100_000, 1_100_001)));
  const tail = await rig.get('/large', { fields: [['Range', 'bytes=-5']] });
  assert.ok(tail.body.equals(body.subarray(-5)));
  const none = await rig.get('/large', { fields: [['Range', 'bytes=99999999-']] });
  assert.equal(none.status, 416);
  const several = await rig.get('/large', { fields: [['Range', 'bytes=0-9,200000-200009']] });
  assert.equal(several.status, 206);
  assert.ok(several.body.includes(body.subarray(200_000, 200_010)));
  assert.deepEqual([rig.resources.asked('/small'), rig.resources.asked('/large')], [1, 1]);
  assert.equal(rig.said(/bug/), 0);
});
