// Requests that try to be two, over raw sockets, in front of an origin that is strict and remembers everything.
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

/** A request head as sent, without its empty line, and what may follow; the statuses that are right. */
type Case = readonly [name: string, head: string, body: string, statuses: readonly number[]];

const post = (fields: string) => `POST /first HTTP/1.1\r\nHost: site.test\r\n${fields}\r\n`;
const get = (fields: string) => `GET /first HTTP/1.1\r\nHost: site.test\r\n${fields}\r\n`;

const REFUSED: Case[] = [
  [
    'Content-Length with Transfer-Encoding',
    post('Content-Length: 4\r\nTransfer-Encoding: chunked'),
    '0\r\n\r\n',
    [400],
  ],
  [
    'Transfer-Encoding with Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4'),
    '0\r\n\r\n',
    [400],
  ],
  ['Content-Length +1', post('Content-Length: +1'), 'x', [400]],
  ['Content-Length 0x1', post('Content-Length: 0x1'), 'x', [400]],
  ['Content-Length -1', post('Content-Length: -1'), 'x', [400]],
  ['Content-Length empty', post('Content-Length:'), 'x', [400]],
  ['Content-Length list', post('Content-Length: 1, 1'), 'x', [400]],
  ['Content-Length overflow', post('Content-Length: 99999999999999999999'), 'x', [400, 413]],
  ['Content-Length twice', post('Content-Length: 1\r\nContent-Length: 2'), 'xy', [400]],
  ['xchunked', post('Transfer-Encoding: xchunked'), '0\r\n\r\n', [400, 501]],
  ['chunked, gzip', post('Transfer-Encoding: chunked, gzip'), '0\r\n\r\n', [400, 501]],
  ['gzip, chunked', post('Transfer-Encoding: gzip, chunked'), '0\r\n\r\n', [400, 501]],
  ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'), '0\r\n\r\n', [400, 501]],
  ['identity', post('Transfer-Encoding: identity'), '0\r\n\r\n', [400, 501]],
  ['space before the colon', post('Content-Length : 1'), 'x', [400]],
  ['obs-fold', get('X-A: 1\r\n folded'), '', [400]],
  ['a control byte in a value', get('X-A: a\x01b'), '', [400]],
  ['a bare CR in a value', get('X-A: a\rb'), '', [400]],
  ['NUL in a value', get('X-A: a\0b'), '', [400]],
  ['a line without colon', get('nonsense'), '', [400]],
  ['no Host', 'GET /first HTTP/1.1\r\nX-A: 1\r\n', '', [400]],
  ['Host twice', get('Host: other.test'), '', [400]],
  ['Host with two ports', 'GET /first HTTP/1.1\r\nHost: a:80:90\r\n', '', [400]],
  ['Host with userinfo', 'GET /first HTTP/1.1\r\nHost: a@site.test\r\n', '', [400]],
  ['Host with a path', 'GET /first HTTP/1.1\r\nHost: site.test/x\r\n', '', [400]],
  ['an unknown method', 'NONSENSE /first HTTP/1.1\r\nHost: site.test\r\n', '', [400, 501]],
  ['a malformed method', 'G(T /first HTTP/1.1\r\nHost: site.test\r\n', '', [400, 501]],
  ['CONNECT', 'CONNECT site.test:80 HTTP/1.1\r\nHost: site.test:80\r\n', '', [400, 405, 501, 505]],
  [
    'HTTP/1.0 with chunks',
    'POST /first HTTP/1.0\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
    [400, 505],
  ],
  ['HTTP/3.7', 'GET /first HTTP/3.7\r\nHost: site.test\r\n', '', [400, 505]],
  ['absolute form of another host', 'GET http://other.test/first HTTP/1.1\r\nHost: site.test\r\n', '', [400, 505]],
  ['headers over the limit', get(`X-A: ${'x'.repeat(20_000)}`), '', [431]],
  ['too many lines', get(Array.from({ length: 300 }, (_, i) => `X-${i}: 1`).join('\r\n')), '', [431]],
  ['a target over the limit', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: site.test\r\n`, '', [414]],
  ['an empty field name', get(': x'), '', [400]],
];

const TODO: Record<string, string> = {
  'an empty field name': 'uWebSockets.js takes an empty field name for the end of the head',
};

for (const [name, head, body, statuses] of REFUSED) {
  test(`refused, nothing forwarded: ${name}`, { todo: TODO[name] ?? false }, async (t) => {
    const origin = pair.script((_, answer) => answer.send(200, [], 'forwarded'));
    const client = await openClient(t, pair.port);
    client.send(`${head}\r\n${body}${SMUGGLED}`);
    const seen = await answers(client);
    assert.deepEqual(origin.log, []);
    assert.deepEqual(origin.malformed, []);
    assert.ok(seen.length <= 1, 'one answer, then the end');
    if (seen.length === 1) assert.ok(statuses.includes(seen[0].status), `answered ${seen[0].status}`);
  });
}

const CHUNKS: Record<string, string> = {
  '0x': '0x4\r\nabcd\r\n0\r\n\r\n',
  underscore: '1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n',
  sign: '+4\r\nabcd\r\n0\r\n\r\n',
  negative: '-4\r\nabcd\r\n0\r\n\r\n',
  empty: '\r\nabcd\r\n0\r\n\r\n',
  overflow: '10000000000000004\r\nabcd\r\n0\r\n\r\n',
  'no CRLF after the data': '4\r\nabcdXX0\r\n\r\n',
  'bare LF': '4\nabcd\n0\n\n',
  'LF in an extension': '4;a\nb\r\nabcd\r\n0\r\n\r\n',
  'CR in an extension': '4;a\rb\r\nabcd\r\n0\r\n\r\n',
  'NUL in an extension': '4;a\0b\r\nabcd\r\n0\r\n\r\n',
  extension: '4;name=value\r\nabcd\r\n0\r\n\r\n',
  'space before the size': ' 4\r\nabcd\r\n0\r\n\r\n',
  'space after the size': '4 \r\nabcd\r\n0\r\n\r\n',
};

for (const [name, chunks] of Object.entries(CHUNKS)) {
  test(`chunks never hide a second request: ${name}`, async (t) => {
    const origin = pair.script(async (asked, answer) => {
      await asked.body();
      await answer.send(200, [], 'ok');
    });
    const client = await openClient(t, pair.port);
    client.send(`${post('Transfer-Encoding: chunked')}\r\n${chunks}${SMUGGLED}`);
    const seen = await answers(client);
    assert.ok(seen.length <= 1, `${seen.length} answers`);
    assert.ok(origin.log.length <= 1 && !origin.log.includes('GET /smuggled'), origin.log.join());
    assert.deepEqual(origin.malformed, []);
  });
}

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
