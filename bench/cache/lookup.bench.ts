/** Nanoseconds per lookup hit, by step. Prints numbers, asserts nothing: node bench/cache/lookup.bench.ts */
import { CacheKey, createCache, openCache } from '../../src/cache/cache.ts';

const OBJECTS = 20_000;
const ROUNDS = 3_000_000;
const cache = openCache(createCache({ memory: 256 << 20, workers: 2, eviction: 's3fifo' }), 1);
const prefix = cache.prefix(Buffer.from('\x00\x00\x00\x01http\x0fwww.example.com\x03GET'), 1, 'www.example.com');
const key = new CacheKey();
/** Flat strings, as a parser delivers them. */
const targets = Array.from({ length: OBJECTS }, (_, i) =>
  Buffer.from(`/assets/images/product/large/${i}.webp`.padEnd(40, 'x')).toString('latin1'),
);
const head = new Uint8Array(200);
const meta = new Uint8Array(40);
const body = new Uint8Array(1000);
for (const target of targets) cache.put(key.set(prefix, target, ''), head, meta, body, [1, 2, 3, 4]);

let sink = 0;

function measure(name: string, step: (i: number) => number): void {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < ROUNDS; i++) sink += step(i);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / ROUNDS);
  }
  console.log(`${name.padEnd(48)} ${best.toFixed(1).padStart(7)} ns`);
}

/** Popular keys more often, so that the processor's caches see what traffic does. */
const order = Int32Array.from({ length: 65536 }, () => Math.floor(OBJECTS ** Math.random()) % OBJECTS);

measure('hash a 40-character target', (i) => key.set(prefix, targets[order[i & 65535]], '').lo & 1);
key.set(prefix, targets[1], '');
measure('look up one prepared key, unpin', () => {
  const id = cache.lookup(key);
  cache.unpin();
  return id;
});
measure('hash, look up and unpin, one key', () => {
  const id = cache.lookup(key.set(prefix, targets[1], ''));
  cache.unpin();
  return id;
});
measure('hash, look up and unpin, Zipf over 20,000 keys', (i) => {
  const id = cache.lookup(key.set(prefix, targets[order[i & 65535]], ''));
  cache.unpin();
  return id;
});
measure('hash, look up and unpin, 20,000 keys in turn', (i) => {
  const id = cache.lookup(key.set(prefix, targets[i % OBJECTS], ''));
  cache.unpin();
  return id;
});
measure('hash, look up, hold, unpin, drop, Zipf', (i) => {
  const id = cache.lookup(key.set(prefix, targets[order[i & 65535]], ''));
  const handle = cache.hold(id);
  cache.unpin();
  cache.drop(handle);
  return id;
});
measure('miss: hash and look up', (i) => cache.lookup(key.set(prefix, targets[i % OBJECTS], 'v')));
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < ROUNDS; i++) {
  const id = cache.lookup(key.set(prefix, targets[order[i & 65535]], ''));
  cache.drop(cache.hold(id));
  cache.unpin();
}
console.log(`heap growth per hit: ${((process.memoryUsage().heapUsed - before) / ROUNDS).toFixed(3)} bytes`, sink & 1);
