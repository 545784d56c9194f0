import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKEN, CacheKey, createCache, openCache } from './cache.ts';
import { Random } from './stress.bodies.ts';
import { Bench, bytes, NO_WORDS } from './testing.ts';

const MEMORY = 4 << 20;
const REQUESTS = 60_000;
const NOTHING = new Uint8Array(0);

/** Ranks 0..n-1 with frequencies proportional to 1 / (rank + 1) ** skew. */
function zipf(random: Random, n: number, skew: number): () => number {
  const sums = new Float64Array(n);
  for (let i = 0, sum = 0; i < n; i++) sums[i] = sum += 1 / (i + 1) ** skew;
  return () => {
    const wanted = random.next() * sums[n - 1];
    let low = 0;
    for (let high = n - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Zipf traffic with, now and then, a crawler that asks for everything once. */
function withScans(random: Random): () => number {
  const usual = zipf(random, 10_000, 0.9);
  let asked = 0;
  let fresh = 1_000_000;
  return () => (asked++ % 6000 < 2500 ? fresh++ : usual());
}

const sizeOf = (n: number): number => 200 + ((Math.imul(n, 0x9e3779b1) >>> 0) % 3000);

function hitRatio(eviction: 's3fifo' | 'lru', trace: () => number): number {
  const cache = openCache(createCache({ memory: MEMORY, workers: 1, eviction }), 1);
  const prefix = cache.prefix(bytes('x'), 1, '');
  const key = new CacheKey();
  let hits = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const n = trace();
    if (cache.lookup(key.set(prefix, `/${n}`, '')) !== 0) hits++;
    else cache.put(key, NOTHING, NOTHING, new Uint8Array(sizeOf(n)), NO_WORDS);
  }
  cache.unpin();
  cache.audit();
  return hits / REQUESTS;
}

/** Exact least-recently-used with all of the memory for bodies: better than any real one. */
function idealLru(trace: () => number): number {
  const sizes = new Map<number, number>();
  let used = 0;
  let hits = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const n = trace();
    const size = sizes.get(n) ?? 0;
    if (size > 0) hits++;
    sizes.delete(n);
    sizes.set(n, sizeOf(n));
    used += sizeOf(n) - size;
    for (const [oldest, bytesOfIt] of sizes) {
      if (used <= MEMORY) break;
      sizes.delete(oldest);
      used -= bytesOfIt;
    }
  }
  return hits / REQUESTS;
}

for (const [name, trace] of [
  ['Zipf 0.7', () => zipf(new Random(3), 40_000, 0.7)],
  ['Zipf 1', () => zipf(new Random(4), 40_000, 1)],
  ['scans', () => withScans(new Random(5))],
] as const) {
  test(`S3-FIFO hits more often than least-recently-used: ${name}`, (t) => {
    const [s3fifo, lru, ideal] = [hitRatio('s3fifo', trace()), hitRatio('lru', trace()), idealLru(trace())];
    t.diagnostic(`s3fifo ${s3fifo.toFixed(3)}, lru ${lru.toFixed(3)}, ideal lru ${ideal.toFixed(3)}`);
    assert.ok(s3fifo > lru && s3fifo > ideal);
    assert.ok(lru > ideal * 0.85, 'lru comes near to the ideal one');
  });
}

test('memory is a hard limit, and nearly all of it holds objects', () => {
  for (const memory of [1 << 20, 5_000_000, 64 << 20]) {
    const bench = new Bench({ memory });
    assert.ok(bench.sab.byteLength <= memory);
    const body = new Uint8Array(6000);
    for (let i = 0; i < (memory / 6000) * 2; i++) bench.put(bench.main, `/${i}`, body);
    const { stored, objects } = bench.main.stats();
    assert.ok(stored > memory * 0.78, `${stored} of ${memory} in use`);
    assert.ok(objects * 6000 > memory * 0.7, `${objects} objects in ${memory}`);
  }
});

test('when sizes change altogether, pages change hands', () => {
  const bench = new Bench({ memory: 8 << 20, maxObject: 4 << 20 });
  const cache = bench.main;
  for (const size of [100, 50_000, 700, 3 << 20, 9000, 0, 1 << 20, 300]) {
    const count = Math.max(8, Math.min(20_000, (16 << 20) / (size + 400)));
    for (let i = 0; i < count; i++) {
      assert.notEqual(bench.put(cache, `/${size}/${i}`, new Uint8Array(size)), 0, `object ${i} of ${size} bytes`);
    }
    cache.audit();
    const { objects } = cache.stats();
    const expected = Math.min(count, 6000, (8 << 20) / (size + 200)) * 0.5;
    assert.ok(objects >= expected, `${objects} objects at ${size} bytes, ${expected} expected`);
  }
});

test('a pinned object is not evicted, whatever comes', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const cache = bench.open(1);
  bench.put(cache, '/pinned', 'pinned');
  const handle = cache.hold(cache.lookup(bench.key('/pinned')));
  cache.unpin();
  for (let i = 0; i < 3000; i++) bench.put(cache, `/${i}`, new Uint8Array(2000));
  assert.equal(bench.get(cache, '/pinned'), 'pinned');
  cache.drop(handle);
  cache.audit();
});

test('an object of 64 MB has room in 256 MB, whatever was there', () => {
  const bench = new Bench({ memory: 256 << 20 });
  const cache = bench.main;
  assert.ok(cache.stats().maxObject >= 64 << 20);
  for (let i = 0; i < 30_000; i++) bench.put(cache, `/${i}`, new Uint8Array(9000));
  const body = new Uint8Array(64 << 20).fill(7);
  assert.ok(bench.fill(cache, '/big', body));
  const id = cache.lookup(bench.key('/big'));
  assert.equal(cache.bodyLength(id), body.length);
  cache.unpin();
  cache.audit();
});

test('a few large entries that are all in use do not keep others from making room', () => {
  const cache = openCache(createCache({ memory: 16 << 20, workers: 1, maxObject: 2 << 20, eviction: 's3fifo' }), 1);
  const prefix = cache.prefix(bytes('x'), 1, '');
  const key = new CacheKey();
  const body = new Uint8Array(2_000_000);
  const put = (n: number) => cache.put(key.set(prefix, `/${n}`, ''), NOTHING, NOTHING, body, NO_WORDS);
  for (let n = 0; n < 12; n++) {
    put(n);
    cache.lookup(key); // used again, so that it comes to the main queue
  }
  const held: number[] = [];
  for (let n = 100; n < 140; n++) {
    assert.notEqual(put(n), 0, `entry ${n}`);
    held.push(cache.hold(cache.lookup(key)));
    cache.unpin();
    if (held.length > 2) cache.drop(held.shift() ?? -1);
  }
  for (const handle of held) cache.drop(handle);
  cache.audit();
});

test('what can find no room, since the rest is in use, pushes nobody out', () => {
  const bench = new Bench({ memory: 16 << 20, maxObject: 8 << 20 });
  const cache = bench.open(1);
  const held: number[] = [];
  for (let n = 0; n < 5; n++) {
    assert.notEqual(bench.put(cache, `/held/${n}`, new Uint8Array(2 << 20)), 0);
    const handles = [1, 2].map(() => cache.hold(cache.lookup(bench.key(`/held/${n}`))));
    held.push(...handles);
  }
  cache.unpin();
  for (let n = 0; n < 1000; n++) assert.notEqual(bench.put(cache, `/small/${n}`, new Uint8Array(2000)), 0);
  const before = cache.stats();
  assert.ok(before.freePages * before.pageBytes < 4 << 20);
  for (let n = 0; n < 3; n++) {
    assert.equal(bench.put(cache, '/large', new Uint8Array(6 << 20)), 0);
    assert.equal(bench.fill(cache, '/large', new Uint8Array(6 << 20)), false);
  }
  assert.ok(cache.stats().evictions - before.evictions < 100, `${cache.stats().evictions} evictions`);
  // of unknown length: what it pushes out before it ends is not all
  assert.equal(bench.fill(cache, '/large', new Uint8Array(6 << 20), false), false);
  cache.audit();
  const { id, handle } = cache.claim(bench.key('/growing'));
  assert.ok(cache.open(id, NOTHING, NOTHING, -1));
  while (cache.append(id, new Uint8Array(16 << 10)));
  assert.ok(cache.stats().objects > 100, `${cache.stats().objects} entries are left`);
  cache.finish(id, BROKEN);
  cache.drop(handle);
  for (const pin of held) cache.drop(pin);
  assert.notEqual(bench.put(cache, '/large', new Uint8Array(6 << 20)), 0);
  cache.audit();
});
