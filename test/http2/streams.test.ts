// One stream of HTTP/2 as the pipeline sees it, by a real client.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import type { Reply } from '../../src/request/reply.ts';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { type Answer, say, startListener, TERMS, type TestListener } from '../tls/listener.ts';
import { ERROR, frame, GET, openRaw, TYPE, word } from './raw.ts';

interface Scene extends TestListener {
  session: ClientHttp2Session;
}

async function scene(t: Cleanup, answer: Answer): Promise<Scene> {
  const listening = await startListener(t, answer, { h2c: true });
  const session = connect(`http://127.0.0.1:${listening.port}`);
  t.after(() => session.destroy());
  session.on('error', () => {});
  return { ...listening, session };
}

interface Got {
  headers: IncomingHttpHeaders;
  interim: IncomingHttpHeaders[];
  trailers: IncomingHttpHeaders;
  body: Buffer;
  code: number;
}

/** All that comes of a stream. */
async function take(stream: ClientHttp2Stream): Promise<Got> {
  const got: Got = { headers: {}, interim: [], trailers: {}, body: Buffer.alloc(0), code: 0 };
  const parts: Buffer[] = [];
  stream.on('headers', (headers) => got.interim.push(headers));
  stream.on('response', (headers) => {
    got.headers = headers;
  });
  stream.on('trailers', (headers) => {
    got.trailers = headers;
  });
  stream.on('data', (chunk: Buffer) => parts.push(chunk));
  stream.on('error', () => {});
  await within(new Promise((resolve) => stream.once('close', resolve)), 'the end of a stream');
  return { ...got, body: Buffer.concat(parts), code: stream.rstCode ?? 0 };
}

function ask({ session }: Scene, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Got> {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return take(stream);
}

const NOTHING = { onWritable() {}, onAborted() {} };

/** Answers with the number of bytes that came, once all are there. */
function count(reply: Reply): void {
  let bytes = 0;
  reply.detach(NOTHING);
  reply.onBody((chunk, last) => {
    bytes += chunk.length;
    if (last) say(reply, String(bytes));
  });
}

/** Streams so many bytes as the client takes them. */
function pour(reply: Reply, size: number, total: number, end: () => void, onAborted = () => {}): void {
  const chunk = Buffer.alloc(50_000, 'x');
  const go = () => {
    while (reply.offset < size) {
      if (!reply.write(chunk.subarray(0, Math.min(chunk.length, size - reply.offset)), total)) return;
    }
    if (!reply.closed) end();
  };
  reply.detach({ onWritable: go, onAborted });
  reply.head('200 OK', 'lb', '1.1 lb', -1);
  go();
}

test('a head: status, fields in lower case, Age, Content-Length, no connection fields', async (t) => {
  const s = await scene(t, (_, reply) => {
    reply.head(
      '404 Not Found',
      '',
      'lb; hit\r\nVia: 1.1 lb\r\nX-Some: a\r\nx-some: b\r\nConnection: close\r\nSet-Cookie: a=1\r\nset-cookie: b=2',
      7,
    );
    reply.end('gone');
  });
  const { headers, body } = await ask(s, {});
  equal(body.toString(), 'gone');
  equal(headers[':status'], 404);
  equal(headers['x-some'], 'a, b');
  deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  equal(headers.age, '7');
  equal(headers['content-length'], '4');
  equal(headers['cache-status'], 'lb; hit');
  equal(headers.connection, undefined);
  ok(headers.date);
});

test('fields that an origin repeats against the rules go out as they are', async (t) => {
  const s = await scene(t, (_, reply) => say(reply, 'x', '\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nETag: "\xe9"'));
  const { headers } = await ask(s, {});
  equal(headers[':status'], 200);
  equal(headers.etag, '"\xe9"');
});

test('HEAD, 204 and 304 have no body', async (t) => {
  const s = await scene(t, (request, reply) => {
    const status = request.path().slice(1);
    reply.head(status === '200' ? '200 OK' : `${status} Text`, 'lb', '1.1 lb', -1);
    reply.endEmpty(status === '200' ? 1234 : -1);
  });
  const head = await ask(s, { ':method': 'HEAD', ':path': '/200' });
  equal(head.headers['content-length'], '1234');
  for (const status of [204, 304]) {
    const { headers, body } = await ask(s, { ':path': `/${status}` });
    equal(headers[':status'], status);
    equal(body.length, 0);
  }
});

test('interim answers come first', async (t) => {
  const s = await scene(t, (_, reply) => {
    reply.inform('103 Early Hints', '1.1 lb\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload');
    say(reply, 'hello');
  });
  const { interim, headers } = await ask(s, {});
  equal(interim[0][':status'], 103);
  equal(interim[0].link, '</a>; rel=preload, </b>; rel=preload');
  equal(headers[':status'], 200);
});

test('Expect: 100-continue is answered where somebody reads the body', async (t) => {
  const s = await scene(t, (_, reply) => count(reply));
  const stream = s.session.request({ ':method': 'POST', ':path': '/', expect: '100-continue' });
  const taken = take(stream);
  await within(once(stream, 'continue'), '100 Continue');
  stream.end('hello');
  equal((await taken).body.toString(), '5');
});

test('bodies of any length go both ways, held back on either side', async (t) => {
  const s = await scene(t, (request, reply) => {
    if (request.method() === 'GET') {
      pour(reply, 3_000_000, request.path() === '/known' ? 3_000_000 : -1, () => reply.finish());
      return;
    }
    let bytes = 0;
    reply.detach(NOTHING);
    reply.onBody((chunk, last) => {
      bytes += chunk.length;
      if (last) say(reply, String(bytes));
      reply.pauseBody();
      setImmediate(() => reply.resumeBody());
    });
  });
  for (const path of ['/known', '/unknown']) {
    const { body, headers } = await ask(s, { ':path': path });
    equal(body.length, 3_000_000);
    equal(headers['content-length'], path === '/known' ? '3000000' : undefined);
  }
  const { body } = await ask(s, { ':method': 'POST' }, Buffer.alloc(1_000_000));
  equal(body.toString(), '1000000');
});

test('a client that reads nothing holds its own stream back, and no other', async (t) => {
  const offsets = new Map<string, Reply>();
  const s = await scene(t, (request, reply) => {
    offsets.set(request.path(), reply);
    pour(reply, 5_000_000, -1, () => reply.finish());
  });
  const slow = s.session.request({ ':path': '/slow' });
  slow.on('error', () => {});
  await within(once(slow, 'response'), 'the head');
  const { body } = await ask(s, { ':path': '/fast' });
  equal(body.length, 5_000_000);
  ok((offsets.get('/slow')?.offset ?? 0) < 1_000_000);
  slow.close(constants.NGHTTP2_CANCEL);
  await until(() => offsets.get('/slow')?.closed === true, 'the slow stream to end');
});

test('a body that nobody reads is refused once the answer is complete', async (t) => {
  const s = await scene(t, (_, reply) => say(reply, 'no thanks'));
  const stream = s.session.request({ ':method': 'POST', ':path': '/' });
  stream.write(Buffer.alloc(200_000));
  const { body, code } = await take(stream);
  equal(body.toString(), 'no thanks');
  equal(code, constants.NGHTTP2_NO_ERROR);
});

test('trailers go to clients that take them', async (t) => {
  const s = await scene(t, (_, reply) => {
    reply.head('200 OK', 'lb', '1.1 lb', -1);
    reply.write(Buffer.from('hello'), -1);
    reply.finish(['grpc-status', '0', 'connection', 'close']);
  });
  const { trailers, body } = await ask(s, { te: 'trailers' });
  equal(body.toString(), 'hello');
  deepEqual(Object.entries(trailers), [['grpc-status', '0']]);
  equal((await ask(s, {})).trailers['grpc-status'], undefined);
});

test('an answer that breaks resets its stream, and no other', async (t) => {
  const s = await scene(t, (request, reply) => {
    if (request.path() === '/good') return say(reply, 'good');
    reply.head('200 OK', 'lb', '1.1 lb', -1);
    reply.write(Buffer.from('some'), request.path() === '/known' ? 100 : -1);
    reply.detach(NOTHING);
    setTimeout(() => reply.destroy(), 20);
  });
  for (const path of ['/known', '/unknown']) {
    equal((await ask(s, { ':path': path })).code, constants.NGHTTP2_INTERNAL_ERROR, path);
  }
  equal((await ask(s, { ':path': '/good' })).body.toString(), 'good');
});

test('a client that goes away before its body is complete is told of once, and the body never ends', async (t) => {
  let aborted = 0;
  let bodies = 0;
  const { port } = await scene(t, (_, reply) => {
    reply.onBody((_chunk, last) => {
      if (last) bodies++;
    });
    reply.detach({ onWritable() {}, onAborted: () => void aborted++ });
  });
  const client = await openRaw(t, port);
  client.begin();
  for (const [i, code] of [ERROR.cancel, ERROR.none, ERROR.internal].entries()) {
    const stream = 2 * i + 1;
    client.request(stream, [[':method', 'POST'], ...GET.slice(1)], 0);
    client.send(frame(TYPE.data, 0, stream, 'half'), frame(TYPE.reset, 0, stream, word(code)));
    await until(() => aborted === i + 1, 'the abort');
  }
  client.request(7, [[':method', 'POST'], ...GET.slice(1)], 0);
  client.send(frame(TYPE.data, 0, 7, 'half'));
  await client.settled();
  client.socket.resetAndDestroy();
  await until(() => aborted === 4, 'the abort');
  equal(bodies, 0);
});

test('an answer that its client resets in the middle ends at once, whatever the code', async (t) => {
  let aborted = 0;
  const { port } = await scene(t, (_, reply) => {
    const finish = () => reply.finish();
    pour(reply, 5_000_000, -1, finish, () => void aborted++);
  });
  const client = await openRaw(t, port);
  client.begin();
  for (const [i, code] of [ERROR.none, ERROR.cancel, ERROR.none].entries()) {
    const stream = 2 * i + 1;
    client.request(stream);
    await client.find((frame) => frame.type === TYPE.headers && frame.stream === stream);
    client.send(frame(TYPE.reset, 0, stream, word(code)));
    await until(() => aborted === i + 1, `the abort of stream ${stream}`);
  }
});

test('a complete answer that waits to leave ends with its stream, and a connection without streams ends', async (t) => {
  const limits = { streams: 10, headerTimeout: 50, idleTimeout: 50 };
  const big = 'x'.repeat(1_000_000);
  const { listener, port } = await startListener(t, (_, reply) => say(reply, big), { h2c: true, limits });
  const client = await openRaw(t, port);
  client.begin();
  client.request(1);
  await client.find((frame) => frame.type === TYPE.data);
  client.send(frame(TYPE.reset, 0, 1, word(ERROR.none)));
  await until(() => listener.connections() === 0, 'its end');
});

test('however many answers a client leaves in the middle, none of its requests is refused', async (t) => {
  // in all twice what Node has connections hold unless told otherwise
  const big = 'x'.repeat(1_000_000);
  const { port } = await startListener(t, (_, reply) => say(reply, big), { h2c: true });
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  for (let i = 0; i < 20; i++) {
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL));
    await within(new Promise((resolve) => stream.once('close', resolve)), 'the end of a stream');
    equal(stream.rstCode, constants.NGHTTP2_CANCEL);
  }
});

test('a drain tells the client, lets streams end and refuses none that was on its way', async (t) => {
  const held: Reply[] = [];
  const s = await scene(t, (request, reply) => {
    if (request.path() !== '/held') return say(reply, 'hello');
    reply.detach(NOTHING);
    held.push(reply);
  });
  const first = ask(s, { ':path': '/held' });
  await until(() => held.length === 1, 'the request');
  const told: number[] = [];
  s.session.on('goaway', (code, last) => told.push(code, last));
  s.listener.drain();
  await until(() => told.length > 0, 'GOAWAY');
  deepEqual(told.slice(0, 2), [0, 2 ** 31 - 1]);
  say(held[0], 'at last');
  equal((await first).body.toString(), 'at last');
  await until(() => s.listener.connections() === 0, 'the connection to end');
});

test('closeAfter ends the connection once its streams have ended', async (t) => {
  const s = await scene(t, (_, reply) => {
    reply.closeAfter = true;
    say(reply, 'bye');
  });
  const closed = once(s.session, 'close');
  equal((await ask(s, {})).body.toString(), 'bye');
  await within(closed, 'the end of the connection');
});

test('a connection without a stream ends after its time', async (t) => {
  const limits = { streams: 10, headerTimeout: 50, idleTimeout: 50 };
  const listening = await startListener(t, (_, reply) => say(reply, 'hello'), { h2c: true, limits });
  const session = connect(`http://127.0.0.1:${listening.port}`);
  t.after(() => session.destroy());
  await within(once(session, 'close'), 'the end of the connection');
});

test('a client that does not end its side is not waited for', async (t) => {
  const limits = { streams: 10, headerTimeout: 50, idleTimeout: 50 };
  const { listener, port } = await startListener(t, (_, reply) => say(reply, 'hello'), { h2c: true, limits });
  const client = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => client.destroy());
  client.on('error', () => {}).resume();
  client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  client.write(frame(TYPE.settings, 0, 0));
  await until(() => listener.connections() === 1, 'a connection');
  await until(() => listener.connections() === 0, 'its end');
});

test('an extended CONNECT is an upgrade: bytes both ways (RFC 8441)', async (t) => {
  const seen: string[] = [];
  const s = await scene(t, (request, reply) => {
    seen.push(request.method(), String(request.isUpgrade), request.header('upgrade'), request.path());
    const answer = {
      protocol: 'websocket',
      lines: ['sec-websocket-accept', 'x', 'sec-websocket-protocol', 'chat'],
      maxMessage: 1000,
    };
    const channel = reply.switchProtocols(answer, {
      onData: (chunk) => void channel.write(Buffer.from(chunk.toString().toUpperCase())),
      onEnd: () => channel.end(),
      onDrain() {},
      onClose() {},
    });
  });
  await within(once(s.session, 'remoteSettings'), 'settings');
  equal(s.session.remoteSettings.enableConnectProtocol, true);
  const stream = s.session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    ':scheme': 'http',
    ':authority': 'a.test',
  });
  const taken = take(stream);
  stream.write('hello');
  stream.end(' you');
  const { headers, body, code } = await taken;
  equal(headers[':status'], 200);
  equal(headers['sec-websocket-accept'], undefined);
  equal(headers['sec-websocket-protocol'], 'chat');
  equal(body.toString(), 'HELLO YOU');
  equal(code, 0);
  deepEqual(seen, ['GET', 'true', 'websocket', '/chat']);
});

test('without h2c the preface is no request, with it HTTP/1.1 goes on as ever', async (t) => {
  const s = await scene(t, (request, reply) => say(reply, request.protocol));
  equal((await ask(s, {})).body.toString(), '2');
  const response = await fetch(`http://127.0.0.1:${s.port}/`);
  equal(await response.text(), '1.1');
  const plain = await startListener(t, (request, reply) => say(reply, request.protocol), {});
  const session = connect(`http://127.0.0.1:${plain.port}`);
  t.after(() => session.destroy());
  await within(new Promise((resolve) => session.once('error', resolve)), 'a refusal');
});

test('a beginning that goes nowhere ends after the time for a head', async (t) => {
  const limits = { streams: 10, headerTimeout: 50, idleTimeout: 60_000 };
  const terms = { h2c: true, limits, proxyProtocol: ['127.0.0.1'] };
  const { listener, port } = await startListener(t, (_, reply) => say(reply, 'hello'), terms);
  for (const text of ['', 'PROXY TCP4', 'PROXY UNKNOWN\r\n', 'PROXY UNKNOWN\r\nPRI * HTTP/2.0\r\n']) {
    const socket = connectSocket(port, '127.0.0.1');
    t.after(() => void socket.destroy());
    socket.on('error', () => {}).resume();
    socket.write(text);
    await within(new Promise((resolve) => socket.once('close', resolve)), `the end of ${text}`);
  }
  await until(() => listener.connections() === 0, 'all to be gone');
});

test('behind a PROXY header comes HTTP/2 as HTTP/1.1 does, with the address of the client', async (t) => {
  const answer: Answer = (request, reply) => say(reply, `${request.protocol} ${request.address()}`);
  const { port } = await startListener(t, answer, { h2c: true, proxyProtocol: ['127.0.0.1'] });
  const header = 'PROXY TCP6 2001:db8::7 2001:db8::1 5000 80\r\n';
  const raw = connectSocket(port, '127.0.0.1');
  t.after(() => void raw.destroy());
  raw.write(header);
  const session = connect(`http://127.0.0.1:${port}`, { createConnection: () => raw });
  t.after(() => session.destroy());
  equal((await take(session.request({ ':path': '/' }))).body.toString(), '2 2001:db8::7');
  const plain = connectSocket(port, '127.0.0.1');
  t.after(() => void plain.destroy());
  plain.write(`${header}GET / HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  let text = '';
  plain.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await until(() => text.endsWith('1.1 2001:db8::7'), 'the answer');
});

test('streams have no limit any more once a reload takes it away', async (t) => {
  const limits = { ...TERMS.limits, streams: 10 };
  const { listener, port, terms } = await startListener(t, (_, reply) => say(reply, ''), { h2c: true, limits });
  const streams = async () => {
    const client = await openRaw(t, port);
    client.begin();
    const told = await client.find(({ type, flags }) => type === TYPE.settings && flags === 0);
    ok(told);
    for (let at = 0; at < told.payload.length; at += 6) {
      if (told.payload.readUInt16BE(at) === 3) return told.payload.readUInt32BE(at + 2);
    }
    return 2 ** 32 - 1;
  };
  equal(await streams(), 10);
  listener.update({ ...terms, limits: { ...limits, streams: 0 } });
  equal(await streams(), 2 ** 32 - 1);
});
