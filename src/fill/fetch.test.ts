import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { HeaderList } from '../http/headers.ts';
import type { OriginError } from '../origin/origin-error.ts';
import { OriginPools } from '../origin/pools.ts';
import { siteConfig } from '../origin/testing.ts';
import type { EdgeContext } from './context.ts';
import { Fetch, type FetchSink } from './fetch.ts';

/** Records what it is told. */
class Sink implements FetchSink {
  readonly heard: string[] = [];
  readonly bugs: Error[] = [];
  trailers: HeaderList = [];
  failure: OriginError | undefined;
  over!: () => void;
  readonly done = new Promise<void>((resolve) => {
    this.over = resolve;
  });

  onInform(status: number): void {
    this.heard.push(String(status));
  }

  onHead(status: number): void {
    this.heard.push(String(status));
  }

  onData(chunk: Buffer): void {
    this.heard.push(chunk.toString());
  }

  onEnd(trailers: HeaderList): void {
    this.trailers = trailers;
    this.over();
  }

  onError(error: OriginError): void {
    this.failure = error;
    this.over();
  }
}

/** Has `sink` fetch from an origin that answers with these bytes. */
async function fetchInto(t: TestContext, sink: Sink, bytes: string, begun?: (fetch: Fetch) => void): Promise<void> {
  const server = createServer((socket) => socket.once('data', () => socket.write(bytes))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const site = siteConfig({ origins: [`127.0.0.1:${port}`], retries: { attempts: 0 } });
  const pools = new OriginPools([site], { multiTenant: false });
  t.after(async () => {
    await pools.destroy();
    server.close();
  });
  const counters = { add() {}, observe() {} };
  const context = { counters, lines: [0], onBug: (error: Error) => sink.bugs.push(error) };
  const request = { method: 'GET', target: '/', headers: [], body: null };
  const route = pools.route(0, { path: '/', target: '/', headers: [], address: '', host: { authority: 'a' } });
  const fetch = new Fetch(context as unknown as EdgeContext, 0, sink);
  fetch.start(route, () => request);
  begun?.(fetch);
  await sink.done;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('what the sink throws is reported as a bug, not taken for a failure of the origin', async (t) => {
  const broken = new Error('a mistake of ours');
  for (const method of ['onHead', 'onData', 'onEnd'] as const) {
    const sink = new Sink();
    sink[method] = () => {
      throw broken;
    };
    await fetchInto(t, sink, OK);
    assert.deepEqual([sink.bugs, sink.failure?.type], [[broken], 'proxy_internal_error'], method);
  }
});

test('interim answers come before the head, eight at most; 100 and 101 never', async (t) => {
  const sink = new Sink();
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(10);
  await fetchInto(t, sink, `HTTP/1.1 102 Processing\r\n\r\n${hints}${OK}`);
  assert.deepEqual(sink.heard, ['102', ...new Array<string>(7).fill('103'), '200', 'ok']);
  const endless = new Sink();
  await fetchInto(t, endless, hints.repeat(11) + OK);
  assert.deepEqual([endless.heard.length, endless.failure?.type], [8, 'http_protocol_error']);
});

test('trailers come with the end', async (t) => {
  const sink = new Sink();
  await fetchInto(
    t,
    sink,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nETag: "t"\r\n\r\n',
  );
  assert.deepEqual(
    [sink.heard, sink.trailers],
    [
      ['200', 'ok'],
      ['x-sum', '7', 'etag', '"t"'],
    ],
  );
});

test('what is held back before its head comes with the head alone, until it may go on', async (t) => {
  const sink = new Sink();
  let fetch: Fetch | undefined;
  sink.onHead = (status) => {
    sink.heard.push(String(status));
    setTimeout(() => {
      sink.heard.push('goes on');
      fetch?.resume();
    }, 50);
  };
  await fetchInto(t, sink, OK, (begun) => {
    fetch = begun;
    fetch.pause();
  });
  assert.deepEqual(sink.heard, ['200', 'goes on', 'ok']);
});

test('a status below 100 is none', async (t) => {
  const sink = new Sink();
  await fetchInto(t, sink, OK.replace('200', '099'));
  assert.deepEqual([sink.heard, sink.failure?.type], [[], 'http_protocol_error']);
});
