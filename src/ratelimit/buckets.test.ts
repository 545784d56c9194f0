import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Buckets, rateTerms } from './buckets.ts';
import { createRateLimits, openRateLimits } from './memory.ts';

function make(): Buckets {
  return new Buckets(openRateLimits(createRateLimits(1, 0)));
}

test('a burst passes at once, then one request for each turn of the rate', () => {
  const buckets = make();
  const terms = rateTerms(10, 5);
  const passes = (now: number) => buckets.take(7, 9, terms, now) === 0;
  for (let i = 0; i < 5; i++) assert.equal(passes(1000), true);
  assert.equal(passes(1000), false);
  assert.equal(buckets.take(7, 9, terms, 1050), 50);
  assert.equal(passes(1099), false);
  assert.equal(passes(1100), true);
  assert.equal(passes(1100), false);
});

test('whatever the times of requests, no more pass than rate x time + burst, and a patient client gets all of it', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 200 }),
      (rate, burst, pauses) => {
        const buckets = make();
        const terms = rateTerms(rate, burst);
        let now = 5000;
        let passed = 0;
        for (const pause of pauses) {
          now += pause;
          if (buckets.take(1, 1, terms, now) === 0) passed++;
        }
        assert.ok(passed <= burst + ((now - 5000) * rate) / 1000 + 1, `${passed}`);
        const wait = buckets.wait(1, 1, terms, now);
        assert.equal(buckets.take(1, 1, terms, now + wait + 2 / terms.perMs), 0);
      },
    ),
    { numRuns: 60 },
  );
});

test('rates from one in twenty minutes to a thousand million a second, and any burst', () => {
  for (const [rate, burst] of [
    [0.001, 1],
    [1 / 3600, 1],
    [1e9, 1],
    [1e9, 1e9],
    [1, 1e9],
    [12_345.678, 3],
  ]) {
    const buckets = make();
    const terms = rateTerms(rate, burst);
    assert.equal(buckets.room(3, 3, terms, 60_000), Math.min(burst, 2 ** 29));
    assert.equal(buckets.take(3, 3, terms, 60_000), 0);
    if (burst === 1 && rate < 1e6) {
      const wait = buckets.take(3, 3, terms, 60_000);
      assert.ok(Math.abs(wait - 1000 / rate) <= 2000 / rate / 64 + 0.01, `${rate}: ${wait}`);
    }
  }
});

test('a bucket that has not been used since time came round is full', () => {
  const buckets = make();
  const terms = rateTerms(1000, 2);
  for (let i = 0; i < 3; i++) buckets.take(5, 5, terms, 0);
  const round = 2 ** 32 / terms.perMs;
  for (const later of [0.3, 0.5, 0.7, 0.9]) assert.equal(buckets.room(5, 5, terms, round * later), 2);
});

test('what is given back can be taken again, and only looking takes nothing', () => {
  const buckets = make();
  const terms = rateTerms(1, 1);
  assert.equal(buckets.take(1, 2, terms, 10), 0);
  assert.equal(buckets.wait(1, 2, terms, 10), 1000);
  assert.equal(buckets.wait(1, 2, terms, 10), 1000);
  buckets.giveBack(1, 2, terms);
  assert.equal(buckets.take(1, 2, terms, 10), 0);
  buckets.giveBack(99, 99, terms);
});

test('where a set is full the bucket that is full again first is forgotten', () => {
  const views = openRateLimits(createRateLimits(1, 0));
  const buckets = new Buckets(views);
  const slow = rateTerms(0.001, 1);
  const fast = rateTerms(10, 1);
  for (const tag of [1, 2, 3]) assert.equal(buckets.take(0, tag, slow, 100), 0);
  assert.equal(buckets.take(0, 4, fast, 100), 0);
  assert.equal(buckets.take(0, 5, slow, 1000), 0);
  // the quick one was idle: nobody has lost anything
  assert.equal(Atomics.load(views.events, 0), 0);
  for (const tag of [1, 2, 3, 5]) assert.notEqual(buckets.take(0, tag, slow, 1000), 0);
  assert.equal(buckets.take(0, 6, slow, 1000), 0);
  assert.equal(Atomics.load(views.events, 0), 1);
});
