// Clients that go away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { sharedPair } from '../support/pair.ts';

const pair = sharedPair();

for (const [name, early] of [
  ['before the head', true],
  ['in the middle of the body', false],
] as const) {
  test(`a client that goes away ${name} cancels an uncacheable request`, async (t) => {
    let gone: Promise<void> | undefined;
    const origin = pair.script(async (asked, answer) => {
      gone = answer.gone;
      await asked.body();
      if (!early)
        await answer.head(200, [
          ['Content-Length', '100'],
          ['Cache-Control', 'no-store'],
        ]);
      if (!early) await answer.raw('beginning');
      await answer.gone;
    });
    const client = await openClient(t, pair.port);
    client.send(requestText('POST', `/cancel/${early}`, [], 'body'));
    await origin.request(0);
    if (!early) await client.head();
    client.close();
    await within(gone ?? Promise.reject(new Error('never asked')), 'the origin request to be cancelled');
    await pair.lb.admin.idle();
  });

  test(`a client that goes away ${name} does not stop a fill`, async (t) => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const origin = pair.script(async (_, answer) => {
      const head = () =>
        answer.head(200, [
          ['Content-Length', '14'],
          ['Cache-Control', 'max-age=60'],
        ]);
      if (!early) await head();
      if (!early) await answer.raw('begin');
      await held;
      if (early) await head();
      await answer.raw(early ? 'beginningtoend' : 'ningtoend');
    });
    const target = `/fill/${early}`;
    const client = await openClient(t, pair.port);
    client.send(requestText('GET', target));
    await origin.request(0);
    if (!early) await client.head();
    client.close();
    release();
    await pair.lb.admin.idle();
    const hit = await request(t, pair.port, target);
    assert.deepEqual([hit.get('cache-status'), hit.text], ['lb; hit', 'beginningtoend']);
    assert.equal(origin.requests.length, 1);
  });
}
