// Pages that vary by what anyone may make up: variants are capped, what is beyond them is passed on.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import { FRESH, HIT, newPath } from './attack.ts';

const scene = await startScene({ after }, { cache: { max_variants: 4 } });

test('variants beyond the limit are passed on and not stored, right for everyone', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'User-Agent']], `for ${request.get('user-agent')}`),
  );
  let hits = 0;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 40; i++) {
      const response = await scene.get(path, [['User-Agent', `agent ${i}`]]);
      assert.equal(response.text, `for agent ${i}`);
      if (response.get('cache-status') === HIT) hits++;
    }
  }
  assert.ok(hits > 0 && hits <= 4, `${hits} variants were stored`);
});

test('the limit is one of each resource, and begins anew when the page is purged', async () => {
  const [full, other] = [newPath(), newPath()];
  for (const path of [full, other])
    scene.on(path, (request, answer) => answer.send(200, [FRESH, ['Vary', 'X-A']], `${request.get('x-a')}`));
  const isStored = async (path: string, a: string) => {
    await scene.get(path, [['X-A', a]]);
    return (await scene.get(path, [['X-A', a]])).get('cache-status') === HIT;
  };
  for (let i = 0; i < 10; i++) await isStored(full, String(i));
  assert.equal(await isStored(full, 'new'), false);
  assert.equal(await isStored(other, 'new'), true);
  await scene.lb.admin.fetch('DELETE', `/cache${full}?host=site.test`);
  assert.equal(await isStored(full, 'new'), true);
});
