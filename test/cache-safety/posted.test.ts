// An answer to POST in the place of a page: what anyone puts into a body must not become everybody's page.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import { openClient, requestText } from '../support/client.ts';
import { FRESH, newPath } from './attack.ts';

const scene = await startScene({ after });

test('a page that names itself by Content-Location and reads parameters from anywhere is not poisoned by POST', async () => {
  const path = newPath();
  scene.on(path, async (request, answer) =>
    answer.send(200, [FRESH, ['Content-Location', path]], `hello ${String(await request.body()) || 'you'}`),
  );
  await scene.get(path, [], { method: 'POST', body: 'evil' });
  assert.equal((await scene.get(path)).text, 'hello you');
});

test('a POST whose client leaves breaks no GET of the same page', async () => {
  const path = newPath();
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  scene.on(path, async (request, answer) => {
    if (request.method === 'GET') return answer.send(200, [FRESH], 'x'.repeat(10));
    await answer.head(200, [FRESH, ['Content-Location', path], ['Content-Length', '10']]);
    await answer.raw('x');
    await gate;
    await answer.raw('x'.repeat(9));
  });
  const client = await openClient({ after }, scene.lb.port);
  client.send(requestText('POST', path, [], 'body'));
  await client.head();
  const get = scene.get(path).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  go();
  const response = await get;
  assert.deepEqual([response?.complete, response?.text], [true, 'x'.repeat(10)]);
});
