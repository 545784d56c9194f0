import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LinearRegExp, PatternError } from './linear-regexp.ts';

const unit = fc.constantFrom('a', 'b', 'c', '-', '/', '0', '7', ' ', '_', 'é', '\n');
const atom: fc.Arbitrary<string> = fc.letrec<{ atom: string; all: string }>((tie) => ({
  atom: fc.oneof(
    { weight: 4, arbitrary: unit },
    fc.constantFrom('.', '\\d', '\\W', '\\s', '\\.', '[a-c]', '[^a7]', '[\\d_-]', '[^]', '\\x61', '(?:)'),
    { weight: 2, arbitrary: tie('all').map((inner) => `(${inner})`) },
    tie('all').map((inner) => `(?:${inner})`),
  ),
  all: fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: tie('atom') },
        fc
          .tuple(tie('atom'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?'))
          .map((parts) => parts.join('')),
        fc.constantFrom('^', '$', '\\b', '\\B', '|'),
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
})).all;

test('matches what JavaScript matches', () => {
  const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
  fc.assert(
    fc.property(atom, fc.array(text, { minLength: 1, maxLength: 8 }), (pattern, texts) => {
      const [mine, theirs] = [new LinearRegExp(pattern), new RegExp(pattern)];
      for (const one of texts) assert.equal(mine.test(one), theirs.test(one), `${pattern} on ${JSON.stringify(one)}`);
    }),
    { numRuns: 2_000 },
  );
});

test('the case of letters can be left out of account', () => {
  const found = ['(?i)^/Images/', '(?i)[x-z]{2}$'].map((pattern) => new LinearRegExp(pattern));
  assert.ok(found[0].test('/IMAGES/a') && found[1].test('Zy') && !found[1].test('Zw'));
});

test('patterns that keep others busy for years take no time', () => {
  const started = performance.now();
  const text = 'a'.repeat(4_000);
  for (const pattern of ['(a+)+$b', '(a|aa)+$b', '(.*)*x', '^(a?){100}a{100}b']) {
    assert.equal(new LinearRegExp(pattern).test(text), false);
  }
  assert.ok(performance.now() - started < 3_000);
});

test('what cannot be used is refused with its place', () => {
  const cases: [string, number, RegExp][] = [
    ['a(b', 1, /no \)/],
    ['ab)', 2, /no \(/],
    ['[ab', 0, /no \]/],
    ['a**', 2, /nothing to repeat/],
    ['*', 0, /nothing to repeat/],
    ['(a)\\1', 3, /\\1/],
    ['(?=a)', 0, /\(\?:/],
    ['(?<=a)b', 0, /\(\?:/],
    ['a{300}', 1, /200/],
    ['a{3,2}', 1, /order/],
    ['[b-a]', 1, /order/],
    ['a\\', 1, /nothing after/],
    ['((a{100}){100}){100}', 0, /too large/],
    [`${'('.repeat(60)}${')'.repeat(60)}`, 50, /nested/],
  ];
  for (const [pattern, at, message] of cases) {
    assert.throws(
      () => new LinearRegExp(pattern),
      (error) => error instanceof PatternError && error.at === at && message.test(error.message),
      pattern,
    );
  }
});

test('whatever the pattern, there is an answer or a refusal', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), (pattern, text) => {
      try {
        new LinearRegExp(pattern).test(text);
      } catch (error) {
        assert.ok(error instanceof PatternError && error.at <= pattern.length);
      }
    }),
    { numRuns: 2_000 },
  );
});
