// An answer to one sender's bytes says nothing about the page: it may neither be stored nor keep the page from it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import { checkStillCached, FRESH, newPath } from './attack.ts';

const scene = await startScene({ after });

for (const status of [400, 408, 413, 425, 428, 429, 431, 416, 417, 405, 401, 403]) {
  test(`${status} to one request does not keep the page out of the cache`, async () => {
    const path = newPath();
    scene.on(path, (request, answer) =>
      request.get('x-attack') === undefined ? answer.send(200, [FRESH], 'page') : answer.send(status, [], 'error'),
    );
    assert.equal((await scene.get(path, [['X-Attack', '1']])).status, status);
    await checkStillCached(scene, path);
  });
}
