import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Cache } from './cache.ts';
import { Bench, bytes, NO_WORDS, text, wholeBody } from './testing.ts';

type Step =
  | { kind: 'put'; n: number; variant: boolean; size: number }
  | { kind: 'fill'; n: number; size: number; known: boolean }
  | { kind: 'remove'; n: number; variant: boolean }
  | { kind: 'purge'; n: number };
const n = fc.nat(40);
const size = fc.nat(3000);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('put' as const), n, variant: fc.boolean(), size }),
    fc.record({ kind: fc.constant('fill' as const), n, size, known: fc.boolean() }),
    fc.record({ kind: fc.constant('remove' as const), n, variant: fc.boolean() }),
    fc.record({ kind: fc.constant('purge' as const), n }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 120 },
);

/** @param model null for what was purged: it is found no more, but may still be there to be removed */
function run(bench: Bench, cache: Cache, model: Map<string, string | null>, step: Step, i: number): void {
  const target = `/${step.n}`;
  const variant = 'variant' in step && step.variant ? 'v=1' : '';
  if (step.kind === 'put') {
    const body = `${i}`.repeat(step.size).slice(0, step.size);
    assert.notEqual(bench.put(cache, target, body, variant), 0);
    model.set(target + variant, body);
  } else if (step.kind === 'fill') {
    const body = `${i}.`.repeat(step.size).slice(0, step.size);
    assert.ok(bench.fill(cache, target, bytes(body), step.known));
    model.set(target, body);
  } else if (step.kind === 'remove') {
    const known = model.get(target + variant);
    const wasThere = cache.remove(bench.key(target, variant));
    if (known !== null) assert.equal(wasThere, known !== undefined);
    model.delete(target + variant);
  } else {
    bench.main.purge.add({ site: 1, host: 'a.example', pattern: target, soft: false });
    for (const purged of [target, `${target}v=1`]) if (model.has(purged)) model.set(purged, null);
  }
}

test('while nothing need be evicted, the cache is a map', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const bench = new Bench();
      const cache = bench.open(1);
      const model = new Map<string, string | null>();
      all.forEach((step, i) => {
        run(bench, cache, model, step, i);
      });
      for (let i = 0; i <= 40; i++) {
        for (const variant of ['', 'v=1']) {
          assert.equal(bench.get(cache, `/${i}`, variant), model.get(`/${i}${variant}`) ?? null);
        }
      }
      bench.main.audit();
    }),
    { numRuns: 60 },
  );
});

test('under eviction a hit is always the newest content', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3000), fc.nat(9000)), { minLength: 500, maxLength: 800 }), (puts) => {
      const bench = new Bench({ memory: 1 << 20 });
      const cache = bench.open(1);
      const newest = new Map<string, string>();
      puts.forEach(([name, length], i) => {
        const body = String.fromCharCode(33 + (i % 90)).repeat(length);
        assert.notEqual(bench.put(cache, `/${name}`, body), 0);
        newest.set(`/${name}`, body);
        const seen = bench.get(cache, `/${puts[i >> 1][0]}`);
        assert.ok(seen === null || seen === newest.get(`/${puts[i >> 1][0]}`));
      });
      bench.main.audit();
    }),
    { numRuns: 15 },
  );
});

test('a full pair of buckets gives up one of its entries', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const cache = bench.open(1);
  for (let i = 0; i < 5000; i++) assert.notEqual(bench.put(cache, `/${i}`, ''), 0);
  bench.main.audit();
  assert.ok(bench.main.stats().objects >= 900);
});

test('head, meta, words and lengths are those given', () => {
  const bench = new Bench();
  const cache = bench.open(2);
  const id = cache.put(bench.key('/x'), bytes('h'.repeat(333)), bytes('m'.repeat(77)), bytes('body'), [
    1,
    -2,
    3,
    2 ** 31 - 1,
  ]);
  assert.equal(cache.lookup(bench.key('/x')), id);
  assert.equal(text(cache.head(id)), 'h'.repeat(333));
  assert.equal(text(cache.meta(id)), 'm'.repeat(77));
  assert.equal(text(wholeBody(cache, id)), 'body');
  assert.deepEqual([cache.bodyLength(id), cache.totalLength(id)], [4, 4]);
  assert.deepEqual(
    [13, 14, 15, 5].map((word) => cache.word(id, word)),
    [1, -2, 3, 2 ** 31 - 1],
  );
  cache.unpin();
  assert.equal(cache.put(bench.key('/e'), new Uint8Array(0), new Uint8Array(0), new Uint8Array(0), NO_WORDS) > 0, true);
  assert.equal(bench.get(cache, '/e'), '');
});
