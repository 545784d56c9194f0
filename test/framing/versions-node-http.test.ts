// HTTP/1.0 and targets in absolute form, which listeners of node:http answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient } from '../support/client.ts';
import { sharedPair } from '../support/pair.ts';

process.env.LB_TEST_NO_UWS = '1';
const pair = sharedPair();

test('HTTP/1.0 gets a body without chunks, and the connection ends', async (t) => {
  pair.script(async (_, answer) => {
    await answer.head(200, [['Transfer-Encoding', 'chunked']]);
    await answer.chunk('part');
    await answer.chunk('and part');
    await answer.raw('0\r\n\r\n');
  });
  for (const target of ['/old', '/old?uncached']) {
    const client = await openClient(t, pair.port);
    client.send(`GET ${target} HTTP/1.0\r\nHost: site.test\r\n\r\n`);
    const response = await client.head();
    assert.ok(response !== undefined);
    assert.deepEqual([response.status, response.get('connection')], [200, 'close']);
    assert.equal(response.get('transfer-encoding'), undefined);
    assert.equal(await client.end(), 'partand part');
  }
});

test('HTTP/1.0 keeps its connection where it asks for that and the length is known', async (t) => {
  pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'known'));
  const client = await openClient(t, pair.port);
  for (const _ of [1, 2]) {
    client.send('GET /kept HTTP/1.0\r\nHost: site.test\r\nConnection: keep-alive\r\n\r\n');
    const response = await client.response();
    assert.deepEqual([response.text, response.get('connection')], ['known', 'keep-alive']);
  }
});

test('HTTP/1.0 without Host is refused', async (t) => {
  pair.script((_, answer) => answer.send(200, [], 'x'));
  const client = await openClient(t, pair.port);
  client.send('GET / HTTP/1.0\r\n\r\n');
  assert.equal((await client.response()).status, 400);
});

test('a target in absolute form is that of its path, for the cache and the origin too', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'same'));
  const client = await openClient(t, pair.port);
  for (const target of ['http://site.test/absolute?a=1', '/absolute?a=1', 'http://site.test:80/absolute?a=1']) {
    client.send(`GET ${target} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
    assert.equal((await client.response()).text, 'same');
  }
  assert.deepEqual(origin.log, ['GET /absolute?a=1']);
});

test('an absolute form without path stands for the root', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'root'));
  const client = await openClient(t, pair.port);
  client.send('GET http://site.test HTTP/1.1\r\nHost: site.test\r\n\r\n');
  assert.equal((await client.response()).text, 'root');
  assert.deepEqual(origin.log, ['GET /']);
});

test('an absolute form of another scheme, and *, are none of what is served', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
  for (const line of ['GET https://site.test/', 'OPTIONS *']) {
    const client = await openClient(t, pair.port);
    client.send(`${line} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
    const status = (await client.response()).status;
    assert.ok(status === 421 || status === 400, `${line}: ${status}`);
    assert.equal(await client.end(), '');
  }
  assert.deepEqual(origin.log, []);
});
