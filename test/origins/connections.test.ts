// A limit on connections counts idle ones too: threads give theirs up to others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { until } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { startScene, tally } from './scene.ts';

test('no more connections than the limit stand at any time, whichever threads ask', async (t) => {
  const limit = 3;
  let most = 0;
  const { lb, origins, idle } = await startScene(
    t,
    [
      async (_, answer) => {
        const standing = [...origins[0].sockets].filter(({ readableEnded, destroyed }) => !readableEnded && !destroyed);
        most = Math.max(most, standing.length);
        await setTimeout(5);
        await answer.send(200, [['Cache-Control', 'no-store']], 'fine');
      },
    ],
    { origin_limits: { connections: limit }, workers: 3 },
  );
  const statuses = await Promise.all(
    Array.from({ length: 9 }, async (_, number) => {
      const client = await openClient(t, lb.port);
      const seen: number[] = [];
      for (let i = 0; i < 12; i++) {
        client.send(requestText('POST', `/${number}/${i}`, [], 'x'));
        seen.push((await client.response()).status);
        // threads are idle at different times
        if (i % 3 === number % 3) await setTimeout(8);
      }
      return seen;
    }),
  );
  assert.deepEqual(tally(statuses.flat()), { 200: 108 });
  assert.ok(most <= limit, `${most} connections`);
  await idle();
  assert.ok(origins[0].sockets.size <= limit);
});

test('a connection that one thread keeps is given to another one that needs it', async (t) => {
  const { lb, origins, status } = await startScene(
    t,
    [(_, answer) => answer.send(200, [['Cache-Control', 'no-store']], 'fine')],
    { origin_limits: { connections: 1, queue_timeout: '5s' }, workers: 3 },
  );
  for (let i = 0; i < 9; i++) assert.equal((await request(t, lb.port, `/${i}`)).status, 200);
  assert.ok(origins[0].connections >= 3, 'three threads have had one each');
  await until(async () => (await status())[0].connections === 1, 'one to be kept');
});
