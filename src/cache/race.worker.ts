/**
 * A thread of the purge race: fills what it does not find with the content of the moment, a number that main counts up. Whatever
 * it finds must be as new as the last purge that had returned before it looked.
 */
import { workerData } from 'node:worker_threads';
import { CacheKey, DONE, openCache } from './cache.ts';

const { sab, shared, worker, keys } = workerData as {
  sab: SharedArrayBuffer;
  /** Int32: content now, content at the last purge that returned, stop, look-ups that hit. */
  shared: SharedArrayBuffer;
  worker: number;
  keys: number;
};
const words = new Int32Array(shared);
const cache = openCache(sab, worker);
const prefix = cache.prefix(Buffer.from('race'), 1, 'race.example');
const key = new CacheKey();
const head = Buffer.from('head');
const body = new Int32Array(600);

for (let i = worker; Atomics.load(words, 2) === 0; i++) {
  key.set(prefix, `/${i % keys}`, '');
  const oldest = Atomics.load(words, 1);
  const id = cache.lookup(key);
  if (id !== 0) {
    const run = cache.body(id, 0);
    const content = new Int32Array(run.buffer, run.byteOffset, 1)[0];
    if (content < oldest) throw new Error(`content ${content} was served after the purge of ${oldest}`);
    cache.unpin();
    Atomics.add(words, 3, 1);
    continue;
  }
  const claim = cache.claim(key);
  if (claim.leader) {
    body.fill(Atomics.load(words, 0));
    const bytes = new Uint8Array(body.buffer);
    const length = i % 3 === 0 ? -1 : bytes.length;
    cache.open(claim.id, head, head, length, undefined, [cache.tagHash('race'), cache.tagHash(`tag-${i % keys}`)]);
    cache.append(claim.id, bytes.subarray(0, 900));
    cache.append(claim.id, bytes.subarray(900));
    cache.finish(claim.id, DONE);
  }
  if (claim.id !== 0) cache.drop(claim.handle);
}
