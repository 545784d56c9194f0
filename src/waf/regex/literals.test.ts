import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiteralMatcher } from './literals.ts';

/** The literals that occur, by searching for each. */
function expected(literals: readonly string[], value: string, caseless: boolean): number[] {
  const fold = (text: string): string => (caseless ? text.replace(/[A-Z]/g, (c) => c.toLowerCase()) : text);
  return [...literals.keys()].filter((n) => fold(value).includes(fold(literals[n])));
}

function scanned(matcher: LiteralMatcher, value: string): number[] {
  const found = new Set<number>();
  matcher.scan(value, (literal) => found.add(literal));
  return [...found].sort((a, b) => a - b);
}

function bitsOf(matcher: LiteralMatcher, value: string): number[] {
  const bits = new Uint32Array(Math.ceil(matcher.count / 32));
  const any = matcher.scanInto(value, bits);
  const found = Array.from({ length: matcher.count }, (_, n) => n).filter((n) => (bits[n >> 5] >>> (n & 31)) & 1);
  assert.equal(any, found.length > 0);
  return found;
}

const text = fc
  .array(fc.constantFrom(...'abAB<\xe9\xc9\0'.split('')), { minLength: 1, maxLength: 5 })
  .map((chars) => chars.join(''));

test('finds what searching for each literal finds', () => {
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 12 }),
      fc.array(text, { maxLength: 6 }).map((parts) => parts.join('')),
      fc.boolean(),
      (literals, value, caseless) => {
        const matcher = new LiteralMatcher(literals, { caseless });
        const all = expected(literals, value, caseless);
        assert.deepEqual(scanned(matcher, value), all);
        assert.deepEqual(bitsOf(matcher, value), all);
        const first = matcher.first(value);
        assert.equal(first >= 0, all.length > 0);
        assert.ok(first < 0 || all.includes(first));
      },
    ),
    { numRuns: 2000 },
  );
});

test('more literals of one byte than there are bits for', () => {
  const literals = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const matcher = new LiteralMatcher(literals, { caseless: false });
  for (let byte = 0; byte < 256; byte++) {
    assert.deepEqual(scanned(matcher, literals[byte]), [byte]);
    assert.deepEqual(bitsOf(matcher, literals[byte]), [byte]);
    assert.equal(matcher.first(literals[byte]), byte);
  }
});

test('no literals, and an empty one', () => {
  assert.deepEqual(scanned(new LiteralMatcher([], { caseless: true }), 'a'), []);
  assert.throws(() => new LiteralMatcher([''], { caseless: true }), RangeError);
});

test('with bytes taken for one another nothing that occurs is missed', () => {
  const anything = fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }).map((list) => String.fromCharCode(...list));
  fc.assert(
    fc.property(fc.array(anything, { minLength: 1, maxLength: 60 }), anything, anything, (literals, before, after) => {
      const matcher = new LiteralMatcher(literals, { caseless: true, approximate: true });
      const value = before + literals[0] + after;
      const found = new Set(scanned(matcher, value));
      for (const literal of expected(literals, value, true)) assert.ok(found.has(literal));
    }),
    { numRuns: 300 },
  );
});
