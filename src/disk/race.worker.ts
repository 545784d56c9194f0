/** A thread of the race: reads what the disk has while the main thread replaces it and writes over its segments. */
import { workerData } from 'node:worker_threads';
import { loadDiskAddon } from '../../native-bindings/disk/index.ts';
import { CacheKey, openCache } from '../cache/cache.ts';
import { verifyBody } from '../cache/stress.bodies.ts';
import { DiskFault } from './fault.ts';
import { BLOCK } from './format.ts';
import { DiskReader } from './reader.ts';
import type { DiskRecord } from './record.ts';
import { type DiskMemory, openDisks } from './view.ts';

const { sab, memory, shared, worker, keys } = workerData as {
  sab: SharedArrayBuffer;
  memory: DiskMemory;
  /** Int32: stop, records read whole, faults of what is corrupt, of what is gone; then the newest version of each key. */
  shared: SharedArrayBuffer;
  worker: number;
  keys: number;
};
const words = new Int32Array(shared);
const cache = openCache(sab, worker);
const prefix = cache.prefix(Buffer.from('race'), 1, 'race.example');
const key = new CacheKey();
const loaded = await loadDiskAddon();
const readNow = worker % 2 === 0 && 'addon' in loaded ? loaded.addon.readNow : undefined;
const reader = new DiskReader(openDisks([memory]), worker, { readNow });

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function checkBlock(bytes: Uint8Array, n: number, version: number, from: number): void {
  const bad = verifyBody(bytes, bytes.length, n, version, from);
  check(bad < 0, `wrong byte at ${from + bad} of key ${n}, version ${version}`);
}

/** Reads a record whole; what it says must be one version of the key, at least `oldest`. */
async function readWhole(record: DiskRecord, n: number, oldest: number): Promise<void> {
  if (!record.openNow()) await record.open();
  const [, version, length] = new Int32Array(record.prelude.head.slice().buffer);
  check(version >= oldest, `version ${version} of key ${n} after ${oldest} was there`);
  check(length === record.length, `${record.length} bytes, not ${length}`);
  if (record.isSmall) checkBlock(record.body(), n, version, 0);
  for (let block = 0; block < record.blocks; block++) {
    checkBlock(record.blocksNow(block) ?? (await record.blocksOf(block)), n, version, block * BLOCK);
    if (block % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  Atomics.add(words, 1, 1);
}

for (let i = worker; Atomics.load(words, 0) === 0; i++) {
  const n = Math.imul(i, 7919) % keys;
  const oldest = Atomics.load(words, 4 + n);
  const record = reader.find(key.set(prefix, `/${n}`, ''), 0);
  if (record === undefined) {
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    continue;
  }
  try {
    await readWhole(record, n, oldest);
  } catch (error) {
    if (!(error instanceof DiskFault)) throw error;
    check(error.kind === 'corrupt' || error.kind === 'gone', error.message);
    Atomics.add(words, error.kind === 'corrupt' ? 2 : 3, 1);
  } finally {
    record.close();
  }
}
reader.close();
