import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadUws, MAX_REQUEST_HEAD_BYTES } from './load-uws.ts';

const found = loadUws();
const skip = 'unavailable' in found ? found.unavailable : false;

test('the loaded library serves, without a mark of its own', { skip }, async () => {
  const answer = await serveOnce('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.doesNotMatch(answer, /uwebsockets/i);
});

test('request heads up to the limit pass, longer ones get 431', { skip }, async () => {
  const head = (bytes: number) => `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(bytes)}\r\n\r\n`;
  const long = await serveOnce(head(MAX_REQUEST_HEAD_BYTES - 1024));
  assert.match(long, /^HTTP\/1\.1 200 /);
  const tooLong = await serveOnce(head(MAX_REQUEST_HEAD_BYTES + 1024));
  assert.match(tooLong, /^HTTP\/1\.1 431 /);
});

test('a worker loads it as well', { skip }, async () => {
  const url = new URL('load-uws.ts', import.meta.url).href;
  const program = `const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(url)}).then(({ loadUws }) => parentPort.postMessage(loadUws().how));`;
  const worker = new Worker(program, { eval: true });
  const exited = once(worker, 'exit');
  const [how] = (await once(worker, 'message')) as [string];
  await exited;
  assert.equal(how, 'how' in found && found.how);
});

/** Serves one connection and gives what it sent back. */
async function serveOnce(request: string): Promise<string> {
  assert.ok('uws' in found);
  const { uws } = found;
  const app = uws.App().get('/*', (res) => {
    res.end('ok', true);
  });
  const port = await new Promise<number>((resolve) => {
    app.listen('127.0.0.1', 0, (socket) => {
      assert.ok(socket);
      resolve(uws.us_socket_local_port(socket));
    });
  });
  try {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let answer = '';
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.write(request);
    await once(socket, 'close');
    return answer;
  } finally {
    app.close();
  }
}
