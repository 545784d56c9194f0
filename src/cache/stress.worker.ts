/** A thread of the stress test: random operations, every body verified. Told by workerData; reports counts on its port. */
import { parentPort, workerData } from 'node:worker_threads';
import { CacheKey, DONE, FAILED, openCache, RELEASED, STREAMING, USER_AUX, WAITING } from './cache.ts';
import { fillBody, Random, sizeOf, verifyBody } from './stress.bodies.ts';

interface Job {
  sab: SharedArrayBuffer;
  worker: number;
  seed: number;
  keys: number;
  rounds: number;
  /** Exit in the middle of things, with this chance per operation. */
  deadly: number;
  /** Int32: operations on the cache so far, in all workers. */
  progress: SharedArrayBuffer;
}

const job = workerData as Job;
const cache = openCache(job.sab, job.worker);
const random = new Random(job.seed);
const progress = new Int32Array(job.progress);
const prefix = cache.prefix(Buffer.from('stress|example.org'), 1, 'example.org');
const key = new CacheKey();
const scratch = new Uint8Array(1 << 20);
let operations = 0;
/** Joined flights and held entries, looked at again later. */
const held: { id: number; handle: number; n: number; version: number; generation: number }[] = [];

function setKey(n: number): void {
  key.set(prefix, `/object/${n}`, '');
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(`worker ${job.worker}: ${message}`);
}

/** The head says whose bytes these are: key number and version. */
function versionIn(id: number, n: number): number {
  const head = cache.head(id);
  check(head.length === 12, `head of ${head.length} bytes for key ${n}`);
  const view = new DataView(head.buffer, head.byteOffset, 12);
  check(view.getInt32(0) === n, `head of key ${view.getInt32(0)}, not ${n}`);
  const version = view.getInt32(4);
  const meta = cache.meta(id);
  check(meta.length === n % 50, `meta of ${meta.length} bytes for key ${n}`);
  for (let i = 0; i < meta.length; i++) check(meta[i] === (version & 255), 'meta is of that version');
  return version;
}

function verify(id: number, n: number, version: number, length: number): void {
  for (let at = 0; at < length; ) {
    const run = cache.body(id, at);
    check(run.length > 0, `no bytes at ${at} of ${length}`);
    const end = Math.min(run.length, length - at);
    const bad = verifyBody(run, end, n, version, at);
    check(bad < 0, `wrong byte at ${at + bad} of key ${n}`);
    at += end;
  }
}

function headOf(n: number, version: number): Uint8Array {
  const head = new Uint8Array(12);
  new DataView(head.buffer).setInt32(0, n);
  new DataView(head.buffer).setInt32(4, version);
  return head;
}

function fill(id: number, n: number): void {
  operations += 2;
  const version = random.below(1 << 30);
  const size = sizeOf(n, version);
  const known = random.below(2) === 0;
  const roll = random.below(20);
  const end = roll === 0 ? size >> 1 : size;
  const meta = new Uint8Array(n % 50).fill(version);
  const tags = Array.from({ length: n % 6 }, (_, i) => cache.tagHash(`tag-${(n + i) % 100}`));
  if (roll === 1 || !cache.open(id, headOf(n, version), meta, known ? size : -1, undefined, tags)) {
    cache.finish(id, roll === 1 ? RELEASED : FAILED, undefined, [0, 0, 0, 7]);
    return;
  }
  for (let at = 0; at < end; ) {
    const chunk = Math.min(end - at, 1 + random.below(65536));
    fillBody(scratch, chunk, n, version, at);
    if (random.chance(job.deadly)) process.exit(0);
    operations++;
    if (!cache.append(id, scratch.subarray(0, chunk))) {
      cache.finish(id, FAILED);
      return;
    }
    at += chunk;
  }
  if (end < size && !known) cache.finish(id, FAILED);
  else cache.finish(id, DONE, random.below(8) === 0 ? new CacheKey().set(prefix, `/object/${n}`, 'v') : undefined);
}

function hit(id: number, n: number): void {
  operations += 2;
  const version = versionIn(id, n);
  const length = cache.bodyLength(id);
  check(length === sizeOf(n, version), `body of ${length} bytes, not ${sizeOf(n, version)}`);
  verify(id, n, version, length);
  if (random.below(8) === 0) {
    const handle = cache.hold(id);
    if (handle >= 0) held.push({ id, handle, n, version, generation: cache.generation(id) });
  }
  cache.unpin();
}

function miss(n: number): void {
  operations++;
  if (random.below(4) === 0) {
    const version = random.below(1 << 30);
    const size = sizeOf(n, version);
    fillBody(scratch, size, n, version, 0);
    cache.put(key, headOf(n, version), new Uint8Array(n % 50).fill(version), scratch.subarray(0, size), [0, 0, 0, 0]);
    return;
  }
  const claim = cache.claim(key);
  if (claim.id === 0) return;
  if (claim.leader) {
    if (random.chance(job.deadly)) process.exit(0);
    fill(claim.id, n);
    cache.drop(claim.handle);
  } else held.push({ id: claim.id, handle: claim.handle, n, version: -1, generation: cache.generation(claim.id) });
}

/** Looks again at something held: same bytes, or a flight that has gone on. */
function review(): void {
  operations++;
  const at = random.below(held.length);
  const { id, handle, n, version, generation } = held[at];
  check(cache.generation(id) === generation, `pinned entry ${id} was reused`);
  const state = cache.flightState(id);
  if (state === FAILED && version < 0) check([0, 7].includes(cache.word(id, USER_AUX)), 'the reason of a failure');
  if (state === STREAMING || state === DONE) {
    const now = versionIn(id, n);
    check(version < 0 || version === now, 'a pinned entry changed');
    const length = cache.bodyLength(id);
    check(state === STREAMING || length === sizeOf(n, now), `a finished body of ${length} bytes`);
    verify(id, n, now, length);
  }
  if (state !== WAITING || random.below(4) === 0) {
    cache.drop(handle);
    held[at] = held[held.length - 1];
    held.pop();
  }
}

for (let i = 0; i < job.rounds; i++) {
  const n = random.zipf(job.keys);
  setKey(n);
  const roll = random.below(256);
  if (roll === 0) cache.remove(key);
  else {
    const id = cache.lookup(key);
    if (id !== 0) hit(id, n);
    else if (roll < 160) miss(n);
  }
  if (held.length > 0 && (held.length > 200 || random.below(4) === 0)) review();
  if (random.chance(job.deadly)) process.exit(0);
  operations++;
  if (i % 64 === 0) {
    Atomics.add(progress, 0, operations);
    operations = 0;
  }
}
while (held.length > 0) cache.drop(held.pop()?.handle ?? -1);
cache.unpin();
parentPort?.postMessage('done');
