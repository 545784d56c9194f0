import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { PatternIndex } from './patterns.ts';

function naive(patterns: readonly string[], text: string): number | undefined {
  const found = patterns.findIndex((source) => new RegExp(source).test(text));
  return found < 0 ? undefined : found;
}

test('the index finds what trying all patterns in their order finds', () => {
  const pieces = [
    'bot',
    'Goog',
    'crawl',
    'a',
    'xy',
    'Spider',
    'b?',
    'l*',
    'n+',
    '[Gg]oog',
    '\\/',
    '\\.',
    '.',
    '^',
    '$',
    'o{2}',
    '\\d',
    '(ab|cd)',
  ];
  const pattern = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const isPattern = (source: string) => {
    try {
      return new RegExp(source) instanceof RegExp;
    } catch {
      return false;
    }
  };
  const text = fc.array(
    fc.constantFrom('bot', 'bo', 'Google', 'goog', 'crawler', 'a', 'xy', 'Spider', '/', '.', '1', 'ab', ' ', 'oo'),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.array(pattern.filter(isPattern), { maxLength: 12 }), text, (patterns, parts) => {
      const index = new PatternIndex(patterns.map((source, i) => [source, i]));
      assert.equal(index.find(parts.join('')), naive(patterns, parts.join('')));
    }),
    { numRuns: 500 },
  );
});

test('and with the patterns of the list', () => {
  const list = createRequire(import.meta.url)('crawler-user-agents') as { pattern: string; instances?: string[] }[];
  const sources = list.map(({ pattern }) => pattern);
  const index = new PatternIndex(sources.map((source, i) => [source, i]));
  const compiled = sources.map((source) => new RegExp(source));
  const texts = list.flatMap(({ instances = [] }) => instances.slice(0, 1)).filter((_, i) => i % 5 === 0);
  for (const text of texts)
    assert.equal(
      index.find(text),
      compiled.findIndex((pattern) => pattern.test(text)),
      text,
    );
});
