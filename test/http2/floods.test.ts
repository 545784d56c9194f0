// What a client may do to a connection of HTTP/2 until it is told to go, byte by byte.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Cleanup } from '../support/cleanup.ts';
import { within } from '../support/cleanup.ts';
import { say, startListener, type TestListener } from '../tls/listener.ts';
import { block, ERROR, FLAG, frame, GET, openRaw, type RawHttp2, TYPE, word } from './raw.ts';

const HELD = GET.map(([name, value]) => [name, name === ':path' ? '/held' : value] as const);

interface Scene extends TestListener {
  client: RawHttp2;
  /** Requests that reached the handler. */
  started: () => number;
}

async function scene(t: Cleanup): Promise<Scene> {
  let started = 0;
  const listening = await startListener(
    t,
    (request, reply) => {
      started++;
      if (request.path() === '/held') reply.detach({ onWritable() {}, onAborted() {} });
      else say(reply, 'hello');
    },
    { h2c: true },
  );
  const client = await openRaw(t, listening.port);
  client.begin();
  return { ...listening, client, started: () => started };
}

/** Sends the same over and over until the connection ends or `most` is reached. @returns how often */
async function flood(client: RawHttp2, most: number, bytes: (i: number) => Buffer): Promise<number> {
  let sent = 0;
  while (!client.closed && sent < most) {
    client.send(...Array.from({ length: 200 }, () => bytes(sent++)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}

/** Each is one connection that has to end long before all is sent. */
const FLOODS: Readonly<Record<string, { most: number; bytes: (i: number) => Buffer; before?: (c: RawHttp2) => void }>> =
  {
    'streams that are reset at once (CVE-2023-44487)': {
      most: 20_000,
      bytes: (i) =>
        Buffer.concat([
          frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * i + 1, block(HELD)),
          frame(TYPE.reset, 0, 2 * i + 1, word(ERROR.cancel)),
        ]),
    },
    'streams that make the server reset them': {
      most: 20_000,
      bytes: (i) =>
        frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * i + 1, block([...GET, ['Upper', 'case']])),
    },
    'CONTINUATION without an end (CVE-2024-27316)': {
      before: (client) => client.send(frame(TYPE.headers, FLAG.endStream, 1, block(GET))),
      most: 5000,
      bytes: (i) => frame(TYPE.continuation, 0, 1, block([[`x-${i}`, 'y'.repeat(50)]])),
    },
    'CONTINUATION without a byte': {
      before: (client) => client.send(frame(TYPE.headers, FLAG.endStream, 1, block(GET))),
      most: 5000,
      bytes: () => frame(TYPE.continuation, 0, 1),
    },
    'DATA without a byte (CVE-2019-9518)': {
      before: (client) => client.request(1, HELD, 0),
      most: 20_000,
      bytes: () => frame(TYPE.data, 0, 1),
    },
    'PRIORITY (CVE-2019-9513)': {
      most: 100_000,
      bytes: (i) => frame(TYPE.priority, 0, 1 + 2 * (i % 1000), Buffer.from([0, 0, 0, 0, 1])),
    },
    'frames of an unknown type': { most: 100_000, bytes: () => frame(0x42, 0, 0, 'xx') },
  };

for (const [name, { most, bytes, before }] of Object.entries(FLOODS)) {
  test(`a flood of ${name} ends the connection`, async (t) => {
    const { client, started } = await scene(t);
    before?.(client);
    const sent = await flood(client, most, bytes);
    ok(sent < most, `${sent} were taken`);
    ok(started() <= 2000, `${started()} requests were begun`);
    const { code } = await client.failure(0);
    ok(code === ERROR.internal || code === ERROR.enhanceYourCalm || code === -1, `code ${code}`);
    await client.end();
  });
}

for (const [name, bytes] of [
  ['SETTINGS', () => frame(TYPE.settings, 0, 0)],
  ['PING', () => frame(TYPE.ping, 0, 0, '12345678')],
] as const) {
  test(`a flood of ${name} whose answers nobody reads ends the connection within bounded memory (CVE-2019-9512, 9515)`, async (t) => {
    const { client, listener } = await scene(t);
    await client.settled();
    client.socket.pause();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 400 && listener.connections() > 0; i++) {
      client.send(...Array.from({ length: 1000 }, bytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    ok(process.memoryUsage().rss - before < 64e6);
    client.socket.resume();
    await client.end();
    equal(listener.connections(), 0);
  });
}

test('more streams than allowed are refused', async (t) => {
  const { client, started } = await scene(t);
  for (let i = 0; i < 200; i++) client.request(2 * i + 1, HELD);
  const { code } = await client.failure(2 * 150 + 1);
  ok(code === ERROR.refused || code === ERROR.protocol, `code ${code}`);
  equal(started(), 128);
});

test('a block of fields over the limits takes its stream or its connection away, and no other', async (t) => {
  const lines = (count: number, length: number) =>
    Array.from({ length: count }, (_, i) => [`x-${i}`, 'y'.repeat(length)] as const);
  const { client, port, started } = await scene(t);
  client.request(1, [...GET, ...lines(200, 1)]);
  deepEqual(await client.failure(1), { of: 'stream', code: ERROR.enhanceYourCalm });
  const large = block([...GET, ...lines(100, 800)]);
  const other = await openRaw(t, port);
  other.begin();
  other.send(frame(TYPE.headers, FLAG.endStream, 1, large.subarray(0, 16_384)));
  for (let at = 16_384; at < large.length; at += 16_384) {
    const isLast = at + 16_384 >= large.length;
    other.send(frame(TYPE.continuation, isLast ? FLAG.endHeaders : 0, 1, large.subarray(at, at + 16_384)));
  }
  // 431, and nothing else of it: the only fields of its head
  const refused = await other.find(({ type, stream }) => type === TYPE.headers && stream === 1);
  ok(refused !== undefined && (refused.flags & FLAG.endStream) !== 0);
  equal(started(), 0);
  client.request(3);
  ok(await client.find(({ type, stream }) => type === TYPE.headers && stream === 3));
});

test('a client that opens no window is sent away, and what it was to get is let go', async (t) => {
  const { clients, pass, port } = await startListener(t, (_, reply) => say(reply, 'x'.repeat(100_000)), { h2c: true });
  const client = await openRaw(t, port);
  client.begin([[4, 0]]);
  for (let i = 0; i < 20; i++) client.request(2 * i + 1);
  await client.find(({ type, stream }) => type === TYPE.headers && stream === 39);
  equal(clients.size, 20);
  pass(61_000);
  deepEqual(await client.failure(39), { of: 'stream', code: ERROR.cancel });
  await within(
    (async () => {
      while (clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
    })(),
    'the streams to be let go',
  );
});

test('a client that opens its window bit by bit gets the whole answer', async (t) => {
  const { pass, port } = await startListener(t, (_, reply) => say(reply, 'x'.repeat(100_000)), { h2c: true });
  const client = await openRaw(t, port);
  client.begin([[4, 0]]);
  client.request(1);
  await client.find(({ type }) => type === TYPE.headers);
  const got = () =>
    client.frames.reduce((sum, { type, payload }) => sum + (type === TYPE.data ? payload.length : 0), 0);
  while (got() < 100_000) {
    const before = got();
    client.send(frame(TYPE.windowUpdate, 0, 1, word(20_000)), frame(TYPE.windowUpdate, 0, 0, word(20_000)));
    await client.find(() => got() > before);
    pass(10_000);
  }
  ok(await client.find(({ type, flags }) => type === TYPE.data && (flags & FLAG.endStream) !== 0));
});
