/** Hashing a key, looking it up, and storing an object where another has to go. */
import { CacheKey, createCache, openCache } from '../../src/cache/cache.ts';
import type { Step } from '../hot/measure.ts';

const OBJECTS = 4096;

const latin1 = (text: string) => Buffer.from(text).toString('latin1');
const targets = Array.from({ length: OBJECTS }, (_, i) =>
  latin1(`/assets/images/product/large/${i}.webp`.padEnd(40, 'x')),
);

export function cacheSteps(): Step[] {
  const open = (memory: number) => openCache(createCache({ memory, workers: 1, eviction: 's3fifo' }), 1);
  const cache = open(64 << 20);
  const full = open(4 << 20);
  const prefix = cache.prefix(Buffer.from('\x00\x00\x00\x01http\x0fwww.example.com\x03GET'), 1, 'www.example.com');
  const fullPrefix = full.prefix(Buffer.from('\x00\x00\x00\x01http\x0fwww.example.com\x03GET'), 1, 'www.example.com');
  const key = new CacheKey();
  const [head, meta, body] = [new Uint8Array(200), new Uint8Array(40), new Uint8Array(1000)];
  for (const target of targets) cache.put(key.set(prefix, target, ''), head, meta, body, [1, 2, 3, 4]);
  const looked = new CacheKey();
  let stored = 0;
  const run = (one: (i: number) => number) => (times: number) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += one(i);
    return sum;
  };
  return [
    { name: 'key of 40 characters', run: run((i) => key.set(prefix, targets[i & (OBJECTS - 1)], '').lo & 1) },
    {
      name: 'key and look-up',
      run: run((i) => {
        const id = cache.lookup(looked.set(prefix, targets[i & (OBJECTS - 1)], ''));
        cache.unpin();
        return id;
      }),
    },
    {
      name: 'store 1 KB, evict 1 KB',
      run: run(() => full.put(key.set(fullPrefix, `/pages/${stored++}.html`, ''), head, meta, body, [1, 2, 3, 4])),
    },
  ];
}
