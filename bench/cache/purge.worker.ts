/** A thread of purge.bench.ts: stores the objects, and looks them up when it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { CacheKey, openCache } from '../../src/cache/cache.ts';

export interface PurgeBenchJob {
  readonly sab: SharedArrayBuffer;
  readonly objects: number;
  /** Tags of an object. */
  readonly tags: number;
  /** Int32: look-ups go on until it is set. */
  readonly stop: SharedArrayBuffer;
}

/** The n-th tag of object i: of many objects, then of ever fewer. */
export function tagOf(i: number, n: number): string {
  if (n === 0) return `section-${i % 100}`;
  if (n === 1) return `brand-${i % 10_000}`;
  return `item-${n}-${Math.floor(i / 10)}`;
}

if (parentPort !== null) serve();

function serve(): void {
  const { sab, objects, tags, stop } = workerData as PurgeBenchJob;
  const cache = openCache(sab, 1);
  const prefix = cache.prefix(Buffer.from('\x00\x00\x00\x01http\x0fwww.example.com\x03GET'), 1, 'www.example.com');
  const key = new CacheKey();
  // flat strings, as a parser delivers them
  const targets = Array.from({ length: objects }, (_, i) => Buffer.from(`/products/large/${i}`).toString('latin1'));
  const stopped = new Int32Array(stop);
  const order = Int32Array.from({ length: 1 << 20 }, () => Math.floor(Math.random() * objects));

  function fill(): number {
    const [head, meta] = [200, 60].map((size) => new Uint8Array(size));
    for (let i = 0; i < objects; i++) {
      const hashes = Array.from({ length: tags }, (_, n) => cache.tagHash(tagOf(i, n)));
      // of many sizes, since storage comes in classes
      const body = new Uint8Array(100 + ((i * 37) % 900));
      cache.put(key.set(prefix, targets[i], ''), head, meta, body, [1, 2, 3, 4], undefined, hashes);
    }
    return 0;
  }

  /** Nanoseconds of this thread's processor time for one look-up; 1 million of them, or until stopped. */
  function lookUp(untilStopped: boolean): number {
    const before = process.threadCpuUsage();
    let count = 0;
    while (untilStopped ? Atomics.load(stopped, 0) === 0 : count < order.length) {
      for (let i = 0; i < 4096; i++) {
        cache.lookup(key.set(prefix, targets[order[count++ & (order.length - 1)]], ''));
        cache.unpin();
      }
    }
    const { user, system } = process.threadCpuUsage(before);
    return ((user + system) * 1000) / count;
  }

  parentPort?.on('message', (what: 'fill' | 'look' | 'look until stopped') => {
    parentPort?.postMessage(what === 'fill' ? fill() : lookUp(what === 'look until stopped'));
  });
}
