// HTTP/2 with origins that send what no library sends.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { SiteConfig } from '../../src/config/config.ts';
import { openConnections } from '../../src/origin/connect-pool.ts';
import type { OriginConnections } from '../../src/origin/connections.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { until } from '../support/cleanup.ts';
import { ask, type Exchange, fetchAll } from './exchange.ts';
import { END_HEADERS, END_STREAM, FRAME, fieldBlock, type RawOrigin, startRawHttp2, uint32 } from './raw-http2.ts';
import { originConfig, siteConfig } from './site.ts';

const [NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, HTTP_1_1_REQUIRED] = [0, 1, 2, 7, 8, 13];

type Act = Parameters<typeof startRawHttp2>[1];

async function serve(
  t: TestContext,
  act: Act,
  { settings, site = {} }: { settings?: Uint8Array; site?: Partial<SiteConfig> } = {},
): Promise<{ connections: OriginConnections; origin: RawOrigin }> {
  const origin = await startRawHttp2(t, act, settings);
  const dns = new DnsCache({ servers: [], minTtl: 1000, maxTtl: 1000 });
  const connections = openConnections(originConfig({ port: origin.port }), siteConfig({ originHttp2: 'on', ...site }), {
    multiTenant: false,
    dns,
    connections: 8,
    maxAge: 60_000,
  });
  t.after(() => connections.destroy());
  return { connections, origin };
}

for (const [code, error] of [
  [NO_ERROR, 'connection_terminated'],
  [CANCEL, 'connection_terminated'],
  [INTERNAL_ERROR, 'connection_terminated'],
  [REFUSED_STREAM, 'connection_terminated'],
  [PROTOCOL_ERROR, 'http_protocol_error'],
] as const) {
  test(`a body that is reset by ${code} is never complete`, async (t) => {
    const { connections, origin } = await serve(t, (connection, stream, index) => {
      connection.head(stream);
      connection.data(stream, 'begin', index === 1 ? END_STREAM : 0);
      if (index === 0) connection.reset(stream, code);
    });
    const broken = await fetchAll(connections, '/');
    assert.equal(broken.outcome, error);
    assert.equal((await fetchAll(connections, '/')).outcome, '200 begin');
    assert.equal(origin.connections.length, 1);
  });
}

test('a stream that is reset before its head is an error, and is not tried again', async (t) => {
  const { connections, origin } = await serve(t, (connection, stream) => connection.reset(stream, INTERNAL_ERROR));
  assert.equal((await fetchAll(connections, '/')).outcome, 'connection_terminated');
  assert.equal(origin.connections[0].frames.filter(({ type }) => type === FRAME.headers).length, 1);
});

test('requests beyond the last stream of a GOAWAY go to a new connection; the others complete', async (t) => {
  const { connections, origin } = await serve(t, (connection, stream, index) => {
    if (index === 0) return;
    if (index === 1) {
      // the first one is looked at, the second one is not
      connection.goaway(1, NO_ERROR);
      connection.head(1);
      connection.data(1, 'first', END_STREAM);
      return;
    }
    connection.head(stream);
    connection.data(stream, 'second', END_STREAM);
  });
  const [first, second] = await Promise.all([fetchAll(connections, '/1'), fetchAll(connections, '/2')]);
  assert.deepEqual([first.outcome, second.outcome], ['200 first', '200 second']);
  assert.equal(origin.connections.length, 2);
});

test('a GOAWAY with an error ends what is under way; the next request gets a new connection', async (t) => {
  const { connections, origin } = await serve(t, (connection, stream, index) => {
    connection.head(stream);
    connection.data(stream, 'ok', index > 0 ? END_STREAM : 0);
    if (index === 0) connection.goaway(stream, INTERNAL_ERROR);
  });
  assert.notEqual((await fetchAll(connections, '/')).error, undefined);
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
  assert.equal(origin.connections.length, 2);
});

test('a connection that no longer answers is given up after a time-out', async (t) => {
  const timeouts = { connect: 1000, firstByte: 200, betweenBytes: 200, total: 0 };
  const { connections, origin } = await serve(
    t,
    (connection, stream, index) => {
      connection.answersPings = false;
      if (index === 0) return;
      connection.head(stream);
      connection.data(stream, 'ok', END_STREAM);
    },
    { site: { timeouts } },
  );
  assert.equal((await fetchAll(connections, '/')).outcome, 'http_response_timeout');
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
  assert.equal(origin.connections.length, 2);
  await until(() => origin.connections[0].socket.destroyed, 'the dead connection to be closed');
});

test('an origin that allows no streams yet gets them when it does', async (t) => {
  const none = Buffer.concat([Uint8Array.of(0, 3), uint32(0)]);
  const { connections, origin } = await serve(
    t,
    (connection, stream) => {
      connection.head(stream);
      connection.data(stream, 'ok', END_STREAM);
    },
    { settings: none },
  );
  await fetchAll(connections, '/first');
  const waiting = [1, 2].map(() => ask(connections, '/'));
  await until(() => connections.stats.connected > 0, 'a connection');
  const many = Buffer.concat([Uint8Array.of(0, 3), uint32(10)]);
  for (const connection of origin.connections) connection.send(FRAME.settings, 0, 0, many);
  for (const exchange of waiting) {
    await exchange.end;
    assert.equal(exchange.outcome, '200 ok');
  }
});

for (const [what, breakOff] of [
  ['the client', (body: PassThrough) => void body.destroy(new Error('broken'))],
  ['lb', (_: PassThrough, { controller }: Exchange) => controller?.abort(new Error('given up'))],
  ['an answer that is complete', () => {}],
] as const) {
  test(`an upload that ${what} breaks off is reset, and never ends as if it were complete`, async (t) => {
    const { connections, origin } = await serve(t, (connection, stream) => {
      if (what === 'an answer that is complete') connection.head(stream, END_STREAM);
    });
    const body = new PassThrough();
    body.write('begin');
    const exchange = ask(connections, '/', { method: 'POST', body });
    const frames = () => origin.connections[0]?.frames ?? [];
    await until(() => frames().some(({ type }) => type === FRAME.data), 'the beginning of the upload');
    breakOff(body, exchange);
    await exchange.end;
    await until(() => frames().some(({ type }) => type === FRAME.reset), 'a reset');
    const ends = frames().filter(({ type, flags }) => type === FRAME.data && (flags & END_STREAM) !== 0);
    assert.equal(ends.length, 0);
    const [reset] = frames().filter(({ type }) => type === FRAME.reset);
    assert.equal(reset.payload.readUInt32BE(), CANCEL);
    assert.equal(connections.stats.running, 0);
  });
}

test('an origin that never allows a stream: a time-out', async (t) => {
  const none = Buffer.concat([Uint8Array.of(0, 3), uint32(0)]);
  const timeouts = { connect: 100, firstByte: 200, betweenBytes: 300, total: 0 };
  const { connections, origin } = await serve(t, () => {}, { settings: none, site: { timeouts } });
  // one may begin before the origin has said anything
  const outcomes = (await Promise.all([1, 2, 3].map(() => fetchAll(connections, '/')))).map(({ outcome }) => outcome);
  assert.ok(outcomes.includes('http_response_timeout'), outcomes.join());
  assert.deepEqual([connections.stats.pending, origin.connections.length], [0, 1]);
});

/** What breaks the protocol, for the connection or for the stream. */
const VIOLATIONS: Record<string, Act> = {
  'a pushed stream': (connection, stream) =>
    connection.send(FRAME.push, END_HEADERS, stream, Buffer.concat([uint32(2), fieldBlock({ ':method': 'GET' })])),
  'DATA before a head': (connection, stream) => connection.data(stream, 'body', END_STREAM),
  'DATA on a stream that nobody opened': (connection) => connection.data(99, 'body'),
  'a head without a status': (connection, stream) =>
    connection.send(FRAME.headers, END_HEADERS | END_STREAM, stream, fieldBlock({ 'x-a': '1' })),
  'a field name in capitals': (connection, stream) => connection.head(stream, END_STREAM, { 'X-A': 'a' }),
  'a field of HTTP/1.1': (connection, stream) => connection.head(stream, END_STREAM, { connection: 'close' }),
  'a head that HPACK does not know': (connection, stream) =>
    connection.send(FRAME.headers, END_HEADERS | END_STREAM, stream, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff)),
  'a frame that is too large': (connection, stream) =>
    connection.send(FRAME.data, 0, stream, Buffer.alloc((1 << 14) + 1)),
  'more than the window': (connection, stream) => {
    connection.head(stream);
    for (let i = 0; i < 320; i++) connection.send(FRAME.data, 0, stream, Buffer.alloc(1 << 14));
  },
  'no HTTP/2': (connection) => connection.socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
  'a head without end': (connection, stream) => {
    connection.send(FRAME.headers, 0, stream, fieldBlock({ ':status': '200' }));
    for (let i = 0; i < 200; i++)
      connection.send(FRAME.continuation, 0, stream, fieldBlock({ [`x-${i}`]: 'v'.repeat(8000) }));
  },
  'a head beyond the limit': (connection, stream) => {
    connection.send(FRAME.headers, 0, stream, fieldBlock({ ':status': '200' }));
    for (let i = 0; i < 20; i++)
      connection.send(
        FRAME.continuation,
        i === 19 ? END_HEADERS : 0,
        stream,
        fieldBlock({ [`x-${i}`]: 'v'.repeat(8000) }),
      );
  },
  'settings that nobody may send': (connection) =>
    connection.send(FRAME.settings, 0, 0, Buffer.from([0, 2, 0, 0, 0, 9])),
  'a flood of settings': (connection) => {
    for (let i = 0; i < 20_000; i++) connection.send(FRAME.settings, 0, 0);
  },
  'a flood of pings': (connection) => {
    for (let i = 0; i < 20_000; i++) connection.send(FRAME.ping, 0, 0, Buffer.alloc(8));
  },
  'a window that overflows': (connection, stream) => connection.send(FRAME.window, 0, stream, uint32(0x7fffffff)),
  'a reset of a stream that is idle': (connection) => connection.reset(77, CANCEL),
  'the end of the connection': (connection) => connection.socket.destroy(),
};

for (const [name, act] of Object.entries(VIOLATIONS)) {
  test(`${name}: an error, and the next request is answered`, async (t) => {
    const timeouts = { connect: 1000, firstByte: 300, betweenBytes: 300, total: 0 };
    let isGood = false;
    const { connections } = await serve(
      t,
      (connection, stream, index) => {
        if (!isGood) return act(connection, stream, index);
        connection.head(stream);
        connection.data(stream, 'ok', END_STREAM);
      },
      { site: { timeouts } },
    );
    const broken = await fetchAll(connections, '/');
    assert.match(
      broken.outcome,
      /^(?:http_protocol_error|connection_terminated|http_response_timeout|connection_read_timeout)$/,
      String(broken.cause),
    );
    t.diagnostic(`${broken.outcome} ${broken.cause?.message}`);
    isGood = true;
    assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
    await until(() => connections.stats.running === 0, 'no stream to be left');
  });
}

test('fields that hold what fields cannot hold are left out', async (t) => {
  const { connections } = await serve(t, (connection, stream) =>
    connection.head(stream, END_STREAM, { 'x-a': 'a\0b', 'x-b': 'a\r\nx-c: c', 'x-d': 'd' }),
  );
  const { outcome, fields } = await fetchAll(connections, '/');
  assert.equal(outcome, '200 ');
  assert.deepEqual(Object.entries(fields), [['x-d', 'd']]);
});

test('HTTP_1_1_REQUIRED sends the request again by HTTP/1.1', async (t) => {
  let isHttp1 = false;
  const { connections, origin } = await serve(t, (connection, stream) => {
    isHttp1 = true;
    connection.reset(stream, HTTP_1_1_REQUIRED);
  });
  const exchange = ask(connections, '/');
  await until(() => isHttp1 && origin.connections.length === 2, 'another connection');
  origin.connections[1].socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  await exchange.end;
  // the origin of this test begins with a frame, which is no HTTP/1.1
  assert.equal(exchange.outcome, 'http_protocol_error');
});
