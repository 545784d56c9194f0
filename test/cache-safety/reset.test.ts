// A body without a length that ends by a reset has not ended in good order.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import { newPath } from './attack.ts';

const scene = await startScene({ after });

test('a body that only the end of the connection ends is broken where that is reset', async () => {
  const path = newPath();
  let broken = true;
  scene.on(path, async (_request, answer) => {
    if (!broken) return answer.send(200, [['Cache-Control', 'max-age=60']], 'whole');
    await answer.head(200, [
      ['Cache-Control', 'max-age=60'],
      ['Connection', 'close'],
    ]);
    await answer.raw('who');
    await new Promise((resolve) => setTimeout(resolve, 10));
    answer.reset();
  });
  const response = await scene.get(path).catch(() => undefined);
  assert.ok(response === undefined || !response.complete);
  broken = false;
  assert.equal((await scene.get(path)).text, 'whole');
});
