// Requests that come back to lb: found by CDN-Loop (RFC 8586), answered with 508.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { freePort, type Handler } from '../support/origin.ts';
import { checkStillCached, FRESH, newPath } from './attack.ts';

const scene = await startScene({ after });

/** An origin that leads back to lb: it asks lb for what it is asked for, and answers as lb does. */
function backTo(port: number): Handler {
  return async (asked, answer) => {
    const fields = asked.fields.filter(([name]) => /^(host|cdn-loop|via|x-a)$/i.test(name));
    const response = await request({ after }, port, asked.target, { method: asked.method, fields });
    return answer.send(response.status, [['Cache-Control', 'max-age=60']], response.text);
  };
}

for (const method of ['GET', 'HEAD', 'POST']) {
  test(`a loop ends at once, ${method}`, async () => {
    const path = newPath();
    scene.on(path, backTo(scene.lb.port));
    const response = await scene.get(path, [], { method });
    assert.equal(response.status, 508);
    assert.ok(scene.asked(path).length <= 2, `asked ${scene.asked(path).length} times`);
    await scene.lb.admin.idle();
  });
}

test('a loop over two lbs ends', async () => {
  const path = newPath();
  const port = await freePort();
  const quick = { shutdown_timeout: '100ms' };
  const first = await startLb({ after }, { ...quick, origins: [`127.0.0.1:${port}`] });
  await startLb({ after }, { ...quick, origins: [`127.0.0.1:${first.port}`], listen: `127.0.0.1:${port}` });
  const response = await request({ after }, first.port, path);
  assert.equal(response.status, 508);
  assert.match(response.get('proxy-status') ?? '', /error=proxy_loop_detected/);
});

test('508 is not stored: the page is there when the loop is gone', async () => {
  const path = newPath();
  scene.on(path, (_request, answer) => answer.send(200, [FRESH], 'page'));
  for (const value of ['lb, lb, lb', 'lb;id=1, other, LB, lb', 'lb,lb,lb,lb,lb']) {
    const refused = await scene.get(path, [['CDN-Loop', value]]);
    assert.equal(refused.status, 508, value);
    assert.equal(refused.get('cache-control'), 'no-store');
  }
  assert.equal(scene.asked(path).length, 0);
  await checkStillCached(scene, path);
});

test('what a client writes into CDN-Loop neither hides a loop nor is taken for one', async () => {
  const path = newPath();
  scene.on(path, (_request, answer) => answer.send(200, [], 'page'));
  for (const value of ['other', 'lb2, lbx, xlb', '"lb, lb, lb"', '', 'lb'])
    assert.equal((await scene.get(path, [['CDN-Loop', value]])).status, 200, value);
  for (const request of scene.asked(path)) assert.match(request.get('cdn-loop') ?? '', /(^|, )lb;id=[0-9a-f]+$/);
  await scene.get(path, [
    ['CDN-Loop', 'other'],
    ['Connection', 'CDN-Loop'],
  ]);
  assert.match(scene.asked(path).at(-1)?.get('cdn-loop') ?? '', /^other, lb;id=/, 'nor takes it away');
});
