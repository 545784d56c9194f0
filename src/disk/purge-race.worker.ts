/**
 * A thread of the race of purges: takes what it does not find in memory from the disk, and fills what is nowhere with the content of
 * the moment, a number that main counts up. Whatever it finds must be as new as the last purge that had returned before it looked.
 */
import { workerData } from 'node:worker_threads';
import { CacheKey, DONE, FAILED, NO_BAN, openCache, REFRESHED, STREAMING, WAITING } from '../cache/cache.ts';
import { DiskFault } from './fault.ts';
import { DiskLower } from './lower.ts';
import { DiskReader } from './reader.ts';
import type { DiskRecord } from './record.ts';
import { type DiskMemory, openDisks } from './view.ts';

const { sab, memory, shared, worker, keys } = workerData as {
  sab: SharedArrayBuffer;
  memory: DiskMemory;
  /** Int32: content now, content at the last purge of all, stop, hits in memory, loads from disk; then content at the last purge by key. */
  shared: SharedArrayBuffer;
  worker: number;
  keys: number;
};
const words = new Int32Array(shared);
const cache = openCache(sab, worker);
const views = openDisks([memory]);
const reader = new DiskReader(views, worker);
cache.lower = new DiskLower(views);
const prefix = cache.prefix(Buffer.from('race'), 1, 'race.example');
const key = new CacheKey();
const head = Buffer.from('head');
const content = new Int32Array(3000);

function check(run: Uint8Array, oldest: number, where: string): void {
  const found = new Int32Array(run.slice(0, 4).buffer)[0];
  if (found < oldest) throw new Error(`content ${found} was found ${where} after the purge of ${oldest}`);
}

/** Fills the flight of the key from its record, or puts it beside the flight; whether it is in memory now. */
async function load(record: DiskRecord, id: number, isFlight: boolean): Promise<boolean> {
  if (!record.openNow()) await record.open();
  const { prelude, sequence } = record;
  const tags = prelude.tags;
  if (isFlight) {
    if (cache.verdictSince(id, sequence, tags) !== NO_BAN) return false;
    if (!cache.open(id, prelude.head, prelude.meta, record.length, undefined, tags)) return false;
    if (!cache.append(id, record.body())) return false;
    return cache.finish(id, DONE, undefined, prelude.userWords, record);
  }
  const { head: storedHead, meta, userWords } = prelude;
  const stored = cache.put(key, storedHead, meta, record.body(), userWords, sequence, tags, undefined, record) !== 0;
  cache.finish(id, REFRESHED);
  return stored;
}

async function miss(n: number, i: number): Promise<void> {
  const claim = cache.claim(key);
  if (!claim.leader) {
    if (claim.id !== 0) cache.drop(claim.handle);
    return;
  }
  const record = reader.find(key, cache.purgeFloor());
  try {
    if (record !== undefined && (await load(record, claim.id, i % 2 === 0))) Atomics.add(words, 4, 1);
  } catch (error) {
    if (!(error instanceof DiskFault)) throw error;
  } finally {
    record?.close();
  }
  const state = cache.flightState(claim.id);
  if (state === WAITING) fill(claim.id, n);
  else if (state === STREAMING) cache.finish(claim.id, FAILED);
  cache.drop(claim.handle);
}

function fill(id: number, n: number): void {
  content.fill(Atomics.load(words, 0));
  const bytes = new Uint8Array(content.buffer);
  const tags = [cache.tagHash(`tag-${n % 5}`)];
  const isFilled = cache.open(id, head, head, bytes.length, undefined, tags) && cache.append(id, bytes);
  cache.finish(id, isFilled ? DONE : FAILED);
}

for (let i = worker; Atomics.load(words, 2) === 0; i++) {
  const n = Math.imul(i, 7919) % keys;
  key.set(prefix, `/${n}`, '');
  const oldest = Math.max(Atomics.load(words, 1), Atomics.load(words, 8 + n));
  const id = cache.lookup(key);
  if (id === 0) {
    await miss(n, i);
    continue;
  }
  check(cache.body(id, 0), oldest, 'in memory');
  cache.unpin();
  Atomics.add(words, 3, 1);
  if (i % 16 === 0) cache.remove(key);
  if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
}
reader.close();
