/**
 * uWebSockets.js alone, answering `GET /hit/NAME` with the bytes of a file held in shared memory and with the header
 * fields that a proxy would pass on: the floor under lb's cost of a hit.
 *
 *     node bench/peers/bare-uws.ts PORT FOLDER
 */

import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadUws } from '../../src/transport/load-uws.ts';

/** Above this many bytes a body goes out in pieces as the socket drains, and is never copied into uWS's own buffer. */
const LARGE = 16 * 1024;

const HEAD = Buffer.from(
  [
    'application/octet-stream',
    'Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT',
    'ETag: "695600ff-400"',
    'Cache-Control: public, max-age=86400',
    'Accept-Ranges: bytes',
    'Age: 1',
    'Via: 1.1 bare',
  ].join('\r\n'),
);

/** Answers `GET path` with `body` for as long as the app lives. */
function serve(app: TemplatedApp, path: string, body: Uint8Array): void {
  if (body.length <= LARGE) {
    app.get(path, (res) => {
      res.writeHeader('Content-Type', HEAD).end(body);
    });
  } else {
    app.get(path, (res) => {
      res.onAborted(() => {});
      res.writeHeader('Content-Type', HEAD);
      sendLarge(res, body);
    });
  }
}

function sendLarge(res: HttpResponse, body: Uint8Array): void {
  const start = res.getWriteOffset();
  const [, complete] = res.tryEnd(body, body.length);
  if (complete) return;
  res.onWritable((offset) => res.tryEnd(body.subarray(offset - start), body.length)[0]);
}

function sharedCopy(file: string): Uint8Array {
  const content = readFileSync(file);
  const body = new Uint8Array(new SharedArrayBuffer(content.length));
  body.set(content);
  return body;
}

const [port, folder = '.'] = process.argv.slice(2);
const loaded = loadUws();
if ('unavailable' in loaded) throw new Error(loaded.unavailable);
const app = loaded.uws.App();
for (const name of readdirSync(join(folder, 'hit'))) serve(app, `/hit/${name}`, sharedCopy(join(folder, 'hit', name)));
app.listen('127.0.0.1', Number(port), (socket) => {
  if (!socket) throw new Error(`cannot listen on 127.0.0.1:${port}`);
});
