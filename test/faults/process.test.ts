// How lb as a process starts and ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { within } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { startOrigin } from '../support/origin.ts';
import { serveLb, spawnLb } from '../support/process.ts';

for (const transport of ['uws', 'node:http']) {
  const env: Record<string, string> = transport === 'uws' ? {} : { LB_TEST_NO_UWS: '1' };

  test(`SIGTERM lets a running response complete and ends with 0 (${transport})`, async (t) => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const origin = await startOrigin(t, async (_, answer) => {
      await answer.head(200, [['Content-Length', '10']]);
      await answer.raw('first');
      await held;
      await answer.raw('later');
    });
    const lb = await serveLb(t, origin.address, [], env);
    const client = await openClient(t, lb.port);
    client.send(requestText('GET', '/slow'));
    const response = await client.head();
    assert.ok(response);
    lb.child.signal('SIGTERM');
    const draining = async () => {
      while (!lb.child.stdout.includes('"draining"')) await once(lb.child.process.stdout, 'data');
    };
    await within(draining(), 'the drain to begin');
    release();
    await within(client.body(response), 'the rest of the response');
    assert.deepEqual([response.complete, response.text], [true, 'firstlater']);
    assert.equal(await lb.child.exit(), 0);
    assert.equal(lb.child.stderr, '');
  });

  test(`a second signal ends at once (${transport})`, async (t) => {
    const origin = await startOrigin(t, (_, answer) => answer.gone);
    const lb = await serveLb(t, origin.address, [], env);
    const client = await openClient(t, lb.port);
    client.send(requestText('GET', '/never'));
    await origin.request(0);
    lb.child.signal('SIGTERM');
    while (!lb.child.stdout.includes('"draining"')) await once(lb.child.process.stdout, 'data');
    const start = performance.now();
    lb.child.signal('SIGTERM');
    assert.notEqual(await lb.child.exit(), 0);
    assert.ok(performance.now() - start < 2000);
  });
}

test('an address that cannot be had is said in one line', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  t.after(() => void busy.close());
  const { port } = busy.address() as AddressInfo;
  const cases: [string[], RegExp][] = [
    [['--listen', `127.0.0.1:${port}`], /^(lb: )?.*127\.0\.0\.1:\d+ is in use.*\n$/],
    [['--listen', '192.0.2.1:8080'], /192\.0\.2\.1:8080 is not an address of this machine.*\n$/],
    [['--listen', '127.0.0.1:0', '--admin', `127.0.0.1:${port}`], /127\.0\.0\.1:\d+.*\n$/],
  ];
  for (const [args, message] of cases) {
    const child = spawnLb(t, ['serve', '-b', '127.0.0.1:1', '--cache-memory', '16MB', ...args], {});
    assert.equal(await child.exit(), 1);
    assert.match(child.stderr, message);
    assert.equal(child.stderr.trimEnd().split('\n').length, 1, child.stderr);
    assert.doesNotMatch(child.stderr, /\bat .*\.[jt]s/);
  }
});
