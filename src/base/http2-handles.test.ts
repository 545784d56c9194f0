// A peer that breaks a head must not end the process; each case runs in a process of its own, which it would end.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const PROGRAM = `
import { connect, createServer } from 'node:http2';
import { connect as connectSocket, createServer as createSocketServer } from 'node:net';
import { once } from 'node:events';
import { keepHandleOnError } from ${JSON.stringify(join(import.meta.dirname, 'http2-handles.ts'))};

const frame = (type, flags, stream, payload = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const text = (value) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const block = (fields) => Buffer.concat(Object.entries(fields).flatMap(([n, v]) => [Buffer.from([0]), text(n), text(v)]));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** A head that does not end, in more frames than nghttp2 takes. */
const flood = (fields) =>
  Buffer.concat([frame(1, 1, 1, block(fields)), ...Array.from({ length: 20 }, (_, i) => frame(9, 0, 1, block({ ['x-' + i]: 'value' })))]);
const settings = frame(4, 0, 0);
const ignore = () => {};

const broken = {
  async origin() {
    const server = createSocketServer((socket) => {
      socket.on('error', ignore).write(settings);
      socket.once('data', () => setTimeout(() => socket.write(flood({ ':status': '200', 'x-a': 'value' })), 5));
    });
    await once(server.listen(0), 'listening');
    const one = async () => {
      const session = connect('http://localhost:' + server.address().port);
      session.on('error', ignore).on('connect', () => keepHandleOnError(session));
      session.request({ ':path': '/' }).on('error', ignore).resume();
      await new Promise((resolve) => session.once('close', resolve));
    };
    return { one, close: () => server.close() };
  },
  async client() {
    const server = createServer();
    server.on('sessionError', ignore).on('stream', (stream) => stream.on('error', ignore).resume());
    server.on('session', (session) => keepHandleOnError(session.on('error', ignore)));
    await once(server.listen(0), 'listening');
    const one = async () => {
      const socket = connectSocket(server.address().port);
      const closed = new Promise((resolve) => socket.on('error', ignore).resume().once('close', resolve));
      const head = { ':method': 'POST', ':path': '/', ':scheme': 'http', ':authority': 'a' };
      socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n'), settings, frame(1, 4, 1, block(head))]));
      await wait(20);
      socket.write(flood({ 'x-trailer': 'value' }));
      await closed;
    };
    return { one, close: () => server.close() };
  },
};

const { one, close } = await broken[process.argv[1]]();
for (let round = 0; round < 6; round++) {
  await Promise.all(Array.from({ length: 50 }, one));
  gc();
  await wait(1);
  gc();
}
// what was kept is let go of
await wait(1100);
for (let round = 0; round < 4; round++) {
  gc();
  await wait(20);
}
close();
console.log('alive');
process.exit(0);
`;

for (const peer of ['origin', 'client']) {
  test(`heads that an ${peer} breaks off, many times, and collections`.replace('an client', 'a client'), () => {
    const args = ['--expose-gc', '--input-type=module', '-e', PROGRAM, '--', peer];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
    assert.deepEqual([stdout, status], ['alive\n', 0], stderr);
  });
}
