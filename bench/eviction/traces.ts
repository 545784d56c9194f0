/** Sequences of requests, the same each time, and the sizes of the objects. */
import { Random } from '../random.ts';
import { Sequence } from '../zipf/mix.ts';

export interface Trace {
  readonly name: string;
  /** Numbers of objects, in the order of the requests. */
  readonly requests: Uint32Array;
  /** Body bytes of each object. */
  readonly sizes: Uint32Array;
}

/** Body bytes where all objects are of one size. */
const BODY = 2000;

function fill(count: number, next: (at: number) => number): Uint32Array<ArrayBuffer> {
  const requests = new Uint32Array(count);
  for (let at = 0; at < count; at++) requests[at] = next(at);
  return requests;
}

function zipf(objects: number, count: number, exponent: number): Uint32Array<ArrayBuffer> {
  const sequence = new Sequence(objects, exponent, 1);
  return fill(count, () => sequence.next());
}

/** Ever new objects, every second of which is asked for once more within the next 200 requests. */
function scan(objects: number, count: number): Uint32Array<ArrayBuffer> {
  const random = new Random(7);
  const due = new Map<number, number>();
  let fresh = 0;
  return fill(count, (at) => {
    const again = due.get(at);
    if (again !== undefined) return again;
    const id = fresh++ % objects;
    if ((id & 1) === 0) due.set(at + 1 + (random.next() % 200), id);
    return id;
  });
}

/** Zipf over half of the objects; every fifth request belongs to a run of 2,000 through the others. */
function zipfWithScans(objects: number, count: number): Uint32Array<ArrayBuffer> {
  const half = objects >> 1;
  const sequence = new Sequence(half, 0.9, 2);
  let at = 0;
  return fill(count, (i) => (i % 10_000 < 2000 ? half + (at++ % half) : sequence.next()));
}

/** Zipf whose favourites are others after every tenth of the requests: ranks move by a twentieth of the objects. */
function shifting(objects: number, count: number): Uint32Array<ArrayBuffer> {
  const sequence = new Sequence(objects, 0.9, 3);
  return fill(count, (i) => (sequence.next() + Math.floor((i * 10) / count) * Math.floor(objects / 20)) % objects);
}

/** 256 bytes to 64 KB, each power of two as likely as the others. */
function mixedSizes(objects: number): Uint32Array<ArrayBuffer> {
  const random = new Random(11);
  return fill(objects, () => Math.floor(256 * 2 ** ((random.next() / 2 ** 32) * 8)));
}

export function traces(objects: number, count: number): Trace[] {
  const even = new Uint32Array(objects).fill(BODY);
  const trace = (name: string, requests: Uint32Array, sizes = even): Trace => ({ name, requests, sizes });
  return [
    trace('Zipf 0.7', zipf(objects, count, 0.7)),
    trace('Zipf 0.9', zipf(objects, count, 0.9)),
    trace('Zipf 1.1', zipf(objects, count, 1.1)),
    trace('scan', scan(objects, count)),
    trace(
      'loop',
      fill(count, (i) => i % objects),
    ),
    trace('Zipf 0.9 + scans', zipfWithScans(objects, count)),
    trace('Zipf 0.9, mixed sizes', zipf(objects, count, 0.9), mixedSizes(objects)),
    trace('Zipf 0.9, shifting', shifting(objects, count)),
  ];
}

/** Bytes of all objects that the trace asks for. */
export function footprint({ requests, sizes }: Trace): number {
  let bytes = 0;
  for (const id of new Set(requests)) bytes += sizes[id];
  return bytes;
}
