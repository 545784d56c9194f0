// Memory that is all in use for a moment says nothing of what comes then.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, startScene } from '../caching/scene.ts';
import { requestText } from '../support/client.ts';
import { FRESH } from './file.ts';

const KB = 1024;
const MEMORY = 8192 * KB;

for (const isLengthKnown of [true, false]) {
  const said = isLengthKnown ? 'a known' : 'an unknown';
  test(`what finds no room, of ${said} length, is stored when it is asked for again`, async () => {
    const scene = await startScene({ after }, { workers: 1, cache: { memory: '8MB' } });
    const begun: (() => void)[] = [];
    const block = Buffer.alloc(2000 * KB, 'x');
    scene.on('/slow', async (_request, answer) => {
      await answer.head(200, [FRESH, ['Content-Length', String(block.length)]]);
      await answer.raw(block.subarray(0, KB));
      await new Promise<void>((resolve) => begun.push(resolve));
      await answer.raw(block.subarray(KB));
    });
    const body = Buffer.alloc(1900 * KB, 'y');
    scene.on('/file', async (_request, answer) => {
      if (isLengthKnown) return answer.send(200, [FRESH], body);
      await answer.head(200, [FRESH, ['Connection', 'close']]);
      await answer.raw(body);
      return answer.close();
    });
    // as many fills under way as leave no room
    const count = Math.floor(MEMORY / block.length);
    const clients = await Promise.all(Array.from({ length: count }, () => scene.open()));
    for (const [i, client] of clients.entries()) client.send(requestText('GET', `/slow?${i}`));
    for (const client of clients) await client.head();
    const first = await scene.get('/file');
    assert.ok(first.body.equals(body));
    assert.ok(!cacheStatus(first).includes('stored') || !isLengthKnown, cacheStatus(first));
    for (const go of begun) go();
    for (const client of clients) client.close();
    await scene.lb.admin.idle();
    const second = await scene.get('/file');
    assert.ok(second.body.equals(body));
    assert.equal(cacheStatus(second), 'lb; fwd=uri-miss; stored');
    await scene.lb.admin.idle();
    assert.equal(cacheStatus(await scene.get('/file')), 'lb; hit');
  });
}
