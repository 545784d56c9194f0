// Good requests that come in odd ways, over raw sockets; table.ts has the bad ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, openClient, type Response, request, requestText } from '../support/client.ts';
import { sharedPair } from '../support/pair.ts';

const pair = sharedPair();

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: site.test\r\n\r\n';

/** Everything that comes back until the connection ends, or until the client ends it. */
async function answers(client: Client): Promise<Response[]> {
  const seen: Response[] = [];
  client.socket.end();
  for (;;) {
    const head = await client.head();
    if (head === undefined) return seen;
    seen.push(await client.body(head));
  }
}

const post = (fields: string) => `POST /first HTTP/1.1\r\nHost: site.test\r\n${fields}\r\n`;

test('a chunked request ends its connection, and what follows is not served', async (t) => {
  const origin = pair.script(async (asked, answer) => {
    await asked.body();
    await answer.send(200, [], 'ok');
  });
  const client = await openClient(t, pair.port);
  client.send(`${post('Transfer-Encoding: chunked')}\r\n4\r\nabcd\r\n0\r\n\r\n${SMUGGLED}`);
  // what follows ends the connection, at the latest after the answer
  const response = await client.head();
  if (response !== undefined) assert.equal((await client.body(response)).text, 'ok');
  assert.equal(await client.end(), '');
  const alone = await openClient(t, pair.port);
  alone.send(`${post('Transfer-Encoding: chunked')}\r\n4\r\nabcd\r\n0\r\n\r\n`);
  const answered = await alone.response();
  assert.deepEqual([answered.status, answered.get('connection')], [200, 'close']);
  assert.equal(await alone.end(), '');
  assert.ok(!origin.log.includes('GET /smuggled'));
});

test('a body on a hit is no second request', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'stored'));
  await request(t, pair.port, '/hit');
  const client = await openClient(t, pair.port);
  client.send(requestText('GET', '/hit', [], SMUGGLED));
  client.send(requestText('GET', '/hit'));
  for (const answer of await answers(client)) assert.equal(answer.text, 'stored');
  const alone = await request(t, pair.port, '/hit', { body: SMUGGLED });
  assert.deepEqual([alone.status, alone.text], [200, 'stored']);
  assert.ok(!origin.log.includes('GET /smuggled'));
});

test('pipelined hits are answered in order', async (t) => {
  pair.script(({ target }, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], target));
  const targets = Array.from({ length: 20 }, (_, i) => `/pipe/${i}`);
  for (const target of targets) await request(t, pair.port, target);
  const client = await openClient(t, pair.port);
  client.send(targets.map((target) => requestText('GET', target)).join(''));
  for (const target of targets) {
    const response = await client.response();
    assert.deepEqual([response.text, response.get('cache-status')], [target, 'lb; hit']);
  }
});

test('a head that comes byte by byte is one request', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'ok'));
  const client = await openClient(t, pair.port);
  for (const byte of requestText('GET', '/slow-head')) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.response()).text, 'ok');
  assert.deepEqual(origin.log, ['GET /slow-head']);
});
