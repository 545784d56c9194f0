/** A thread of the bench of scale: looks objects up for a while, and tells what one look-up took of its processor time. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { CacheKey, openCache } from '../../src/cache/cache.ts';

export interface LookupJob {
  readonly sab: SharedArrayBuffer;
  readonly worker: number;
  /** Number of the first object, and how many there are. */
  readonly from: number;
  readonly objects: number;
  readonly lookups: number;
}

if (parentPort !== null) {
  const { sab, worker, from, objects, lookups } = workerData as LookupJob;
  const cache = openCache(sab, worker);
  const prefix = cache.prefix(Buffer.from('1|http|a.example|GET|'), 1, 'a.example');
  const key = new CacheKey();
  const targets = Array.from({ length: objects }, (_, i) => Buffer.from(`/o/${from + i}`).toString('latin1'));
  const look = (count: number) => {
    for (let i = 0; i < count; i++) {
      cache.lookup(key.set(prefix, targets[i % objects], ''));
      cache.unpin();
    }
  };
  look(200_000);
  parentPort.postMessage(0);
  await once(parentPort, 'message');
  const before = process.threadCpuUsage();
  look(lookups);
  const { user, system } = process.threadCpuUsage(before);
  parentPort.postMessage(((user + system) * 1000) / lookups);
  parentPort.close();
}
