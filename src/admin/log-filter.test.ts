import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileFilter, FilterError, type FilteredLine } from './log-filter.ts';

const LINE: FilteredLine = {
  status: 502,
  bytes: 70_000,
  duration_ms: 1234.5,
  cache: 'MISS',
  method: 'GET',
  host: 'shop.example',
  path: '/api/items/7',
  site: 'shop',
  client_ip: '192.0.2.7',
  user_agent: 'curl/8 "x"',
  request_id: undefined,
};

test('what holds of a line', () => {
  const holds = [
    'status>=500 && cache=="MISS"',
    'status == 5xx',
    'status != 4xx && status > 3xx',
    'status < 503',
    'duration > 1s && duration_ms < 1235 && duration_ms >= 1.2s',
    'bytes > 64KB && bytes <= 70000',
    '!(method == "HEAD" || method == "POST")',
    'path =~ \'^/api/\' && host !~ "(?i)^WWW\\."',
    'path =~ "/\\d+$"',
    'user_agent == "curl/8 \\"x\\""',
    'host && !request_id',
    'request_id != "x" && request_id !~ "x"',
    'site == "a" || site == "b" || site == "shop"',
    'status == 200 && status == 1 || cache == "MISS"',
    '  ( ( status == 502 ) )  ',
  ];
  for (const filter of holds) {
    assert.equal(compileFilter(filter)(LINE), true, filter);
    assert.equal(compileFilter(`!(${filter})`)(LINE), false, `not ${filter}`);
  }
});

test('what is wrong is said with its column', () => {
  const cases: [string, number, RegExp][] = [
    ['', 1, /a field is expected/],
    ['statos>=500', 1, /did you mean status/],
    ['status>=', 9, /a value is expected/],
    ['status = 500', 8, /did you mean ==/],
    ['status == "500"', 11, /leave the quotes out/],
    ['status == 500ms', 11, /500 or 5xx/],
    ['duration > 5apples', 12, /250ms/],
    ['cache == MISS', 10, /quotes: "MISS"/],
    ['cache == "MIS"', 10, /HIT, MISS/],
    ['host > "a"', 6, /is text/],
    ['status =~ "5.."', 11, /is a number/],
    ['path =~ "a(b"', 10, /missing closing/],
    ['path == "abc', 9, /closing quote/],
    ['(status == 500', 1, /no \) for/],
    ['status == 500)', 14, /no \( for/],
    ['status == 500 cache == "HIT"', 15, /&& or \|\|/],
    ['status == 500 & cache == "HIT"', 15, /did you mean &&/],
    ['status == 500 &&', 17, /a field is expected/],
    [`${'('.repeat(60)}status${')'.repeat(60)}`, 51, /nested/],
    ['x'.repeat(5000), 4001, /4000/],
    ['constructor == 1', 1, /unknown field/],
  ];
  for (const [filter, column, message] of cases) {
    assert.throws(
      () => compileFilter(filter),
      (error) => error instanceof FilterError && error.column === column && message.test(error.message),
      `${filter}`,
    );
  }
});

/** A filter with what it says of a line, made together. */
interface Made {
  text: string;
  value: boolean;
}

const compared = (name: 'status' | 'bytes' | 'duration_ms', other: number): fc.Arbitrary<Made> =>
  fc.constantFrom('==', '!=', '<', '<=', '>', '>=').map((operator) => {
    const value = Number(LINE[name]);
    const results: Record<string, boolean> = {
      '==': value === other,
      '!=': value !== other,
      '<': value < other,
      '<=': value <= other,
      '>': value > other,
      '>=': value >= other,
    };
    return { text: `${name} ${operator} ${other}`, value: results[operator] };
  });

const made = fc.letrec<{ or: Made; atom: Made }>((tie) => ({
  or: fc.array(fc.array(tie('atom'), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }).map((rows) => ({
    text: rows.map((row) => row.map(({ text }) => text).join(' && ')).join('||'),
    value: rows.some((row) => row.every(({ value }) => value)),
  })),
  atom: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc
      .tuple(fc.constantFrom('status', 'bytes', 'duration_ms'), fc.constantFrom(0, 502, 70_000, 1234.5))
      .chain((pair) => compared(pair[0] as 'status', pair[1])),
    tie('atom').map(({ text, value }) => ({ text: `!${text.includes(' ') ? `(${text})` : text}`, value: !value })),
    tie('or').map(({ text, value }) => ({ text: `(${text})`, value })),
  ),
})).or;

test('precedence and negation are those of JavaScript', () => {
  fc.assert(
    fc.property(made, ({ text, value }) => {
      assert.equal(compileFilter(text)(LINE), value, text);
    }),
    { numRuns: 1_000 },
  );
});

test('whatever is written, there is a predicate or a place', () => {
  const word = fc.constantFrom(
    'status',
    '==',
    '"a"',
    '5xx',
    '(',
    ')',
    '!',
    '&&',
    '||',
    '=~',
    '1.5s',
    ' ',
    "'",
    '\\',
    'é',
  );
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (filter) => {
      try {
        assert.equal(typeof compileFilter(filter)(LINE), 'boolean');
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        assert.ok(error.at >= 0 && error.at <= filter.length && error.length >= 1, filter);
      }
    }),
    { numRuns: 3_000 },
  );
});
