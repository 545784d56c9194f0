import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import type { Cleanup } from '../support/cleanup.ts';

/** Bytes of the file that tell where they stand. */
const BLOCK = 64 * 1024;

/** A file of any size that is in no place: each block begins with its number. */
export class GeneratedFile {
  readonly length: number;
  readonly #block = Buffer.alloc(BLOCK, 'a file that is nowhere ');

  constructor(length: number) {
    this.length = length;
  }

  /** The block from `position` on to its end, at most `limit` bytes; good until the next call. */
  #from(position: number, limit: number): Buffer {
    const number = Math.floor(position / BLOCK);
    this.#block.writeDoubleLE(number);
    const offset = position - number * BLOCK;
    return this.#block.subarray(offset, Math.min(BLOCK, offset + limit));
  }

  /** A copy of bytes that begin at `position`, of one block at most. */
  read(position: number, limit: number): Buffer {
    return Buffer.from(this.#from(position, limit));
  }

  /** Throws unless the bytes are those at `position`. */
  check(position: number, bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) {
      const expected = this.#from(position + done, bytes.length - done);
      if (bytes.compare(expected, 0, expected.length, done, done + expected.length) !== 0) {
        throw new Error(`other bytes at ${position + done}`);
      }
      done += expected.length;
    }
  }
}

/** An origin of a generated file. */
export interface GeneratedOrigin {
  address: string;
  /** Requests, and bytes sent. */
  requests: number;
  sent: number;
}

/** Serves a generated file, ranges of it and all, as fast as it is taken. */
export async function serveGenerated(t: Cleanup, file: GeneratedFile): Promise<GeneratedOrigin> {
  const origin: GeneratedOrigin = { address: '', requests: 0, sent: 0 };
  const server = createServer((request, response) => {
    origin.requests++;
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const start = match === null ? 0 : Number(match[1]);
    const end = match === null ? file.length - 1 : Math.min(Number(match[2]), file.length - 1);
    const range = match === null ? {} : { 'Content-Range': `bytes ${start}-${end}/${file.length}` };
    const fields = { ETag: '"generated"', 'Cache-Control': 'max-age=3600', 'Accept-Ranges': 'bytes', ...range };
    response.writeHead(match === null ? 200 : 206, { ...fields, 'Content-Length': end - start + 1 });
    origin.sent += end - start + 1;
    // whoever leaves in the middle ends it
    pipeline(Readable.from(blocks(file, start, end)), response, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  origin.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return origin;
}

function* blocks(file: GeneratedFile, start: number, end: number): Generator<Buffer> {
  for (let at = start; at <= end; ) {
    const bytes = file.read(at, end - at + 1);
    at += bytes.length;
    yield bytes;
  }
}
