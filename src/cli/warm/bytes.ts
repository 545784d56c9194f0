import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Bytes as they arrive. */
export type Bytes = AsyncIterable<Uint8Array>;

/** A list or a sitemap that cannot be read; the message says why. */
export class SourceError extends Error {
  override name = 'SourceError';
}

/** What begins a gzip file (RFC 1952 section 2.3.1). */
const GZIP = [0x1f, 0x8b];

/** The bytes, unpacked where they are a gzip file. */
export async function* unpacked(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const { head, all } = await peek(bytes, ({ length }) => length >= GZIP.length);
  if (!GZIP.every((byte, i) => head[i] === byte)) {
    yield* all;
    return;
  }
  const gunzip = createGunzip();
  // errors come out of the iteration below
  pipeline(Readable.from(all), gunzip, () => {});
  try {
    yield* gunzip as Bytes;
  } catch (error) {
    throw new SourceError(`it does not unpack: ${(error as Error).message}`);
  }
}

/** The bytes, up to a limit. @throws SourceError beyond it */
export async function* bounded(bytes: Bytes, limit: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > limit) throw new SourceError(`it is larger than ${limit / (1 << 20)} MB, unpacked`);
    yield chunk;
  }
}

/** The first bytes, as soon as they are `enough` or there are no more, and all bytes with them. */
export async function peek(
  bytes: Bytes,
  enough: (head: Uint8Array) => boolean,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  let ended = false;
  while (!ended && !enough(head)) {
    const { value, done } = await iterator.next();
    ended = done === true;
    if (!ended) head = Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      if (!ended) yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}
