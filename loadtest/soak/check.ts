import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import type { Answer } from './ask.ts';
import { type Content, contentOf, type Kind, piece, slotOf, versionOf } from './objects.ts';

/** An answer that is not what it must be. `isWrong` tells wrong content from an answer that is missing or cut short. */
export class Fault extends Error {
  readonly isWrong: boolean;

  constructor(message: string, isWrong: boolean) {
    super(message);
    this.isWrong = isWrong;
  }
}

/** Versions of all objects: the newest that the origin has, and the oldest that may still be served. */
export interface Versions {
  newest: Int32Array;
  floors: Int32Array;
}

/** What a client asked for. */
export interface Wanted {
  kind: Kind;
  number: number;
  language?: string;
  /** The oldest version that was allowed when it asked. */
  floor: number;
}

/** Reads an answer whole and compares every byte. Gives the bytes of its content. @throws Fault */
export async function checkBody(answer: Answer, wanted: Wanted, versions: Versions): Promise<number> {
  const { kind, number, language } = wanted;
  const version = versionOf(answer.headers.etag);
  if (version === undefined) throw new Fault(`no ETag of ours: ${answer.headers.etag}`, true);
  if (version < wanted.floor) throw new Fault(`version ${version} after a purge of all before ${wanted.floor}`, true);
  if (version > Atomics.load(versions.newest, slotOf(kind, number)))
    throw new Fault(`version ${version} never was`, true);
  const content = contentOf(kind, number, version, language);
  const { first, end } = extent(answer, content);
  let at = first;
  for await (const chunk of decoded(answer) as AsyncIterable<Buffer>) {
    if (at + chunk.length > end) throw new Fault(`more than the ${end - first} bytes that there are`, true);
    compare(content, at, chunk);
    at += chunk.length;
  }
  if (at !== end) throw new Fault(`${at - first} of ${end - first} bytes and a regular end`, true);
  return at - first;
}

/** The part of the content that an answer says it is. */
function extent({ status, headers }: Answer, { size }: Content): { first: number; end: number } {
  if (status === 200) return { first: 0, end: size };
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '');
  if (found === null) throw new Fault(`status ${status} with Content-Range ${headers['content-range']}`, true);
  const [first, last, complete] = found.slice(1).map(Number);
  if (complete !== size) throw new Fault(`complete length ${complete} where it is ${size}`, true);
  return { first, end: last + 1 };
}

function compare(content: Content, from: number, chunk: Buffer): void {
  for (let done = 0; done < chunk.length; ) {
    const expected = piece(content, from + done, chunk.length - done);
    if (expected.compare(chunk, done, done + expected.length) !== 0) {
      throw new Fault(`other bytes between ${from + done} and ${from + done + expected.length}`, true);
    }
    done += expected.length;
  }
}

/** The body without its content coding. */
function decoded({ headers, body }: Answer): Readable {
  const coding = headers['content-encoding'];
  if (coding === undefined) return body;
  const decoder =
    coding === 'br'
      ? createBrotliDecompress()
      : coding === 'gzip'
        ? createGunzip()
        : coding === 'zstd'
          ? createZstdDecompress()
          : undefined;
  if (decoder === undefined) throw new Fault(`coding ${coding}`, true);
  return pipeline(body, decoder, () => {});
}
