import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arena, createCache, UNIT } from './layout.ts';
import { OWNER_BYTES, Slab } from './slab.ts';
import { planFor } from './storage.ts';
import { bytes } from './testing.ts';

const slabs = [1, 16, 64].map((mb) => {
  const a = new Arena(createCache({ memory: mb << 20, workers: 1, eviction: 's3fifo' }), 1);
  return { slab: new Slab(a), pageBytes: a.pageBytes };
});

test('a layout holds all of the bytes and wastes little', () => {
  const length = fc.oneof(fc.nat(2000), fc.nat(300_000), fc.nat(20_000_000));
  fc.assert(
    fc.property(
      fc.constantFrom(...slabs),
      fc.integer({ min: 64, max: 2500 }),
      length,
      ({ slab, pageBytes }, fixed, body) => {
        const plan = planFor(slab, pageBytes, fixed, body);
        assert.ok(plan !== null);
        const { classes } = slab;
        assert.ok(fixed + plan.inline <= classes.room(plan.slot));
        const tailRoom = plan.tail < 0 ? 0 : classes.room(plan.tail);
        assert.ok(plan.inline + plan.pages * pageBytes + tailRoom >= body);
        if (plan.tail >= 0) assert.ok(body - plan.inline - plan.pages * pageBytes > 0);
        assert.ok(plan.units * UNIT <= (fixed + body) * 1.25 + 700, `${plan.units * UNIT} for ${fixed + body}`);
      },
    ),
    { numRuns: 3000 },
  );
});

test('what has no room in a slot has no layout', () => {
  const { slab, pageBytes } = slabs[0];
  assert.equal(planFor(slab, pageBytes, pageBytes + 1, 10), null);
  assert.equal(planFor(slab, pageBytes, pageBytes + 1, -1), null);
  assert.equal(planFor(slab, pageBytes, pageBytes - OWNER_BYTES, 0)?.slot, 0);
});

test('impossible options are refused', () => {
  const good = { memory: 1 << 20, workers: 1, eviction: 's3fifo' as const };
  for (const bad of [{ workers: 0 }, { workers: 63 }, { memory: 1000 }, { memory: 2 ** 40 }, { memory: Number.NaN }]) {
    assert.throws(() => createCache({ ...good, ...bad }), RangeError);
  }
  assert.throws(() => createCache({ ...good, secret: bytes('short') }), RangeError);
  assert.throws(() => new Arena(new SharedArrayBuffer(4096), 0), TypeError);
  assert.throws(() => new Arena(createCache(good), 2), RangeError);
  createCache({ ...good, workers: 62 });
});
