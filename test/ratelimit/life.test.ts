// Rate limits over reloads, and when an edge thread dies.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';

const settings = (rate: object[]) => ({ workers: 1, addons: { rate_limit: rate } });
const KEPT = { name: 'kept', match: '/kept', requests_per_hour: 1, burst: 1 };
const CHANGED = { name: 'changed', match: '/changed', requests_per_hour: 1, burst: 1 };
const HELD = { name: 'held', match: '/held', by: 'all', concurrent: 1 };

const scene = await startScene({ after }, settings([KEPT, CHANGED, HELD]));
const status = async (target: string) => (await scene.get(target)).status;

test('a reload keeps the buckets of limits that stay as they are', async () => {
  for (const path of ['/kept', '/changed']) {
    scene.on(path, counted([['Cache-Control', 'max-age=600']]));
    assert.deepEqual([await status(path), await status(path)], [200, 429]);
  }
  const next = settings([{ ...CHANGED, burst: 2 }, HELD, { ...KEPT, status: 503 }]);
  const result = await scene.lb.reload({ origins: [scene.origin.address], ...next });
  assert.equal('errors' in result, false, JSON.stringify(result));
  assert.equal(await status('/kept'), 503);
  assert.deepEqual([await status('/changed'), await status('/changed'), await status('/changed')], [200, 200, 429]);
});

test('what a dead edge thread had under way is given back', async () => {
  let asked = 0;
  scene.on('/held', (_request, answer) => {
    if (++asked > 1) void answer.send(200, [['Cache-Control', 'no-store']], 'x');
  });
  const lost = scene.get('/held').catch(() => undefined);
  await until(() => asked === 1, 'the origin to be asked');
  assert.equal(await status('/held'), 429);
  await scene.lb.admin.kill(1);
  await lost;
  await until(() => scene.lb.admin.ready(), 'the threads to be back');
  await until(async () => (await scene.get('/held').catch(() => undefined))?.status === 200, 'the place to be free');
});
