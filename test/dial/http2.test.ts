// HTTP/2 with origins, over TLS by ALPN and without by prior knowledge.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SiteConfig } from '../../src/config/config.ts';
import { type OriginConnections, openConnections } from '../../src/origin/connect-pool.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { until } from '../support/cleanup.ts';
import { createAuthority } from './certificates.ts';
import { ask, fetchAll } from './exchange.ts';
import { originConfig, siteConfig } from './site.ts';

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = http2.constants;

const folder = mkdtempSync(join(tmpdir(), 'lb-http2-'));
const ca = join(folder, 'ca.pem');
let certificate: { cert: string; key: string };
before(async () => {
  const authority = await createAuthority();
  certificate = await authority.issue();
  writeFileSync(ca, authority.cert);
});
after(() => rm(folder, { recursive: true }));

type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void | Promise<void>;

interface Http2Origin {
  connections: OriginConnections;
  sessions: http2.ServerHttp2Session[];
  sockets: Set<Socket>;
}

interface Terms {
  settings?: http2.Settings;
  site?: Partial<SiteConfig>;
  tls?: boolean;
  limit?: number;
  maxAge?: number;
}

/** An origin that speaks HTTP/2, and a thread's connections to it. */
async function serve(t: TestContext, onStream: OnStream, terms: Terms = {}): Promise<Http2Origin> {
  const { tls = true, settings = {}, site = {}, limit = 256, maxAge = 60_000 } = terms;
  const server = tls
    ? http2.createSecureServer({ ...certificate, allowHTTP1: false, settings })
    : http2.createServer({ settings });
  const sessions: http2.ServerHttp2Session[] = [];
  const sockets = new Set<Socket>();
  server.on('session', (session) => sessions.push(session.on('error', () => {})));
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    void onStream(stream, headers);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const connections = openConnections(
    originConfig({ host: 'localhost', port, tls }),
    siteConfig({
      originTls: { verify: true, ca, cert: undefined, key: undefined },
      ...(tls ? {} : { originHttp2: 'on' as const }),
      ...site,
    }),
    {
      multiTenant: false,
      dns: new DnsCache({ servers: [], minTtl: 1000, maxTtl: 1000 }),
      connections: limit,
      maxAge,
    },
  );
  t.after(async () => {
    await connections.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { connections, sessions, sockets };
}

const echo: OnStream = (stream, headers) => {
  stream.respond({ ':status': 200, 'x-path': headers[':path'] ?? '' });
  stream.end('body');
};

test('by ALPN and by prior knowledge; a burst of requests shares connections', async (t) => {
  for (const tls of [true, false]) {
    const { connections, sessions } = await serve(t, echo, { tls });
    const all = await Promise.all(Array.from({ length: 300 }, (_, i) => fetchAll(connections, `/${i}`)));
    for (const [i, exchange] of all.entries()) {
      assert.equal(exchange.outcome, '200 body');
      assert.equal(exchange.fields['x-path'], `/${i}`);
    }
    assert.ok(sessions.length <= 4, `${sessions.length} connections`);
  }
});

test('the request as the origin gets it', async (t) => {
  let seen: http2.IncomingHttpHeaders = {};
  const { connections } = await serve(t, (stream, headers) => {
    seen = headers;
    stream.pipe(stream);
  });
  const headers = ['host', 'a.test', 'X-One', '1', 'te', 'trailers', 'cookie', 'a=1; b=2', 'x-two', 'a', 'x-two', 'b'];
  const body = Buffer.from('hello');
  const { outcome } = await fetchAll(connections, '/p?q', {
    method: 'POST',
    headers: [...headers, 'content-length', '5'],
    body,
  });
  assert.equal(outcome, '200 hello');
  assert.equal(seen[':authority'], 'a.test');
  assert.equal(seen[':scheme'], 'https');
  assert.equal(seen[':path'], '/p?q');
  assert.equal(seen[':method'], 'POST');
  assert.deepEqual(
    [seen['x-one'], seen.te, seen.cookie, seen['x-two'], seen['content-length']],
    ['1', 'trailers', 'a=1; b=2', 'a, b', '5'],
  );
});

test('trailers', async (t) => {
  const { connections } = await serve(t, (stream) => {
    stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-sum': 'y' }));
    stream.end('body');
  });
  const { outcome, trailers, fields } = await fetchAll(connections, '/');
  assert.equal(outcome, '200 body');
  assert.deepEqual([trailers['grpc-status'], trailers['x-sum'], fields['set-cookie']], ['0', 'y', ['a=1', 'b=2']]);
});

test('an answer that nobody takes holds the origin back, and others on the connection go on', async (t) => {
  const size = 64 << 20;
  let sent = 0;
  const { connections, sessions } = await serve(t, (stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] !== '/large') {
      stream.end('small');
      return;
    }
    const block = Buffer.alloc(1 << 16);
    const more = () => {
      while (!stream.destroyed && sent < size) {
        sent += block.length;
        if (!stream.write(block)) return void stream.once('drain', more);
      }
      stream.end();
    };
    more();
  });
  const large = ask(connections, '/large');
  large.onChunk = () => large.controller?.pause();
  await large.head;
  await until(() => sent > 100_000, 'the first bytes');
  for (let i = 0; i < 20; i++) assert.equal((await fetchAll(connections, '/small')).outcome, '200 small');
  assert.ok(sent < 4 << 20, `${sent} bytes`);
  assert.equal(sessions.length, 1);
  large.onChunk = undefined;
  large.controller?.resume();
  await until(() => sent > 2 << 20, 'more');
  large.controller?.abort(new Error('enough'));
  await large.end;
});

test('an upload waits for the origin', async (t) => {
  let given = 0;
  let taken = 0;
  const go = Promise.withResolvers<void>();
  const { connections } = await serve(t, async (stream) => {
    await go.promise;
    stream.on('data', (chunk: Buffer) => {
      taken += chunk.length;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('took');
    });
  });
  const block = Buffer.alloc(1 << 16);
  const body = new Readable({
    read() {
      given += block.length;
      this.push(given > 8 << 20 ? null : block);
    },
  });
  const upload = ask(connections, '/', { method: 'POST', body });
  await delay(100);
  assert.ok(given < 2 << 20, `${given} bytes`);
  go.resolve();
  await upload.end;
  assert.equal(upload.outcome, '200 took');
  assert.equal(taken, 8 << 20);
});

test('a connection that says GOAWAY finishes what it has; new requests go to another', async (t) => {
  const release = Promise.withResolvers<void>();
  const { connections, sessions } = await serve(t, async (stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/slow') await release.promise;
    stream.end('done');
  });
  const slow = ask(connections, '/slow');
  await slow.head;
  sessions[0].goaway(NGHTTP2_NO_ERROR);
  await delay(20);
  const fast = await Promise.all([1, 2, 3].map(() => fetchAll(connections, '/fast')));
  assert.deepEqual(
    fast.map(({ outcome }) => outcome),
    ['200 done', '200 done', '200 done'],
  );
  assert.equal(sessions.length, 2);
  release.resolve();
  await slow.end;
  assert.equal(slow.outcome, '200 done');
});

test('a stream that is reset is an error of its request only', async (t) => {
  const { connections, sessions } = await serve(t, (stream, headers) => {
    if (headers[':path'] === '/early') {
      stream.close(NGHTTP2_INTERNAL_ERROR);
      return;
    }
    stream.respond({ ':status': 200 });
    stream.write('begin');
    setTimeout(() => stream.end('end'), 60);
  });
  const [good, early] = await Promise.all(['/good', '/early'].map((path) => fetchAll(connections, path)));
  assert.deepEqual([good.outcome, early.outcome], ['200 beginend', 'connection_terminated']);
  assert.equal(sessions.length, 1);
});

test('a refused stream is tried once more', async (t) => {
  let streams = 0;
  const { connections } = await serve(t, (stream, headers) => {
    streams++;
    if (headers[':path'] === '/never' || streams === 1) return stream.close(NGHTTP2_REFUSED_STREAM);
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
  assert.equal(streams, 2);
  const never = await fetchAll(connections, '/never');
  assert.equal(never.outcome, 'connection_terminated');
  assert.equal(streams, 4);
});

test('interim answers, HEAD, 204 and 304', async (t) => {
  const { connections } = await serve(t, (stream, headers) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>' });
    const status = Number(headers[':path']?.slice(1));
    if (headers[':method'] === 'HEAD')
      stream.respond({ ':status': status, 'content-length': '1000' }, { endStream: true });
    else stream.respond({ ':status': status }, { endStream: true });
  });
  const head = await fetchAll(connections, '/200', { method: 'HEAD' });
  assert.deepEqual([head.outcome, head.interim, head.fields['content-length']], ['200 ', [103], '1000']);
  assert.equal((await fetchAll(connections, '/204')).outcome, '204 ');
  assert.equal((await fetchAll(connections, '/304')).outcome, '304 ');
});

test('heads: large ones pass, too large ones are an error', async (t) => {
  const { connections } = await serve(t, (stream, headers) => {
    const count = Number(headers[':path']?.slice(1));
    const fields = Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'v'.repeat(1000)]));
    try {
      stream.respond({ ':status': 200, ...fields });
    } catch {
      return stream.close(NGHTTP2_INTERNAL_ERROR);
    }
    stream.end('ok');
  });
  assert.equal((await fetchAll(connections, '/10')).outcome, '200 ok');
  const large = await fetchAll(connections, '/100');
  assert.equal(large.outcome, 'http_protocol_error');
  assert.equal((await fetchAll(connections, '/10')).outcome, '200 ok');
});

test('a body that is not as long as it is declared to be is an error', async (t) => {
  const { connections } = await serve(t, (stream, headers) => {
    stream.respond({ ':status': 200, 'content-length': headers[':path'] === '/more' ? '3' : '30' });
    stream.end('body');
  });
  for (const path of ['/more', '/less']) {
    assert.equal((await fetchAll(connections, path)).outcome, 'http_response_incomplete', path);
  }
});

test('a connection that breaks is an error of all its requests; the next ones get a new one', async (t) => {
  const { connections, sessions, sockets } = await serve(t, (stream, headers) => {
    if (headers[':path'] === '/none') return;
    stream.respond({ ':status': 200 });
    stream.write('begin');
    if (headers[':path'] === '/ok') stream.end();
  });
  const broken = [ask(connections, '/none'), ask(connections, '/half')];
  await broken[1].head;
  for (const socket of sockets) socket.destroy();
  for (const exchange of broken) {
    await exchange.end;
    assert.equal(exchange.outcome, 'connection_terminated');
  }
  assert.equal((await fetchAll(connections, '/ok')).outcome, '200 begin');
  assert.equal(sessions.length, 2);
});

test('time-outs: of the head, within a body, and of a connection that is dead', async (t) => {
  const timeouts = { connect: 2000, firstByte: 300, betweenBytes: 300, total: 0 };
  const { connections, sessions } = await serve(
    t,
    (stream, headers) => {
      if (headers[':path'] === '/none') return;
      stream.respond({ ':status': 200 });
      stream.write('begin');
      if (headers[':path'] === '/ok') stream.end();
    },
    { site: { timeouts } },
  );
  assert.equal((await fetchAll(connections, '/none')).outcome, 'http_response_timeout');
  assert.equal((await fetchAll(connections, '/half')).outcome, 'connection_read_timeout');
  assert.equal((await fetchAll(connections, '/ok')).outcome, '200 begin');
  assert.ok(sessions.length <= 2);
});

test('an origin that waits for the upload may be silent as long as that takes; one that takes none of it may not', async (t) => {
  const timeouts = { connect: 2000, firstByte: 150, betweenBytes: 150, total: 0 };
  const { connections } = await serve(
    t,
    (stream, headers) => {
      if (headers[':path'] === '/stuck') return;
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    },
    { site: { timeouts } },
  );
  const body = new Readable({ read() {} });
  const slow = ask(connections, '/slow', { method: 'POST', body });
  await slow.head;
  await delay(400);
  body.push('late');
  body.push(null);
  await slow.end;
  assert.equal(slow.outcome, '200 late');
  const endless = new Readable({
    read() {
      this.push(Buffer.alloc(1 << 16));
    },
  });
  const stuck = await fetchAll(connections, '/stuck', { method: 'POST', body: endless });
  assert.equal(stuck.outcome, 'http_response_timeout');
});

test('fields: bytes beyond ASCII arrive as they are; what HTTP/2 has once cannot be sent twice', async (t) => {
  const { connections, sessions } = await serve(t, (stream, headers) => {
    stream.respond({ ':status': 200, 'x-back': headers['x-there'] });
    stream.end();
  });
  const headers = ['host', 'a.test', 'x-there', 'caf\xe9'];
  assert.equal((await fetchAll(connections, '/', { headers })).fields['x-back'], 'caf\xe9');
  const twice = [...headers, 'content-type', 'a/b', 'content-type', 'c/d'];
  assert.equal((await fetchAll(connections, '/', { headers: twice })).outcome, 'http_request_error');
  assert.equal((await fetchAll(connections, '/', { headers })).outcome, '200 ');
  assert.equal(sessions.length, 1);
});

test('connections to a name are replaced in time, without a request being lost', async (t) => {
  const { connections, sessions } = await serve(t, echo, { maxAge: 100 });
  for (let i = 0; i < 30; i++) {
    assert.equal((await fetchAll(connections, '/')).outcome, '200 body');
    await delay(10);
  }
  assert.ok(sessions.length >= 2 && sessions.length <= 5, `${sessions.length} connections`);
  await until(() => sessions.filter(({ destroyed }) => !destroyed).length <= 1, 'old connections to end');
});

test('close: what is under way completes, and then nothing is open', async (t) => {
  const release = Promise.withResolvers<void>();
  const { connections, sockets } = await serve(t, async (stream) => {
    stream.respond({ ':status': 200 });
    await release.promise;
    stream.end('done');
  });
  const exchange = ask(connections, '/');
  await exchange.head;
  let isClosed = false;
  const closed = connections.close().then(() => {
    isClosed = true;
  });
  await delay(30);
  assert.equal(isClosed, false);
  release.resolve();
  await exchange.end;
  assert.equal(exchange.outcome, '200 done');
  await closed;
  await until(() => sockets.size === 0, 'the connection to end');
});

test('what a client gives up is cancelled at the origin', async (t) => {
  const closed = Promise.withResolvers<number>();
  const { connections } = await serve(t, (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('begin');
    stream.on('close', () => closed.resolve(stream.rstCode));
  });
  const exchange = ask(connections, '/');
  await exchange.head;
  exchange.controller?.abort(new Error('gone'));
  assert.equal(await closed.promise, NGHTTP2_CANCEL);
  await exchange.end;
});

test('an answer before the end of an upload, and both ways at once', async (t) => {
  const { connections } = await serve(t, (stream, headers) => {
    if (headers[':path'] === '/early') {
      stream.respond({ ':status': 413 });
      stream.end('no');
      stream.close(NGHTTP2_NO_ERROR);
    } else {
      stream.respond({ ':status': 200 });
      stream.on('data', (chunk: Buffer) => stream.write(chunk));
      stream.on('end', () => stream.end());
    }
  });
  const endless = new Readable({
    read() {
      setTimeout(() => this.push('x'.repeat(1000)), 1);
    },
  });
  const early = await fetchAll(connections, '/early', { method: 'POST', body: endless });
  assert.equal(early.outcome, '413 no');
  await until(() => endless.destroyed, 'the upload to end');
  const body = new Readable({ read() {} });
  const both = ask(connections, '/both', { method: 'POST', body });
  await both.head;
  for (const word of ['one ', 'two ', 'three']) {
    const length = both.body.length;
    body.push(word);
    await until(() => both.body.length > length, 'the echo');
  }
  body.push(null);
  await both.end;
  assert.equal(both.outcome, '200 one two three');
});

test('an upload that breaks off resets its stream', async (t) => {
  const closed = Promise.withResolvers<number>();
  const { connections } = await serve(t, (stream) => {
    stream.resume();
    stream.on('close', () => closed.resolve(stream.rstCode));
  });
  const body = new Readable({ read() {} });
  const exchange = ask(connections, '/', { method: 'POST', body });
  body.push('begin');
  await delay(50);
  body.destroy(new Error('the client broke off'));
  assert.notEqual(await closed.promise, NGHTTP2_NO_ERROR);
  await exchange.end;
  assert.notEqual(exchange.error, undefined);
});

test('the limit of streams that an origin sets is kept', async (t) => {
  let now = 0;
  let most = 0;
  const { connections, sessions } = await serve(
    t,
    (stream) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        stream.respond({ ':status': 200 });
        stream.end('ok');
      }, 5);
    },
    { settings: { maxConcurrentStreams: 5 }, limit: 2 },
  );
  const all = await Promise.all(Array.from({ length: 50 }, (_, i) => fetchAll(connections, `/${i}`)));
  assert.deepEqual(new Set(all.map(({ outcome }) => outcome)), new Set(['200 ok']));
  assert.ok(most <= 10, `${most} streams`);
  assert.ok(sessions.length <= 2);
});
