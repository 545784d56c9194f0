// 1 GB either way, and in chunks a part of it unless LB_TEST_LONG=1, through lb as a process of its own, whose memory is watched from outside.
import assert from 'node:assert/strict';
import { platform } from 'node:os';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { IS_LONG } from '../support/long.ts';
import type { Answer } from '../support/origin.ts';
import { startOrigin } from '../support/origin.ts';
import { type Child, serveLb } from '../support/process.ts';

const GB = 1 << 30;
const MB = 1 << 20;
const ALLOWED_GROWTH = 50 * MB;
const BLOCK = Buffer.alloc(MB, 'lb streams what it cannot keep. ');
const CHUNK = Buffer.concat([Buffer.from(`${MB.toString(16)}\r\n`), BLOCK, Buffer.from('\r\n')]);
const WAYS = [
  { way: '1 GB by length', isChunked: false, length: GB },
  { way: IS_LONG ? '1 GB in chunks' : '256 MB in chunks', isChunked: true, length: IS_LONG ? GB : 256 * MB },
];
const options = { skip: platform() !== 'linux' && 'resident memory is read from /proc' };

/** Watches memory until told to stop. @returns the growth over its beginning, bytes */
function watch(child: Child): () => number {
  const start = child.rss();
  let peak = start;
  const look = () => {
    peak = Math.max(peak, child.rss());
  };
  const timer = setInterval(look, 10).unref();
  return () => {
    clearInterval(timer);
    look();
    return peak - start;
  };
}

/** Checks a repetition of BLOCK without a byte of it kept. */
class Checker {
  received = 0;
  wrong = 0;

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const from = this.received % MB;
      const length = Math.min(MB - from, chunk.length - at);
      if (BLOCK.compare(chunk, at, at + length, from, from + length) !== 0) this.wrong++;
      at += length;
      this.received += length;
    }
  }
}

/** Framing of a body of so many bytes. */
function framingOf(length: number, isChunked: boolean) {
  return isChunked ? (['Transfer-Encoding', 'chunked'] as const) : (['Content-Length', String(length)] as const);
}

async function sendLarge(
  answer: Answer,
  length: number,
  isChunked: boolean,
  sent: (bytes: number) => void,
): Promise<void> {
  const framing = framingOf(length, isChunked);
  await answer.head(200, [['Cache-Control', 'no-store'], framing]);
  for (let at = 0; at < length && !answer.socket.destroyed; at += MB) {
    await answer.raw(isChunked ? CHUNK : BLOCK);
    sent(at + MB);
  }
  if (isChunked) await answer.raw('0\r\n\r\n');
}

for (const { way, isChunked, length } of WAYS) {
  test(`${way} streams through to the client in little memory`, options, async (t) => {
    const origin = await startOrigin(t, ({ target }, answer) =>
      target === '/gb' ? sendLarge(answer, length, isChunked, () => {}) : answer.send(200, [], 'warm'),
    );
    const { port, child } = await serveLb(t, origin.address);
    const client = await openClient(t, port);
    client.send(requestText('GET', '/warm'));
    await client.response();
    const growth = watch(child);
    const checker = new Checker();
    client.send(requestText('GET', '/gb'));
    const response = await client.head();
    assert.ok(response);
    await client.body(response, 'GET', (chunk) => checker.take(chunk));
    assert.deepEqual([response.complete, checker.received, checker.wrong], [true, length, 0]);
    const grown = growth();
    assert.ok(grown < ALLOWED_GROWTH, `grew by ${(grown / MB).toFixed()} MB`);
  });

  test(`a client that does not read holds the origin back (${isChunked ? 'chunks' : 'length'})`, options, async (t) => {
    let sent = 0;
    const count = (bytes: number) => {
      sent = bytes;
    };
    const origin = await startOrigin(t, ({ target }, answer) =>
      target === '/gb' ? sendLarge(answer, GB, isChunked, count) : answer.send(200, [], 'warm'),
    );
    const { port, child } = await serveLb(t, origin.address);
    const client = await openClient(t, port);
    client.send(requestText('GET', '/warm'));
    await client.response();
    const growth = watch(child);
    client.send(requestText('GET', '/gb'));
    const response = await client.head();
    assert.ok(response);
    await steady(() => sent);
    const held = sent;
    assert.ok(held < 60 * MB, `the origin sent ${(held / MB).toFixed()} MB to nobody`);
    const checker = new Checker();
    await client.body(response, 'GET', (chunk) => {
      checker.take(chunk);
      if (checker.received > held + 100 * MB) client.close();
    });
    assert.equal(checker.wrong, 0);
    assert.ok(sent > held, 'the origin went on');
    const grown = growth();
    assert.ok(grown < ALLOWED_GROWTH, `grew by ${(grown / MB).toFixed()} MB`);
    await until(() => origin.sockets.size === 0, 'the origin to be let go');
  });
}

/** Most that the sender is ahead of the origin: uWebSockets.js reads on after a pause while whole buffers come. */
const AHEAD = 8 * MB;

for (const { way, isChunked, length } of WAYS) {
  test(`a request body of ${way} streams to the origin`, options, async (t) => {
    const checker = new Checker();
    const origin = await startOrigin(t, async (asked, answer) => {
      await asked.body((chunk) => checker.take(chunk));
      return answer.send(200, [], String(checker.received));
    });
    const { port, child } = await serveLb(t, origin.address);
    const client = await openClient(t, port);
    client.send(requestText('GET', '/warm'));
    await client.response();
    const growth = watch(child);
    client.send(requestText('POST', '/gb', [framingOf(length, isChunked)]));
    for (let sent = 0; sent < length; sent += MB) {
      while (sent - checker.received > AHEAD && !client.socket.destroyed)
        await new Promise((resolve) => setImmediate(resolve));
      client.send(isChunked ? CHUNK : BLOCK);
    }
    if (isChunked) client.send('0\r\n\r\n');
    assert.equal((await client.response()).text, String(length));
    assert.equal(checker.wrong, 0);
    const grown = growth();
    assert.ok(grown < ALLOWED_GROWTH, `grew by ${(grown / MB).toFixed()} MB`);
  });
}

test('an origin that does not read holds an uploading client back (node:http)', options, async (t) => {
  const origin = await startOrigin(t, ({ target }, answer) =>
    target === '/gb' ? answer.gone : answer.send(200, [], 'warm'),
  );
  const { port, child } = await serveLb(t, origin.address, [], { LB_TEST_NO_UWS: '1' });
  const client = await openClient(t, port);
  client.send(requestText('GET', '/warm'));
  await client.response();
  const growth = watch(child);
  client.send(requestText('POST', '/gb', [['Content-Length', String(GB)]]));
  let sent = 0;
  client.socket.on('drain', push);
  push();
  function push(): void {
    while (client.socket.write(BLOCK)) sent += MB;
    sent += MB;
  }
  await steady(() => sent);
  assert.ok(sent < 60 * MB, `lb took ${(sent / MB).toFixed()} MB that the origin does not read`);
  assert.ok(growth() < ALLOWED_GROWTH);
});

/** Waits until a number has stood still for a while. */
async function steady(value: () => number): Promise<void> {
  let last = -1;
  let since = performance.now();
  await until(() => {
    if (value() !== last) {
      last = value();
      since = performance.now();
    }
    return last > 0 && performance.now() - since > 200;
  }, 'the sender to be held back');
}
