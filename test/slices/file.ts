import type { Answer, Field, Handler, OriginRequest, Scene } from '../caching/scene.ts';
import type { RequestOptions, Response } from '../support/client.ts';

/** One representation of a large file. */
export interface Version {
  /** Bytes. */
  length: number;
  /** '' for none. */
  etag: string;
  lastModified?: string;
  /** What tells its bytes from those of other versions. */
  seed?: number;
  fields?: readonly Field[];
}

export const FRESH: Field = ['Cache-Control', 'max-age=600'];

const BLOCK = 65536;
const blocks = new Map<number, Buffer>();

/** A block of bytes that tell where in it they stand, and by `mark` which block it is. */
function blockOf(mark: number): Buffer {
  let block = blocks.get(mark);
  if (block === undefined) {
    block = Buffer.allocUnsafe(BLOCK);
    for (let i = 0; i < BLOCK; i++) block[i] = i ^ (i >>> 8) ^ mark;
    blocks.set(mark, block);
  }
  return block;
}

/** Bytes of a version, from `start` to `end`, inclusive. */
export function bytesOf({ seed = 0 }: Version, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(end - start + 1);
  for (let done = 0; done < bytes.length; ) {
    const number = Math.floor((start + done) / BLOCK);
    const offset = start + done - number * BLOCK;
    done += blockOf(((number * 31) ^ (seed * 97)) & 255).copy(bytes, done, offset);
  }
  return bytes;
}

export function wholeOf(version: Version): Buffer {
  return bytesOf(version, 0, version.length - 1);
}

function fieldsOf({ etag, lastModified, fields = [FRESH] }: Version): Field[] {
  const all: Field[] = [...fields, ['Accept-Ranges', 'bytes'], ['Date', new Date().toUTCString()]];
  if (etag !== '') all.push(['ETag', etag]);
  if (lastModified !== undefined) all.push(['Last-Modified', lastModified]);
  return all;
}

/** An origin by the book: conditions, single ranges, If-Range. */
export function answerFor(version: Version, request: OriginRequest, answer: Answer): Promise<void> {
  const fields = fieldsOf(version);
  const { length, etag, lastModified } = version;
  const isSame = etag !== '' && request.get('if-none-match') === etag;
  const isUnmodified = lastModified !== undefined && request.get('if-modified-since') === lastModified;
  if (isSame || (request.get('if-none-match') === undefined && isUnmodified)) return answer.head(304, fields);
  const match = request.get('if-match');
  if (match !== undefined && match !== etag) return answer.send(412, [], '');
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.get('range') ?? '');
  const condition = request.get('if-range');
  const isCurrent = condition === undefined || (etag === '' ? condition === lastModified : condition === etag);
  if (request.method === 'HEAD') return answer.head(200, [...fields, ['Content-Length', String(length)]]);
  if (range === null || !isCurrent) return answer.send(200, fields, wholeOf(version));
  const [, from, to] = range;
  const start = from === '' ? Math.max(0, length - Number(to)) : Number(from);
  const end = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1);
  if (start >= length) return answer.send(416, [['Content-Range', `bytes */${length}`]], '');
  const line: Field = ['Content-Range', `bytes ${start}-${end}/${length}`];
  return answer.send(206, [...fields, line], bytesOf(version, start, end));
}

export function serving(current: () => Version): Handler {
  return (request, answer) => answerFor(current(), request, answer);
}

/** The ranges that the origin was asked for, without `bytes=`; `all` for none. */
export function rangesAsked(scene: Scene, target: string): string[] {
  return scene.asked(target).map((request) => request.get('range')?.slice('bytes='.length) ?? 'all');
}

/** The number of each slice that was asked for, in order; throws for what is no slice. */
export function slicesAsked(scene: Scene, target: string, size: number): number[] {
  return rangesAsked(scene, target)
    .map((range) => {
      const n = Number(range.split('-')[0]) / size;
      if (!Number.isInteger(n)) throw new Error(`asked for ${range}, which is no slice`);
      return n;
    })
    .sort((a, b) => a - b);
}

/** One request, once all is stored that those before it brought: a client has its bytes before the last of them is. */
export async function getSettled(
  scene: Scene,
  target: string,
  fields: readonly Field[] = [],
  options: RequestOptions = {},
): Promise<Response> {
  await scene.lb.admin.idle();
  return scene.get(target, fields, options);
}
