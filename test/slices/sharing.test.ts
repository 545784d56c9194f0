// Many clients, on several threads, and those that leave.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { requestText } from '../support/client.ts';
import { answerFor, rangesAsked, serving, slicesAsked, type Version, wholeOf } from './file.ts';

const SIZE = 256 * 1024;
const scene = await startScene({ after }, { workers: 3, cache: { slice: '256KB' } });
const V: Version = { length: 12 * SIZE + 77, etag: '"v"' };
const WHOLE = wholeOf(V);
const range = (text: string): Field[] => [['Range', `bytes=${text}`]];

test('sixty clients of three threads cost one request a slice', async () => {
  scene.on(
    '/shared',
    serving(() => V),
  );
  const starts = Array.from({ length: 60 }, (_, i) => (i * 53_381) % V.length);
  const whole = Array.from({ length: 10 }, () => scene.get('/shared'));
  const parts = starts.map((start) => scene.get('/shared', range(`${start}-${start + SIZE}`)));
  for (const response of await Promise.all(whole)) assert.ok(response.body.equals(WHOLE));
  for (const [i, response] of (await Promise.all(parts)).entries()) {
    assert.equal(response.status, 206);
    assert.ok(response.body.equals(WHOLE.subarray(starts[i], starts[i] + SIZE + 1)), `from ${starts[i]}`);
  }
  assert.deepEqual(slicesAsked(scene, '/shared', SIZE), [...Array(13).keys()]);
  const metrics = await scene.lb.admin.metrics();
  assert.equal(metrics.get('lb_slice_fetches_total{site="default"}') ?? fetches(metrics), 13);
});

function fetches(metrics: Map<string, number>): number {
  return [...metrics].filter(([name]) => name.startsWith('lb_slice_fetches_total')).reduce((sum, [, n]) => sum + n, 0);
}

test('a client that leaves: the slice under way is completed, and nothing more is asked for', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  scene.on('/left', async (request, answer) => {
    if (!request.get('range')?.startsWith(`bytes=${SIZE}-`)) return answerFor(V, request, answer);
    const fields: Field[] = [
      ['ETag', '"v"'],
      ['Cache-Control', 'max-age=600'],
    ];
    const line: Field = ['Content-Range', `bytes ${SIZE}-${2 * SIZE - 1}/${V.length}`];
    await answer.head(206, [...fields, line, ['Content-Length', String(SIZE)]]);
    await answer.raw(WHOLE.subarray(SIZE, SIZE + 100));
    await held;
    return answer.raw(WHOLE.subarray(SIZE + 100, 2 * SIZE));
  });
  const client = await scene.open();
  client.send(requestText('GET', '/left'));
  await client.head();
  await until(() => scene.asked('/left').length === 2, 'the second slice');
  client.close();
  await until(async () => (await scene.lb.admin.cache()).pins <= 1, 'the client to be gone');
  release();
  await scene.lb.admin.idle();
  assert.deepEqual(slicesAsked(scene, '/left', SIZE), [0, 1]);
  const response = await scene.get('/left', range(`${SIZE}-${2 * SIZE - 1}`));
  assert.ok(response.body.equals(WHOLE.subarray(SIZE, 2 * SIZE)));
  assert.equal(response.get('cache-status'), 'lb; hit');
});

test('a client that takes nothing costs at most the slices that its socket and one look ahead hold', async () => {
  const large: Version = { ...V, length: 400 * SIZE };
  scene.on(
    '/slow',
    serving(() => large),
  );
  const client = await scene.open();
  client.socket.pause();
  client.send(requestText('GET', '/slow'));
  await until(() => scene.asked('/slow').length >= 2, 'the first slices');
  let before = -1;
  // until nothing more is asked for
  await until(async () => {
    const now = rangesAsked(scene, '/slow').length;
    const isQuiet = now === before && (await scene.lb.admin.cache()).flights === 0;
    before = now;
    if (!isQuiet) await new Promise((resolve) => setTimeout(resolve, 100));
    return isQuiet;
  }, 'the origin to be left alone');
  assert.ok(before < 60, `${before} slices were asked for`);
  assert.ok((await scene.lb.admin.cache()).pins <= 3);
  client.close();
  await scene.lb.admin.idle();
});

test('nothing is left pinned or under way', () => scene.lb.admin.idle());
