// Requests that HTTP/2 does not allow (RFC 9113 section 8): each is reset, none reaches the handler.
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Cleanup } from '../support/cleanup.ts';
import { say, startListener } from '../tls/listener.ts';
import { ERROR, FLAG, frame, GET, openRaw, type RawHttp2, TYPE } from './raw.ts';

type Fields = readonly (readonly [string, string])[];

const without = (name: string): Fields => GET.filter(([field]) => field !== name);
const and = (name: string, value: string): Fields => [...GET, [name, value]];

const MALFORMED: Readonly<Record<string, Fields>> = {
  'no :method': without(':method'),
  'no :scheme': without(':scheme'),
  'no :path': without(':path'),
  'an empty :path': [...without(':path'), [':path', '']],
  'a :path without a slash': [...without(':path'), [':path', 'index.html']],
  'a :scheme that is none of ours': [...without(':scheme'), [':scheme', 'http://b.test/?']],
  'two :path': [...GET, [':path', '/other']],
  'two :authority': [...GET, [':authority', 'b.test']],
  'a pseudo-field of responses': and(':status', '200'),
  'an unknown pseudo-field': and(':user', 'me'),
  'a pseudo-field behind fields': [...without(':path'), ['x', 'y'], [':path', '/']],
  'a Host that differs from :authority': and('host', 'b.test'),
  'a name in upper case': and('X-Upper', 'y'),
  'a :path with CR LF': [...without(':path'), [':path', '/ HTTP/1.1\r\nhost: b.test\r\n\r\n']],
  'a :method with a space': [...without(':method'), [':method', 'GET /admin HTTP/1.1']],
  Connection: and('connection', 'close'),
  'Keep-Alive': and('keep-alive', 'timeout=5'),
  'Proxy-Connection': and('proxy-connection', 'keep-alive'),
  'Transfer-Encoding': and('transfer-encoding', 'chunked'),
  Upgrade: and('upgrade', 'h2c'),
  'a TE other than trailers': and('te', 'gzip'),
  'a Content-Length that is no number': and('content-length', '1x'),
  'a Content-Length without a body': and('content-length', '5'),
  'two Content-Length': [...and('content-length', '0'), ['content-length', '0']],
  'CONNECT with :path': [
    [':method', 'CONNECT'],
    [':path', '/'],
    [':authority', 'a.test:443'],
  ],
  'a :protocol without CONNECT': and(':protocol', 'websocket'),
};

async function open(t: Cleanup): Promise<{ client: RawHttp2; seen: string[] }> {
  const seen: string[] = [];
  const answer: Parameters<typeof startListener>[1] = (request, reply) => {
    seen.push(request.headers().join(' '));
    say(reply, 'hello');
  };
  const { port } = await startListener(t, answer, { h2c: true });
  const client = await openRaw(t, port);
  client.begin();
  return { client, seen };
}

test('malformed requests are reset', async (t) => {
  for (const [name, fields] of Object.entries(MALFORMED)) {
    const { client, seen } = await open(t);
    client.request(1, fields);
    const { code } = await client.failure(1);
    ok(code === ERROR.protocol || code === -1, `${name}: code ${code}`);
    equal(seen.length, 0, name);
    client.socket.destroy();
  }
});

/** nghttp2 leaves such a field out of the request, in place of refusing it (RFC 9113 section 8.2.1). */
const DROPPED: Fields = [
  ['', 'y'],
  ['a:b', 'y'],
  ['x', 'a\r\nhost: b.test'],
  ['x', 'a\nb'],
  ['x', 'a\0b'],
  ['x', ' a '],
];

test('fields that could be taken for others never reach the handler', async (t) => {
  for (const field of DROPPED) {
    const { client, seen } = await open(t);
    client.request(1, [...GET, field]);
    await client.find(({ type, stream }) => stream === 1 && (type === TYPE.headers || type === TYPE.reset));
    equal(seen.join(), seen.length === 0 ? '' : 'host a.test', JSON.stringify(field));
    client.socket.destroy();
  }
});

test('a body that is longer or shorter than Content-Length says is reset', async (t) => {
  for (const body of ['123456', '1234']) {
    const { client } = await open(t);
    const post = [...GET.slice(1), ['content-length', '5']] as unknown as Fields;
    client.request(1, [[':method', 'POST'], ...post], 0);
    client.send(frame(TYPE.data, FLAG.endStream, 1, body));
    const { code } = await client.failure(1);
    ok(code === ERROR.protocol || code === ERROR.internal, `code ${code}`);
  }
});

test('what is well-formed goes to the handler: crumbs of Cookie joined, Host from :authority', async (t) => {
  const headers: string[][] = [];
  const { port } = await startListener(
    t,
    (request, reply) => {
      headers.push(request.headers());
      say(reply, 'hello');
    },
    { h2c: true },
  );
  const client = await openRaw(t, port);
  client.begin();
  client.request(1, [...GET, ['cookie', 'a=1'], ['x', ''], ['cookie', 'b=2'], ['host', 'A.test'], ['te', 'trailers']]);
  client.request(3, [...without(':authority'), ['host', 'b.test']]);
  ok(await client.find(({ type, stream }) => type === TYPE.headers && stream === 3));
  const [first, second] = headers.map((list) => list.join(' '));
  equal(first, 'host a.test cookie a=1; b=2 x  te trailers');
  equal(second, 'host b.test');
});
