import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { has } from '../regex/byte-set.ts';
import { compileOperator } from './compile.ts';
import { detectScriptInjection, detectSqlInjection } from './injection.ts';
import { type Operator, type OperatorContext, type OperatorEnvironment, OperatorError } from './operator.ts';

const FILES: Readonly<Record<string, string>> = {
  'words.data': '# words\nAlpha\n  two words \n\nbeta\n',
  'networks.data': '10.0.0.0/8 # private\n2001:db8::/32\n',
};

const environment: OperatorEnvironment<OperatorContext> = {
  macro: (text) => (text.includes('%{') ? () => text.replace('%{tx.x}', 'abc') : undefined),
  readFile(path) {
    const text = FILES[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  },
};

function compiled(text: string): Operator {
  const [, not, name, argument] = /^(!?)@(\w+) ?(.*)$/s.exec(text)!;
  return compileOperator({ name: name.toLowerCase(), negated: not === '!', argument: argument }, environment, {
    capture: true,
  });
}

/** What the operator captures of the value, joined by `|`; undefined where it does not match. */
function ask(text: string, value: string): string | undefined {
  const context: OperatorContext = { captures: [], captured: 0 };
  if (!compiled(text).test(value, context)) return undefined;
  return context.captures.slice(0, context.captured).join('|');
}

/** Operator, value, what is captured (undefined: no match); as libmodsecurity 3.0.9 answers. */
const CASES: readonly (readonly [string, string, string | undefined])[] = [
  ['@rx ^b$', 'a\nb\nc', 'b'],
  ['@rx ^b$', 'b\n', 'b'],
  ['@rx ^b$', 'a\nb\n', 'b'],
  ['@rx ^b$', 'b\r', undefined],
  ['@rx a(x)?(b)', 'xab', 'ab||b'],
  ['@rx a.c', 'a\nc', 'a\nc'],
  ['@rx (?i)\\xe9', '\xc9', undefined],
  ['@rx %{tx.x}$', 'xabc', 'abc'],
  ['!@rx a', 'b', ''],
  ['!@rx a', 'a', undefined],
  ['@rxGlobal (b)', 'bab', 'b|b|b|b'],
  ['@pm abc bcd or Bc', 'xabcd', 'abc'],
  ['@pm abc bcd or Bc', 'OR', 'or'],
  ['@pm |41 42|c', 'xABC', 'abc'],
  ['!@pm abc', 'x', ''],
  ['@pmFromFile words.data', 'has TWO words', 'two words'],
  ['@pmFromFile words.data', '# words', undefined],
  ['@contains b', 'abc', ''],
  ['@contains %{tx.x}', 'xabcx', ''],
  ['@strmatch or', 'for', ''],
  ['@containsWord or', 'or', 'or'],
  ['@containsWord or', 'for x or y', 'or'],
  ['@containsWord or', 'x or', 'or'],
  ['@containsWord or', 'x orange', undefined],
  ['@containsWord or', 'for x', undefined],
  ['@containsWord or', '1or2', 'or'],
  ['@beginsWith ab', 'abc', ''],
  ['@endsWith bc', 'abc', ''],
  ['@endsWith b', 'abc', undefined],
  ['@streq abc', 'abc', ''],
  ['@streq abc', 'Abc', undefined],
  ['@within aborc', 'OR', undefined],
  ['@within aborc', 'or', ''],
  ['@within aborc', '', ''],
  ['@eq 5', '5x', ''],
  ['@eq 0', 'x', ''],
  ['@ge 5', '4012888888881881', ''],
  ['@lt 5', '0x10', ''],
  ['@gt 5', '5', undefined],
  ['@le 5', '-5', ''],
  ['@ipMatch 10.0.0.0/8,::1,192.168.1.1', '10.1.2.3', ''],
  ['@ipMatch 10.0.0.0/8,::1,192.168.1.1', '::1', ''],
  ['@ipMatch 10.0.0.0/8,::1,192.168.1.1', '192.168.1.2', undefined],
  ['@ipMatchFromFile networks.data', '2001:db8:1::1', ''],
  ['@detectSQLi', "1' or '1'='1", 's&sos'],
  ['@detectSQLi', "1' or '1'='1'\xc3\xa9", 's&sos'],
  ['@detectSQLi', "1'\xa0or\xa01=1--", 's&1c'],
  ['@detectSQLi', 'plain words', undefined],
  ['@detectXSS', '<script>alert(1)</script>', '<script>alert(1)</script>'],
  ['@detectXSS', 'a < b', undefined],
  ['@validateByteRange 32-126,10', 'a\n', undefined],
  ['@validateByteRange 32-126,10', 'a\r', ''],
  ['@validateUrlEncoding', '%41', undefined],
  ['@validateUrlEncoding', '%4', ''],
  ['@validateUrlEncoding', '%zz', ''],
  ['@validateUtf8Encoding', '\xc3\xa9\xf0\x9f\x98\x80', undefined],
  ['@validateUtf8Encoding', '\xc3', ''],
  ['@validateUtf8Encoding', '\xc0\xaf', ''],
  ['@validateUtf8Encoding', '\xed\xa0\x80', ''],
  ['@validateUtf8Encoding', '\xf5\x80\x80\x80', ''],
  ['@validateUtf8Encoding', '\x80', ''],
  ['@verifyCC \\d{13,16}', 'x 378282246310005 x', '378282246310005'],
  ['@verifyCC \\d{13,16}', '4012888888881882', undefined],
  ['@verifySSN \\d{3}-?\\d{2}-?\\d{4}', '123-45-6788', '123-45-6788'],
  ['@verifySSN \\d{3}-?\\d{2}-?\\d{4}', '123-45-6789', undefined],
  ['@verifyCPF ([0-9]{3}\\.){2}[0-9]{3}-[0-9]{2}', '529.982.247-25', '529.982.247-25'],
  ['@verifyCPF ([0-9]{3}\\.){2}[0-9]{3}-[0-9]{2}', '529.982.247-26', undefined],
  ['@unconditionalMatch', '', ''],
  ['@noMatch', 'a', undefined],
  ['@geoLookup', '192.0.2.1', undefined],
];

for (const [text, value, expected] of CASES) {
  test(`${text} of ${JSON.stringify(value)}`, () => assert.equal(ask(text, value), expected));
}

for (const text of [
  '@rx (',
  '@rx (?R)',
  '@ipMatch 10.0.0.0/33',
  '@ipMatch example',
  '@validateByteRange 1-256',
  '@pm |4|',
  '@pmFromFile missing',
  '@inspectFile x',
]) {
  test(`${text} is an error`, () => assert.throws(() => compiled(text), OperatorError));
}

test('values that match have what the prefilter asks for', () => {
  for (const [text, value, expected] of CASES) {
    if (expected === undefined) continue;
    const { literals, bytes, minLength } = compiled(text).prefilter;
    const lower = value.toLowerCase();
    assert.ok(literals?.some((literal) => lower.includes(literal)) ?? true, `${text}: ${value}`);
    assert.ok(!bytes || Array.from(value).some((char) => has(bytes, char.charCodeAt(0))), `${text}: ${value}`);
    assert.ok(value.length >= minLength, `${text}: ${value}`);
  }
});

test('an injection is found wherever it stands in a long value', () => {
  for (const padding of [0, 900, 1000, 3000, 4080, 4096, 5000, 9000, 70_000]) {
    assert.ok(detectSqlInjection(`1' or '1'='1${' '.repeat(padding)}`), `before ${padding}`);
    assert.ok(detectScriptInjection(`${'a '.repeat(padding)}<script>alert(1)</script>`), `after ${padding}`);
    assert.ok(
      detectScriptInjection(`${'\xe9 '.repeat(padding)}<script>alert(1)</script>`),
      `after ${padding} no UTF-8`,
    );
  }
});

const WORDS =
  'union select or and sleep 1 0 a x e9 0x1f 1e5 null true having admin insert into from like between'.split(' ');

test('values of letters, digits and underscores inject no SQL', () => {
  const word = fc.oneof(fc.constantFrom(...WORDS, '_', '1'), fc.stringMatching(/^\w{1,6}$/));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (parts) => {
      assert.equal(detectSqlInjection(parts.join('')), undefined);
    }),
    { numRuns: 5000 },
  );
});

const MARKUP = [
  ...'"\'`/> \t\n\0;:&#()[]{}-!?%\xe9'.split(''),
  ...'onload src href style javascript: script svg xmlns --> ?xml &lt; doctype data:'.split(' '),
];

test('values without < and = inject no script', () => {
  const piece = fc.oneof(fc.constantFrom(...MARKUP), fc.stringMatching(/^[^<=]{1,4}$/));
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (parts) => {
      const value = Buffer.from(parts.join(''), 'utf8').toString('latin1');
      assert.equal(detectScriptInjection(value), undefined);
    }),
    { numRuns: 5000 },
  );
});
