import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectScriptInjection, detectSqlInjection } from './injection.ts';
import { hasOldMarkup } from './markup.ts';
import { sqlShape } from './sql-shapes.ts';

test('short injections of SQL have the fingerprints that ModSecurity gives them', () => {
  const expected: Record<string, readonly string[]> = {
    's&1': ["x' or 1=2", "EmptyValue' and 526=527", 'a" and 1=1', "x'||1"],
    's&n': ["x' or a=b"],
    's&nos': ["x' or name like '%a%"],
    'n&1': ['a and 1=1'],
    'f(1)': ['sleep(5)', 'Sleep (5)', 'benchmark(1,2)'],
    'sof(1': ["2010-01-01'+sleep(20.to_i)+'"],
    '1of(1': ['1-sleep(1)'],
    'nof(1': ['a=sleep(1)'],
    nB1: ['id having 1=1', 'a order by 1', 'id limit 1'],
    '1c': ['1 -- x', '12/*x*/', '555-1234 -- call'],
    nc: ['abc/*x*/'],
    '1ov': ['1 is not null'],
    sos: ["s' like 'x"],
    X: ['x/*!1*/y'],
  };
  for (const [shape, values] of Object.entries(expected)) {
    for (const value of values) assert.equal(detectSqlInjection(value)?.fingerprint, shape, value);
  }
});

test('what only looks like SQL has no shape', () => {
  const harmless = [
    ...[
      "it's five o'clock",
      "O'Brien",
      'rock and roll',
      '2024-01-01',
      '1+1=2',
      'f(x) = 2',
      'a/b/**/c/*.ts',
      'this is null',
    ],
    ...['(555) 123-4567', 'max', 'a--b', '50% off', 'x and y', "Levi's and Lee's", 'call me at 5 or 6', '#1 choice'],
    ...["foo' and name", 'version()', '1 or a', 'user and 1'],
  ];
  for (const value of harmless) assert.equal(sqlShape(value), undefined, value);
});

test('markup of old browsers', () => {
  const markup = [
    ...['<div style=x>', 'x" style="y', 'foo style=bar', '<a xlink:href=x>', '<a/xmlns:x=y>', '<a filter=x>'],
    ...['<svg', '<xslt a>', '<xml>', '<xss', '<?a`b?>', '<!-- > ` -->', '<%a>`%>', '</1`>'],
  ];
  for (const value of markup) assert.ok(hasOldMarkup(value) && detectScriptInjection(value) !== undefined, value);
  const harmless = [
    ...[
      'lifestyle=x',
      'a/filter=x',
      'style',
      'style=',
      '<xmlx>',
      '<b>`x`</b>',
      '</svg>',
      '<!-- a --> `b`',
      '1 < 2 ` 3',
    ],
    ...['https://shop.example/style=modern', 'my style: good'],
  ];
  for (const value of harmless) assert.ok(!hasOldMarkup(value), value);
});

test('injections anywhere in long values are found', () => {
  for (const length of [3000, 4090, 4096, 4100, 9000, 50_000]) {
    const filler = 'a '.repeat(length / 2);
    for (const attack of ['1 union select a,b from c where d=1 --', "1' or '1'='1"]) {
      assert.ok(detectSqlInjection(`${attack} ${filler}`), `${attack} before ${length}`);
    }
    assert.ok(detectScriptInjection(`${filler}<script>alert(1)</script>${filler}`), `script in ${length}`);
    assert.ok(detectScriptInjection(`é${filler}<script>alert(1)</script>${filler}`), `script in ${length} of UTF-8`);
  }
});

test('blanks and words before a short injection do not hide it', () => {
  for (const length of [100, 2000, 5000, 20_000]) {
    assert.ok(detectSqlInjection(`${'a'.repeat(length)}' or 1=1`), `words ${length}`);
    assert.ok(detectSqlInjection(`a'${' '.repeat(length)}or 1=1`), `blanks ${length}`);
    assert.ok(detectSqlInjection(`a'/*${'x'.repeat(length)}*/or 1=1`), `comment ${length}`);
  }
});

test('long values of nothing but beginnings take no long time', () => {
  const values = ['<?', '<!--', '/style', ' style', '</1`', "'", '"', '/*', '\\', '--', '1+', '( '].map((part) =>
    part.repeat(30_000),
  );
  const from = process.cpuUsage();
  for (const value of values) {
    sqlShape(value);
    hasOldMarkup(value);
  }
  const { user } = process.cpuUsage(from);
  assert.ok(user < 1_000_000, `${user} us`);
});
