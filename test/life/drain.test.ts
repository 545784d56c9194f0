import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { startOrigin } from '../support/origin.ts';
import { serveLb } from '../support/process.ts';

const PATIENCE = 30_000;

for (const transport of ['uws', 'node:http']) {
  const env: Record<string, string> = transport === 'uws' ? {} : { LB_TEST_NO_UWS: '1' };

  test(`a drain: not ready, no new connections, old ones told to end, downloads finish (${transport})`, async (t) => {
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const origin = await startOrigin(t, async ({ target }, answer) => {
      if (target !== '/download') return answer.send(200, [['Cache-Control', 'max-age=60']], target);
      await answer.head(200, [['Content-Length', '10']]);
      await answer.raw('first');
      await held;
      return answer.raw('later');
    });
    const { port, admin, child } = await serveLb(t, origin.address, [], env);
    const client = await openClient(t, port);
    client.send(requestText('GET', '/download'));
    const download = await client.head();
    assert.ok(download);
    const [kept, pipelined, idle] = [await openClient(t, port), await openClient(t, port), await openClient(t, port)];
    for (const one of [kept, pipelined, idle]) {
      one.send(requestText('GET', '/before'));
      const response = await one.response();
      assert.deepEqual(
        [response.status, response.get('connection')?.toLowerCase() ?? 'keep-alive'],
        [200, 'keep-alive'],
      );
    }
    child.signal('SIGTERM');
    await until(async () => !(await admin.ready()), 'it not to be ready', PATIENCE);
    const { reasons } = (await admin.fetch('GET', '/readyz')).json() as { reasons: string[] };
    assert.ok(reasons.includes('draining'));
    await until(() => isRefused(port), 'no new connections', PATIENCE);

    kept.send(requestText('GET', '/kept'));
    const last = await kept.response();
    assert.deepEqual([last.status, last.text, last.get('connection')], [200, '/kept', 'close']);
    // after an answer that was streamed uWebSockets.js leaves it to the client to close
    kept.close();
    // hits: uWebSockets.js does not bear others behind each other
    pipelined.send(requestText('GET', '/before') + requestText('GET', '/two'));
    const one = await pipelined.response();
    assert.deepEqual([one.status, one.text, one.get('connection')], [200, '/before', 'close']);
    // what it had read already uWebSockets.js answers all the same
    if (transport === 'uws') pipelined.close();
    else assert.equal(await pipelined.end(), '', 'a request behind one that was told to be the last is not answered');

    finish();
    await client.body(download);
    assert.deepEqual([download.complete, download.text], [true, 'firstlater']);
    assert.equal(await idle.end(), '');
    assert.equal(await child.ended, 0);
    assert.equal(child.stderr, '');
  });

  test(`what runs longer than shutdown_timeout is broken off, and the exit code is 0 (${transport})`, async (t) => {
    const origin = await startOrigin(t, (_, answer) => answer.gone);
    const { port, child } = await serveLb(t, origin.address, [], { ...env, LB_SHUTDOWN_TIMEOUT: '300ms' });
    const client = await openClient(t, port);
    client.send(requestText('GET', '/never'));
    await origin.request(0);
    child.signal('SIGTERM');
    assert.equal(await client.end(), '');
    assert.equal(await child.ended, 0);
  });
}

test('HTTP/2: GOAWAY, and streams that run finish', async (t) => {
  let finish = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const origin = await startOrigin(t, async (_, answer) => {
    await answer.head(200, [['Content-Length', '10']]);
    await answer.raw('first');
    await held;
    await answer.raw('later');
  });
  const { port, child } = await serveLb(t, origin.address, [], { LB_H2C: 'on' });
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/download', ':authority': 'site.test' });
  await once(stream, 'response');
  const goaway = once(session, 'goaway');
  child.signal('SIGTERM');
  const [code] = (await goaway) as [number];
  assert.equal(code, constants.NGHTTP2_NO_ERROR);
  finish();
  assert.equal(Buffer.concat(await stream.toArray()).toString(), 'firstlater');
  assert.equal(await child.ended, 0);
});

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
