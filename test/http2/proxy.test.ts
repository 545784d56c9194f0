// HTTP/2 of a whole lb, from client to origin.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { after, test } from 'node:test';
import { until, within } from '../support/cleanup.ts';
import { requestText } from '../support/client.ts';
import { sharedPair } from '../support/pair.ts';
import { GET, openRaw, TYPE } from './raw.ts';

const pair = sharedPair({ h2c: true, max_request_body: '1MB', log: { access: true } });

let opened: ClientHttp2Session | undefined;

/** The one connection of all tests. */
function session(): ClientHttp2Session {
  opened ??= connect(`http://127.0.0.1:${pair.port}`).on('error', () => {});
  return opened;
}

after(() => opened?.destroy());

interface Got {
  headers: IncomingHttpHeaders;
  trailers: IncomingHttpHeaders;
  body: string;
  code: number;
}

async function ask(headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Got> {
  const stream = session().request({ ':authority': 'site.test', ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const got: Got = { headers: {}, trailers: {}, body: '', code: 0 };
  stream.setEncoding('latin1');
  stream.on('response', (head) => {
    got.headers = head;
  });
  stream.on('trailers', (fields) => {
    got.trailers = fields;
  });
  stream.on('data', (text: string) => {
    got.body += text;
  });
  stream.on('error', () => {});
  await within(new Promise((resolve) => stream.once('close', resolve)), 'the end of a stream');
  return { ...got, code: stream.rstCode ?? 0 };
}

test('a miss, a hit, a HEAD, a range and a 304', async () => {
  const origin = pair.script((_, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=60'],
        ['ETag', '"1"'],
      ],
      '0123456789',
    ),
  );
  const first = await ask({ ':path': '/basic' });
  equal(first.body, '0123456789');
  match(String(first.headers['cache-status']), /fwd=uri-miss/);
  match(String((await ask({ ':path': '/basic' })).headers['cache-status']), /hit/);
  equal((await ask({ ':path': '/basic', ':method': 'HEAD' })).headers['content-length'], '10');
  const part = await ask({ ':path': '/basic', range: 'bytes=2-4' });
  equal(part.headers[':status'], 206);
  equal(part.body, '234');
  equal((await ask({ ':path': '/basic', 'if-none-match': '"1"' })).headers[':status'], 304);
  deepEqual(origin.log, ['GET /basic']);
});

test('HTTP/1.1 and HTTP/2 share what is stored', async () => {
  const origin = pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'shared'));
  const response = await fetch(`http://127.0.0.1:${pair.port}/shared`, { headers: { host: 'x' } });
  await response.text();
  const { headers } = await ask({ ':path': '/shared', ':authority': `127.0.0.1:${pair.port}` });
  match(String(headers['cache-status']), /hit/);
  equal(origin.requests.length, 1);
});

test('a large answer goes out whole, while it is fetched and from the cache', async () => {
  const body = Buffer.alloc(2_000_000, 'y');
  pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], body));
  for (let i = 0; i < 2; i++) equal((await ask({ ':path': '/large' })).body.length, body.length);
});

test('bodies go to the origin as they come, with and without a length', async () => {
  const origin = pair.script(async (request, answer) => {
    const body = await request.body();
    await answer.send(200, [], String(body.length));
  });
  const body = Buffer.alloc(300_000, 'z');
  equal((await ask({ ':path': '/post', ':method': 'POST' }, body)).body, '300000');
  equal(origin.requests[0].get('transfer-encoding'), 'chunked');
  const known = { ':path': '/post', ':method': 'PUT', 'content-length': '300000' };
  equal((await ask(known, body)).body, '300000');
  equal(origin.requests[1].get('content-length'), '300000');
});

test('a body over the limit is answered 413, whether its length was told or not', async () => {
  pair.script(async (request, answer) => {
    await request.body();
    await answer.send(200, [], 'taken');
  });
  const body = Buffer.alloc(1_500_000);
  const told = await ask({ ':path': '/413', ':method': 'POST', 'content-length': String(body.length) }, body);
  equal(told.headers[':status'], 413);
  const untold = await ask({ ':path': '/413', ':method': 'POST' }, body);
  equal(untold.headers[':status'], 413);
  equal((await ask({ ':path': '/413' })).body, 'taken');
});

test('what is wrong with a request is said, and the connection goes on', async () => {
  pair.script((_, answer) => answer.send(200, [], 'fine'));
  equal((await ask({ ':path': `/${'x'.repeat(20_000)}` })).headers[':status'], 414);
  equal((await ask({ ':path': '/', ':method': 'BREW' })).headers[':status'], 501);
  equal((await ask({ ':method': 'CONNECT', ':authority': 'site.test:443' })).headers[':status'], 501);
  equal((await ask({ ':path': '/ok' })).body, 'fine');
});

test('an origin that breaks off resets the stream', async () => {
  pair.script(async (_, answer) => {
    await answer.head(200, [['Content-Length', '100']]);
    await answer.raw('some');
    answer.reset();
  });
  equal((await ask({ ':path': '/broken' })).code, constants.NGHTTP2_INTERNAL_ERROR);
  pair.script(async (_, answer) => {
    await answer.head(200, [['Transfer-Encoding', 'chunked']]);
    await answer.chunk('some');
    answer.reset();
  });
  equal((await ask({ ':path': '/broken-chunks' })).code, constants.NGHTTP2_INTERNAL_ERROR);
});

test('trailers of the origin go to clients that take them', async () => {
  pair.script(async (_, answer) => {
    await answer.head(200, [
      ['Transfer-Encoding', 'chunked'],
      ['Trailer', 'X-Sum'],
    ]);
    await answer.chunk('some');
    await answer.raw('0\r\nX-Sum: 42\r\n\r\n');
  });
  const got = await ask({ ':path': '/trailers', te: 'trailers', ':method': 'POST' }, 'x');
  equal(got.body, 'some');
  equal(got.trailers['x-sum'], '42');
});

test('a client that resets its stream has the origin told', async () => {
  let isTold = false;
  const origin = pair.script(async (request, answer) => {
    await request.body(() => {});
    await answer.gone;
    isTold = true;
  });
  const stream = session().request({ ':path': '/cancelled', ':authority': 'site.test', ':method': 'POST' });
  stream.on('error', () => {});
  stream.write('half');
  await origin.request(0);
  stream.close(constants.NGHTTP2_CANCEL);
  await until(() => isTold, 'the connection to the origin to end');
});

test('a thousand streams on one connection', async () => {
  pair.script((request, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], request.target));
  const got = await Promise.all(Array.from({ length: 1000 }, (_, i) => ask({ ':path': `/many/${i % 50}` })));
  for (const [i, { body }] of got.entries()) equal(body, `/many/${i % 50}`);
});

test('the origin sees one request of one stream, whatever its fields and body look like', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'fine'));
  const client = await openRaw(t, pair.port);
  client.begin();
  const smuggled = requestText('GET', '/smuggled');
  client.request(1, [
    ...GET.filter(([name]) => name !== ':path'),
    [':path', '/seen'],
    ['x-a', `b\r\n\r\n${smuggled}`],
    ['cookie', 'a=1'],
  ]);
  await client.find(({ type, stream }) => stream === 1 && (type === TYPE.headers || type === TYPE.reset));
  await ask({ ':path': '/after', ':method': 'POST' }, `0\r\n\r\n${smuggled}`);
  ok(!origin.log.some((line) => line.includes('smuggled')), origin.log.join());
  deepEqual(origin.malformed, []);
});
