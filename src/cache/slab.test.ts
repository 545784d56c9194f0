import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arena, createCache, H_FREE_PAGES, UNIT } from './layout.ts';
import { Classes, OWNER_BYTES, Slab } from './slab.ts';

test('size classes: aligned, falling, the next one at most a fifth larger save for the few largest and smallest', () => {
  for (const pageBytes of [16384, 32768, 65536, 131072, 262144]) {
    const { units, slots, count } = new Classes(pageBytes);
    assert.equal(units[0] * UNIT, pageBytes);
    assert.equal(units[count - 1] * UNIT, 128);
    for (let c = 0; c < count; c++) {
      assert.ok(units[c] * slots[c] * UNIT <= pageBytes);
      if (c === 0) continue;
      assert.ok(units[c] < units[c - 1]);
      if (slots[c] > 6 && units[c] > 8) assert.ok(units[c - 1] <= Math.ceil(units[c] * 1.2) + 1);
    }
  }
});

test('fit gives the smallest class that holds the bytes', () => {
  const classes = new Classes(65536);
  for (let bytes = 1; bytes <= 65536; bytes += 61) {
    const c = classes.fit(bytes);
    assert.ok(classes.units[c] * UNIT >= bytes);
    assert.ok(c === classes.count - 1 || classes.units[c + 1] * UNIT < bytes);
  }
  assert.equal(classes.fit(65537), -1);
});

type Step = { kind: 'slot'; bytes: number } | { kind: 'page' } | { kind: 'free'; pick: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('slot' as const), bytes: fc.integer({ min: 1, max: 16384 - OWNER_BYTES }) }),
  fc.record({ kind: fc.constant('slot' as const), bytes: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ kind: fc.constant('page' as const) }),
  fc.record({ kind: fc.constant('free' as const), pick: fc.nat() }),
);

test('whatever is allocated overlaps nothing, and all of it comes back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const a = new Arena(createCache({ memory: 1 << 20, workers: 1, eviction: 's3fifo' }), 1);
      const slab = new Slab(a);
      const taken: { address: number; units: number; page: number }[] = [];
      const free = (pick: number): void => {
        const at = pick % taken.length;
        const { address, page } = taken[at];
        if (page >= 0) slab.givePage(page);
        else slab.free(address);
        taken[at] = taken[taken.length - 1];
        taken.pop();
      };
      let id = 0;
      for (const now of steps) {
        if (now.kind === 'free') {
          if (taken.length > 0) free(now.pick);
        } else if (now.kind === 'page') {
          const page = slab.takePage(-1);
          assert.equal(page < 0, a.words[H_FREE_PAGES] === 0 && page < 0);
          if (page >= 0) {
            slab.makeBody(page, 1);
            taken.push({ address: slab.addressOf(page), units: a.pageUnits, page });
          }
        } else {
          const c = slab.classes.fit(now.bytes + OWNER_BYTES);
          const address = slab.allocate(c, ++id);
          if (address === 0) assert.equal(a.words[H_FREE_PAGES], 0);
          else {
            assert.equal(a.words[slab.ownerWord(address, c)], id);
            taken.push({ address, units: slab.classes.units[c], page: -1 });
          }
        }
      }
      const sorted = taken.toSorted((x, y) => x.address - y.address);
      for (let i = 1; i < sorted.length; i++) {
        assert.ok(sorted[i - 1].address + sorted[i - 1].units <= sorted[i].address);
      }
      const last = sorted.at(-1);
      if (last !== undefined) assert.ok((last.address + last.units) * UNIT <= a.bytes.length);
      while (taken.length > 0) free(0);
      assert.equal(a.words[H_FREE_PAGES], a.pages);
    }),
    { numRuns: 60 },
  );
});

test('freeRun finds room for contiguous bodies', () => {
  const a = new Arena(createCache({ memory: 1 << 20, workers: 1, eviction: 's3fifo' }), 1);
  const slab = new Slab(a);
  const pages = Array.from({ length: 20 }, () => slab.takePage(-1));
  for (const page of pages.slice(3, 9)) slab.givePage(page);
  assert.equal(slab.freeRun(6), pages[3]);
  assert.equal(slab.freeRun(7), pages[19] + 1);
  assert.equal(slab.freeRun(a.pages), -1);
  assert.equal(slab.takePage(pages[3]), pages[3]);
});
