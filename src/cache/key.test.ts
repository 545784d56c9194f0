import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CacheKey } from './cache.ts';
import { Bench, bytes } from './testing.ts';

const bench = new Bench();
const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)), maxLength: 40 });

test('keys are equal exactly when target and variant are', () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(latin1, latin1, (target, variant) => {
      const key = new CacheKey().set(bench.prefix, target, variant);
      const words = key.words.slice(0, key.count).join();
      const name = JSON.stringify([target, variant]);
      const before = seen.get(words);
      assert.ok(before === undefined || before === name);
      seen.set(words, name);
      const again = new CacheKey().set(bench.prefix, target, variant);
      assert.deepEqual([again.lo, again.hi], [key.lo, key.hi]);
    }),
  );
});

test('parts cannot run into one another, nor bytes into the padding', () => {
  const hash = (target: string, variant: string): string => {
    const key = new CacheKey().set(bench.prefix, target, variant);
    return `${key.lo} ${key.hi}`;
  };
  const pairs = [
    ['/ab', 'c'],
    ['/abc', ''],
    ['/a', 'bc'],
    ['/ab\0', 'c'],
    ['/abc\0', ''],
    ['', '/abc'],
  ];
  assert.equal(new Set(pairs.map(([target, variant]) => hash(target, variant))).size, pairs.length);
});

test('site and prefix are part of the hash, and so is the secret', () => {
  const other = new Bench({ secret: bytes('8 other!') });
  const prefixes = [
    bench.main.prefix(bytes('x'), 1, 'h'),
    bench.main.prefix(bytes('x'), 2, 'h'),
    bench.main.prefix(bytes('y'), 1, 'h'),
    bench.main.prefix(bytes('x\0'), 1, 'h'),
    other.main.prefix(bytes('x'), 1, 'h'),
  ];
  assert.equal(new Set(prefixes.map((prefix) => new CacheKey().set(prefix, '/', '').lo)).size, prefixes.length);
});

test('a character over 255 is refused, wherever it stands', () => {
  for (const target of ['/é\u0100', '\u0100/abc', '/abcd\u2028xyz1']) {
    assert.throws(() => new CacheKey().set(bench.prefix, target, ''), RangeError);
    assert.throws(() => new CacheKey().set(bench.prefix, '/', target), RangeError);
  }
  new CacheKey().set(bench.prefix, '/é\xff', '');
});

test('long keys are stored and found', () => {
  const target = `/${'x'.repeat(7000)}`;
  assert.notEqual(bench.put(bench.main, target, 'body'), 0);
  assert.equal(bench.get(bench.main, target), 'body');
  assert.equal(bench.get(bench.main, `${target}y`), null);
});

test('a key that no slot can hold is passed through', () => {
  const target = `/${'x'.repeat(400_000)}`;
  assert.equal(bench.put(bench.main, target, 'body'), 0);
  assert.deepEqual(bench.main.claim(bench.key(target)), { id: 0, handle: -1, leader: false });
  bench.main.audit();
});
