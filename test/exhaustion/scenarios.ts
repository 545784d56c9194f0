// Clients that take more than their part, over raw sockets, and a good one beside them.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { until, within } from '../support/cleanup.ts';
import { type Client, openClient, request, requestText } from '../support/client.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { type Origin, startOrigin } from '../support/origin.ts';

const LIMITS = {
  header_timeout: '1s',
  body_timeout: '1s',
  send_timeout: '2s',
  idle_timeout: '2s',
  min_receive_rate: '1KB',
};

/** The library looks at its own deadlines every four seconds. */
const LATEST = 14_000;

const LARGE = 24 << 20;

/** Bad clients of one kind at once. */
const MANY = 100;

interface Bad {
  name: string;
  /** What it sends at first. */
  first: string;
  /** What it goes on with, every 200 ms. */
  next: string;
  reads: boolean;
  count: number;
}

const POST = (length: number) => requestText('POST', '/slow-body', [['Content-Length', String(length)]]);

const KINDS: readonly Bad[] = [
  { name: 'says nothing', first: '', next: '', reads: true, count: MANY },
  { name: 'sends its head byte by byte', first: 'GET / HTTP/1.1\r\n', next: 'X', reads: true, count: MANY },
  { name: 'sends half a head', first: 'GET / HTTP/1.1\r\nHost: site.test\r\n', next: '', reads: true, count: MANY },
  { name: 'stays after its answer', first: requestText('GET', '/small'), next: '', reads: true, count: MANY },
  { name: 'begins a second head', first: `${requestText('GET', '/small')}GET /`, next: 'x', reads: true, count: MANY },
  { name: 'pauses in its body', first: `${POST(1000)}abc`, next: '', reads: true, count: MANY },
  { name: 'sends its body byte by byte', first: POST(100_000), next: 'x', reads: true, count: MANY },
  { name: 'does not read a large hit', first: requestText('GET', '/large'), next: '', reads: false, count: 20 },
  {
    name: 'does not read a large passed answer',
    first: requestText('POST', '/large'),
    next: '',
    reads: false,
    count: 5,
  },
];

/** A socket of a bad client, with what came back. */
class BadClient {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(port: number, { first, next, reads }: Bad) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
    if (reads) this.socket.on('data', (data: Buffer) => (this.text += data.toString('latin1')));
    this.socket.write(first);
    if (next === '') return;
    const timer = setInterval(() => this.socket.write(next), 200);
    this.socket.on('close', () => clearInterval(timer));
  }

  /** Whether the server has ended the connection; one who does not read cannot see that before it does. */
  get isEnded(): boolean {
    return this.closed;
  }
}

async function serve(t: TestContext, settings: Record<string, unknown>): Promise<{ lb: Lb; origin: Origin }> {
  const large = Buffer.alloc(LARGE, 'x');
  const origin = await startOrigin(t, async (asked, answer) => {
    if (asked.method === 'POST' && asked.target !== '/large') await asked.body();
    const body = asked.target === '/large' ? large : Buffer.from('small');
    await answer.send(200, [['Cache-Control', 'max-age=600']], body);
  });
  const lb = await startLb(t, { origins: [origin.address], cache: { memory: '256MB' }, ...settings });
  return { lb, origin };
}

/** A client like any other: each of its requests must be answered at once. Ends when told to. */
class GoodClient {
  readonly times: number[] = [];
  failures = 0;
  #over = false;
  readonly #done: Promise<void>;

  constructor(t: TestContext, port: number) {
    this.#done = this.#run(t, port);
    t.after(() => this.end());
  }

  async #run(t: TestContext, port: number): Promise<void> {
    let client: Client | undefined;
    while (!this.#over) {
      const begin = performance.now();
      try {
        client ??= await openClient(t, port);
        client.send(requestText('GET', '/small'));
        const { status, text } = await client.response();
        if (status !== 200 || text !== 'small') throw new Error(`answered ${status}`);
      } catch {
        this.failures++;
        client = undefined;
      }
      this.times.push(performance.now() - begin);
      await setTimeout(10);
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#done;
  }
}

/** Registers the scenarios. @param tells408 where the listener can answer a head that is late */
export function exhaustionScenarios(tells408: boolean): void {
  test('slow and silent clients of all kinds are ended in time, and a good one goes unharmed', async (t) => {
    const { lb, origin } = await serve(t, { limits: LIMITS });
    for (const path of ['/small', '/large']) await request(t, lb.port, path);
    const good = new GoodClient(t, lb.port);
    const bad = KINDS.map((kind) => ({
      kind,
      clients: Array.from({ length: kind.count }, () => new BadClient(lb.port, kind)),
    }));
    t.after(() => {
      for (const { clients } of bad) for (const { socket } of clients) socket.destroy();
    });
    await setTimeout(1500);
    for (const { kind, clients } of bad) {
      if (!kind.reads) continue;
      await until(() => clients.every(({ isEnded }) => isEnded), `the end of who ${kind.name}`, LATEST);
    }
    // pins and origin's connections are back while those who do not read still keep their sockets
    await until(
      async () => {
        const { pins } = await lb.admin.cache();
        return pins === 0;
      },
      'pins to be released',
      LATEST,
    );
    await lb.admin.idle();
    await good.end();
    const slow = bad.filter(({ kind }) => kind.name.includes('body'));
    for (const { clients } of slow) for (const { text } of clients) assert.match(text, /^HTTP\/1\.1 408 /);
    const late = bad.filter(({ kind }) => kind.name.includes('head') && !kind.name.startsWith('begins'));
    if (tells408)
      for (const { clients } of late) for (const { text } of clients) assert.match(text, /^HTTP\/1\.1 408 /);
    assert.equal(good.failures, 0);
    assert.ok(good.times.length > 100, `${good.times.length} requests`);
    const sorted = good.times.toSorted((a, b) => a - b);
    assert.ok(sorted[Math.floor(sorted.length * 0.95)] < 1000, `p95 ${sorted[Math.floor(sorted.length * 0.95)]} ms`);
    await until(
      () =>
        origin.requests.every((asked) => asked.complete || asked.method === 'GET' || asked.target === '/large') ||
        origin.sockets.size < MANY,
      'broken requests to end at the origin',
    );
    assert.deepEqual(
      lb.log.filter(({ level }) => level === 'error'),
      [],
    );
  });

  test('more connections than the cap are answered 503, and there is room again when some end', async (t) => {
    const { lb } = await serve(t, { limits: { connections: 20 } });
    await request(t, lb.port, '/small');
    await until(async () => (await tryOnce(lb.port)) === 200, 'room');
    const kept: Socket[] = [];
    for (let i = 0; i < 20; i++) kept.push(await open(t, lb.port));
    for (let i = 0; i < 10; i++) assert.ok([503, 0].includes(await tryOnce(lb.port)));
    assert.equal(lb.log.filter(({ message }) => message.startsWith('more connections')).length, 1);
    const served = await statusOn(kept[3]);
    assert.equal(served, 200);
    for (const socket of kept.slice(0, 10)) socket.destroy();
    await until(async () => (await tryOnce(lb.port)) === 200, 'room');
  });

  test('more connections of one address than its cap are answered 503; others are not', async (t) => {
    const { lb } = await serve(t, { limits: { connections_per_address: 5 } });
    const kept: Socket[] = [];
    for (let i = 0; i < 5; i++) kept.push(await open(t, lb.port));
    for (let i = 0; i < 5; i++) assert.ok([503, 0].includes(await tryOnce(lb.port)));
    assert.equal(await tryOnce(lb.port, '127.0.0.2'), 200);
    assert.equal(await statusOn(kept[0]), 200);
    for (const socket of kept) socket.destroy();
    await until(async () => (await tryOnce(lb.port)) === 200, 'room');
    // what came and went does not count
    for (let i = 0; i < 30; i++) await until(async () => (await tryOnce(lb.port)) === 200, 'room');
  });

  test('many small ranges cost no more than the whole', async (t) => {
    const { lb, origin } = await serve(t, {});
    await request(t, lb.port, '/large');
    for (const step of [1, 2]) {
      const ranges = Array.from({ length: 1300 }, (_, i) => `${i * step}-${i * step + 5}`).join();
      const client = await openClient(t, lb.port);
      client.send(requestText('GET', '/large', [['Range', `bytes=${ranges}`]]));
      const response = await client.response();
      assert.ok(response.status === 200 || response.status === 416, String(response.status));
      assert.ok(response.body.length <= LARGE);
    }
    assert.deepEqual(origin.log, ['GET /large']);
  });

  test('invented hosts cost a good client nothing', async (t) => {
    const { lb } = await serve(t, {});
    await request(t, lb.port, '/small');
    const good = new GoodClient(t, lb.port);
    const client = await openClient(t, lb.port);
    for (let i = 0; i < 1000; i++) {
      client.send(requestText('GET', '/small', [['Host', `h${i}.test`]]));
      assert.equal((await client.response()).status, 200);
    }
    await good.end();
    assert.equal(good.failures, 0);
  });
}

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  t.after(() => void socket.destroy());
  assert.equal(await statusOn(socket), 200);
  return socket;
}

/** Status of one request on a connection of its own; 0 where the connection broke. */
async function tryOnce(port: number, localAddress = '127.0.0.1'): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  const status = await statusOn(socket);
  socket.destroy();
  return status;
}

/** Status of a request on a connection that has none under way; 0 where it broke. */
function statusOn(socket: Socket): Promise<number> {
  const status = new Promise<number>((resolve) => {
    socket.once('data', (data: Buffer) => resolve(Number(data.toString('latin1').slice(9, 12))));
    socket.once('error', () => resolve(0));
    socket.once('close', () => resolve(0));
    socket.write(requestText('GET', '/small'));
  });
  return within(status, 'an answer');
}
