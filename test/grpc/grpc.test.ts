// gRPC through lb: HTTP/2 on both sides, a real client and a real server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { EchoClient, type Seen, startEcho } from './service.ts';

type Done = (error: ServiceError | null, value?: Buffer) => void;

/** The calls of the service, as the client makes them. */
interface Echo extends Client {
  unary(
    message: Buffer,
    metadata: Metadata,
    options: { deadline?: number },
    done: Done,
  ): { cancel(): void; on(name: 'status', run: (status: StatusObject) => void): void };
  download(message: Buffer): ClientReadableStream<Buffer>;
  upload(done: Done): ClientWritableStream<Buffer>;
  both(): ClientDuplexStream<Buffer, Buffer>;
}

const closers: (() => void | Promise<void>)[] = [];
const file: Cleanup = { after: (run) => void closers.unshift(run) };
let seen: Seen;
let client: Echo;
let lb: Lb;
before(async () => {
  const echo = await startEcho(file);
  seen = echo.seen;
  lb = await startLb(file, {
    h2c: true,
    origin_http2: 'on',
    origins: [`127.0.0.1:${echo.port}`],
    limits: { body_timeout: '1s', min_receive_rate: '1KB' },
  });
  client = new EchoClient(`127.0.0.1:${lb.port}`, credentials.createInsecure()) as unknown as Echo;
  file.after(() => client.close());
});
after(async () => {
  for (const close of closers) await close();
});

interface Result {
  error: ServiceError | null;
  value: string | undefined;
  status: StatusObject;
}

function unary(
  text: string,
  { metadata = new Metadata(), deadline }: { metadata?: Metadata; deadline?: number } = {},
): Promise<Result> {
  return new Promise((resolve) => {
    let result: Pick<Result, 'error' | 'value'>;
    const options = deadline === undefined ? {} : { deadline };
    const call = client.unary(Buffer.from(text), metadata, options, (error, value) => {
      result = { error, value: value?.toString() };
    });
    call.on('status', (given) => setImmediate(() => resolve({ ...result, status: given })));
  });
}

test('unary calls, with metadata both ways and trailers', async () => {
  const metadata = new Metadata();
  metadata.set('x-one', '1');
  metadata.set('x-data-bin', Buffer.from([0, 255, 10]));
  const { error, value, status: end } = await unary('hello', { metadata });
  assert.equal(error, null);
  assert.equal(value, 'hello');
  assert.deepEqual(
    [end.code, end.metadata.get('x-trailer'), end.metadata.get('x-bytes-bin')],
    [0, ['end'], [Buffer.from([0, 1, 255])]],
  );
  const got = seen.metadata.at(-1)!;
  assert.deepEqual([got.get('x-one'), got.get('x-data-bin')], [['1'], [Buffer.from([0, 255, 10])]]);
});

test('errors come with their code, details and trailers, with and without a head of their own', async () => {
  const { error } = await unary('fail');
  assert.equal(error?.code, status.FAILED_PRECONDITION);
  assert.equal(error.details, 'cannot unary, ünd mehr');
  assert.deepEqual(error.metadata.get('x-trailer'), ['end']);
});

test('hundreds of calls at once', async () => {
  const all = await Promise.all(Array.from({ length: 300 }, (_, i) => unary(`call ${i}`)));
  assert.deepEqual(
    all.map(({ value }) => value),
    all.map((_, i) => `call ${i}`),
  );
});

test('a stream from the server, and one that its client takes slowly', async () => {
  const call = client.download(Buffer.from('3000'));
  let count = 0;
  for await (const message of call) {
    assert.equal((message as Buffer)[0], count & 255);
    if (count++ % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(count, 3000);
});

test("the server's metadata come before its first message", async () => {
  const call = client.download(Buffer.from('-1'));
  call.on('error', () => {});
  const [metadata] = (await within(once(call, 'metadata'), 'metadata')) as [Metadata];
  assert.deepEqual(metadata.get('x-initial'), ['begin']);
  call.cancel();
});

test('a stream from the client', async () => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const call = client.upload((error, value) => resolve(error?.details ?? value?.toString()));
  for (let i = 0; i < 2000; i++) if (!call.write(Buffer.alloc(1000))) await once(call, 'drain');
  call.end();
  assert.equal(await promise, '2000000');
});

test('a server that ends a stream of the client early', async () => {
  const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
  const call = client.upload((error) => resolve(error));
  call.on('error', () => {});
  call.write(Buffer.from('stop'));
  const error = await within(promise, 'the status');
  assert.deepEqual([error?.code, error?.details], [status.FAILED_PRECONDITION, 'cannot go on, ünd mehr']);
});

test('both ways at once, message by message', async () => {
  const call = client.both();
  const ended = once(call, 'status') as Promise<[StatusObject]>;
  for (let i = 0; i < 50; i++) {
    call.write(Buffer.from(`message ${i}`));
    const [answer] = (await within(once(call, 'data'), 'the echo')) as [Buffer];
    assert.equal(answer.toString(), `message ${i}`);
  }
  call.end();
  const [end] = await ended;
  assert.deepEqual([end.code, end.metadata.get('x-trailer')], [0, ['end']]);
});

test('both ways, with more silence than a request body may have', async () => {
  const call = client.both();
  for (const text of ['before', 'after']) {
    call.write(Buffer.from(text));
    const [answer] = (await within(once(call, 'data'), 'the echo')) as [Buffer];
    assert.equal(answer.toString(), text);
    if (text === 'before') await new Promise((resolve) => setTimeout(resolve, 2500));
  }
  const ended = once(call, 'status') as Promise<[StatusObject]>;
  call.end();
  assert.equal((await ended)[0].code, 0);
});

test('a deadline reaches the server, and ends the call at both ends', async () => {
  const before = seen.cancelled;
  const deadline = Date.now() + 300;
  const { error } = await unary('never', { deadline });
  assert.equal(error?.code, status.DEADLINE_EXCEEDED);
  const given = seen.deadlines.at(-1)!;
  assert.ok(Math.abs(Number(given) - deadline) < 200, `${Number(given) - deadline} ms off`);
  await until(() => seen.cancelled > before, 'the server to hear of it');
});

test('a call that its client gives up is given up at the server', async () => {
  const before = seen.cancelled;
  const call = client.both();
  call.on('error', () => {});
  call.write(Buffer.from('first'));
  await once(call, 'data');
  call.cancel();
  await until(() => seen.cancelled > before, 'the server to hear of it');
});

test('nothing is left', async () => {
  await lb.admin.idle();
  const isQuiet = async () => {
    const metrics = [...(await lb.admin.metrics())];
    return !metrics.some(
      ([name, value]) => /^lb_origin_pool_(pending|running)|^lb_worker_active/.test(name) && value > 0,
    );
  };
  await until(isQuiet, 'the pools to be quiet');
});
