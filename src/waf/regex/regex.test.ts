import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { countLoops, mutated, pumped, sample, seeded } from '../../../bench/waf/regex-inputs.ts';
import { patternsOf } from '../../../bench/waf/regex-patterns.ts';
import { Automaton } from './automaton.ts';
import { has } from './byte-set.ts';
import { parsePattern } from './parse.ts';
import { PatternError } from './pattern.ts';
import { programOf } from './program.ts';
import { Regex } from './regex.ts';

/** Pattern, value, the match and its groups joined by `|` (undefined: no match); as PCRE with s and m answers. */
const CASES: readonly (readonly [string, string, string | undefined])[] = [
  ['a.b', 'a\nb', 'a\nb'],
  ['(?-s)a.b', 'a\nb', undefined],
  ['^b', 'a\nb', 'b'],
  ['a$', 'a\nb', 'a'],
  ['a$', 'a\r\nb', undefined],
  ['^$', 'a\n', undefined],
  ['\\Ab', 'a\nb', undefined],
  ['a\\Z', 'a\n', 'a'],
  ['a\\z', 'a\n', undefined],
  ['(?i)aB', 'Ab', 'Ab'],
  ['a(?i)b', 'aB', 'aB'],
  ['a(?i:b)c', 'aBC', undefined],
  ['(?i)\xe9', '\xc9', undefined],
  ['(?i)[^\xe9]', '\xc9', '\xc9'],
  ['(?x) a b # c\n [ ]', 'ab ', 'ab '],
  ['a(?#b)c', 'ac', 'ac'],
  ['\\Qa.b\\E+', 'a.bb', 'a.bb'],
  ['\\s', '\xa0', undefined],
  ['\\s', '\v', '\v'],
  ['\\h\\H\\v\\V\\N', '\xa0a\x85a\r', '\xa0a\x85a\r'],
  ['a\\Rb', 'a\r\nb', 'a\r\nb'],
  ['[[:alpha:][:^digit:]]', '\xff', '\xff'],
  ['[]a]+', ']a', ']a'],
  ['[^]a]', ']ab', 'b'],
  ['[a\\-z]+', 'a-b', 'a-'],
  ['[\\w-]+', 'a-b', 'a-b'],
  ['\\x41\\x{42}\\103\\cA\\e\\a\\0', 'ABC\x01\x1b\x07\0', 'ABC\x01\x1b\x07\0'],
  ['x{,3}', 'x{,3}', 'x{,3}'],
  ['x{2,3}?', 'xxx', 'xx'],
  ['a++b', 'aab', 'aab'],
  ['a++ab', 'aab', undefined],
  ['(?>a|ab)c', 'abc', undefined],
  ['(?:a|ab)c', 'abc', 'abc'],
  ['(a)(?<n>b)\\k<n>\\1', 'abba', 'abba|a|b'],
  ['(?P<n>a)\\g{-1}', 'aa', 'aa|a'],
  ['(?|(a)|(b))c', 'bc', 'bc|b'],
  ['(?|(a)|(b))(c)', 'bc', 'bc|b|c'],
  ['(?<!a)b(?=c)(?!d)', 'abbc', 'b'],
  ['(?i)(a)\\1', 'aA', 'aA|a'],
  ['\\bab\\b', 'x ab.', 'ab'],
  ['\\Bb', 'ab', 'b'],
  ['a{0}b', 'b', 'b'],
];

/** The match and its groups, also where the value is too long for V8 to be given it. */
function ask(source: string, value: string): string | undefined {
  const captures: (string | undefined)[] = [];
  const count = new Regex(source).match(value, captures);
  return count === 0 ? undefined : captures.slice(0, count).join('|');
}

for (const [source, value, expected] of CASES) {
  test(`${source} on ${JSON.stringify(value)}`, () => {
    assert.equal(ask(source, value), expected);
    assert.equal(new Regex(source).test(value), expected !== undefined);
    const program = programOf(parsePattern(source).root)!;
    const found = new Automaton(program).search(value) >= 0;
    if (program.exact || expected !== undefined) assert.equal(found, expected !== undefined, 'by the automaton');
  });
}

for (const source of [
  '(',
  ')',
  'a**b(',
  '[a',
  '*',
  '\\',
  '(?R)',
  '(?1)',
  '(?(1)a)',
  '(*ANY)',
  '\\G',
  '\\K',
  '\\p{L}',
  '\\2',
  'a{3,2}',
  '[b-a]',
  '[[:x:]]',
  '\\x{100}',
  '('.repeat(300),
]) {
  test(`${source.slice(0, 20)} is an error`, () => assert.throws(() => new Regex(source), PatternError));
}

test('judges in which patterns time grows with which power', () => {
  for (const [source, degree] of [
    ['select\\s+from', 1],
    ['^[^a]*b', 1],
    ['a[^b]*b', 2],
    ['\\s*\\s*x', 3],
    ['(?:a+)+b', Infinity],
    ['(?:a|a)*b', Infinity],
    ['(?:a?|b?)*c', Infinity],
    ['(?:\\w+\\s?)*;', Infinity],
    ['(?:a|b)*c', 2],
    ['^(?:[a-z]+,)*;', 1],
  ] as const) {
    assert.equal(new Regex(source).degree, degree, source);
  }
});

test('takes little time where V8 alone would take years', () => {
  for (const source of ['(?:a+)+b', '(?:a|a)*b', '^(?:\\w+\\s?)*$', '(?:a*)*b', '(?i)(?:x+x+)+y', '(.*a){12}b']) {
    const regex = new Regex(source);
    for (const value of [`${'a'.repeat(5000)}!`, `${'x'.repeat(5000)}!`, `${'a a '.repeat(2000)}\0!`]) {
      const start = process.cpuUsage();
      const found = regex.test(value);
      assert.ok(process.cpuUsage(start).user < 1_000_000, source);
      assert.equal(found, source.startsWith('^') && /^(?:\w|\s)*$/.test(value), source);
    }
  }
});

test('a pattern that begins with ^ takes little time also where a value has many lines', () => {
  const start = process.cpuUsage();
  assert.equal(new Regex('^[^a]*b').test('\n'.repeat(100_000)), false);
  assert.ok(process.cpuUsage(start).user < 1_000_000);
});

test('finds in long values what it finds in short ones', () => {
  const padding = 'x y '.repeat(2000);
  assert.equal(ask('(?:a+)+b', `${padding}aab`)?.endsWith('aab'), true);
  assert.equal(ask('(\\w)=\\s*(\\d)\\s*;', `${padding}k= 1 ;${padding}`), 'k= 1 ;|k|1');
  assert.equal(ask('\\b(\\w+)=\\1\\b', `${padding}user=user`), 'user=user|user');
  assert.equal(ask('\\b(\\w+)=\\1\\b', `${padding}user=other`), undefined);
  assert.equal(new Regex('^(?:a|b|ab)+$').test(`${'ab'.repeat(3000)}\n`), true);
});

/** Sources of small patterns. */
const source = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '.', '\\s', '\\w', '[^a]', '\\b', '^', '$', '(?i)A', '\\n', ' ', '[a-c\\n]', '\\W'),
    fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
    fc.array(tie('pattern'), { minLength: 2, maxLength: 3 }).map((parts) => `(?:${parts.join('|')})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?', '+?'))
      .map(([body, times]) => `(?:${body})${times}`),
  ),
})).pattern;

test('the automaton and V8 agree, and what matches has what is required', () => {
  const bytes = fc.constantFrom(...'aAbc \n.1\xe9'.split(''));
  fc.assert(
    fc.property(source, fc.array(bytes, { maxLength: 10 }), (text, chars) => {
      const value = chars.join('');
      const regex = new Regex(text);
      const captures: (string | undefined)[] = [];
      const program = programOf(parsePattern(text).root)!;
      const found = new Automaton(program).search(value) >= 0;
      assert.equal(regex.match(value, captures) > 0, found);
      if (!found) return;
      const { literals, bytes: set, minLength } = regex.requirements;
      const lower = value.toLowerCase();
      assert.ok(!literals || literals.some((literal) => lower.includes(literal)));
      assert.ok(!set || chars.some((char) => has(set, char.charCodeAt(0))));
      assert.ok(value.length >= minLength);
    }),
    { numRuns: 1500 },
  );
});

const RULES = '/usr/share/modsecurity-crs/rules';

test('the patterns of the Core Rule Set', { skip: !existsSync(RULES) && `no ${RULES}` }, () => {
  const patterns = patternsOf(globSync(`${RULES}/*.conf`).map((path) => readFileSync(path, 'latin1')));
  assert.ok(patterns.length > 200);
  const random = seeded(3);
  for (const { id, source: text } of patterns) {
    if (text.includes('%{')) continue;
    const regex = new Regex(text);
    const { root } = parsePattern(text);
    const automaton = new Automaton(programOf(root)!);
    for (let i = 0; i < 4; i++) {
      const made = sample(root, random);
      const value = i % 2 === 0 ? made : mutated(made, random);
      const found = automaton.search(value) >= 0;
      if (!found) assert.equal(regex.test(value), false, `${id}: ${JSON.stringify(value)}`);
      if (!regex.test(value)) continue;
      const { literals, bytes } = regex.requirements;
      const lower = value.toLowerCase();
      assert.ok(!literals || literals.some((literal) => lower.includes(literal)), `${id}: ${JSON.stringify(value)}`);
      assert.ok(!bytes || Array.from(value).some((char) => has(bytes, char.charCodeAt(0))), `${id}`);
    }
    if (regex.degree <= 2) continue;
    const attack = `${pumped(root, random, random(countLoops(root)), 3000)}!\0`;
    const start = process.cpuUsage();
    regex.test(attack);
    assert.ok(process.cpuUsage(start).user < 500_000, `${id}: ${attack.length} bytes`);
  }
});

test('where an automaton cannot tell, long values are looked at to their end', () => {
  const same = new Regex('([0-9a-z]+)\\s*=\\s*\\1\\b.*!');
  for (const length of [5_000, 60_000]) {
    const text = 'ab = cd, '.repeat(length / 9);
    assert.equal(same.test(`${text} 77=77!`), true, `after ${length}`);
    assert.equal(same.test(`77${' '.repeat(length)}=77!`), true, `blanks ${length}`);
  }
  assert.equal(same.test('ab = cd! '.repeat(700)), false);
});
