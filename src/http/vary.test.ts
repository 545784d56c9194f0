import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketAcceptEncoding, encodingBucket } from './accept-encoding.ts';
import { headerList } from './headers.ts';
import { normaliseSelecting, parseVary, variantKey } from './vary.ts';

const varies: [string | undefined, boolean, string[]][] = [
  [undefined, false, []],
  ['', false, []],
  ['Foo, bar,FOO', false, ['bar', 'foo']],
  ['*', true, []],
  ['*, *', true, []],
  [', *', true, []],
  ['Foo, *', true, ['foo']],
  ['Foo bar', true, []],
];
for (const [value, star, fields] of varies) {
  test(`Vary: ${value}`, () => assert.deepEqual(parseVary(value), { star, fields }));
}

const buckets: [string | undefined, string][] = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br,gzip,zstd'],
  ['zstd;q=0.5 , BR;Q=1.0', 'br,zstd'],
  ['gzip;q=0, br', 'br'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=x', 'identity'],
  ['deflate', 'identity'],
  ['*', 'br,gzip,zstd'],
  ['*;q=0, gzip', 'gzip,!identity'],
  ['identity;q=0, gzip', 'gzip,!identity'],
  ['*;q=0', '!identity'],
  ['*;q=0, identity', 'identity'],
];
for (const [value, bucket] of buckets) {
  test(`Accept-Encoding: ${value}`, () => {
    assert.equal(encodingBucket(value), bucket);
    assert.equal(encodingBucket(bucketAcceptEncoding(bucket)), bucket);
  });
}

const equal: [string, string, string][] = [
  ['accept-language', 'en, de', 'de, en'],
  ['accept-language', 'en, de', 'eN,   De '],
  ['accept-language', 'de;q=0.50, en', 'en;q=1.0, de ; q=0.5'],
  ['accept', 'text/html,  */*;q=0.8', 'TEXT/HTML,*/*;q=0.8'],
  ['foo', '1, 2', '1,2'],
  ['foo', ' 1, 2 ', '1,2'],
];
for (const [field, a, b] of equal) {
  test(`${field}: "${a}" selects like "${b}"`, () =>
    assert.equal(normaliseSelecting(field, a), normaliseSelecting(field, b)));
}

const different: [string, string | undefined, string | undefined][] = [
  ['accept-language', 'en, de;q=0.5', 'de, en;q=0.5'],
  ['foo', 'A', 'a'],
  ['foo', 'a b', 'ab'],
  ['foo', '"a, b"', '"a,b"'],
  ['foo', '', undefined],
  ['cookie', 'a=x, y', 'a=x,y'],
  ['accept-language', 'en;q=x', 'en;q=0'],
];
for (const [field, a, b] of different) {
  test(`${field}: "${a}" does not select like "${b}"`, () => {
    assert.notEqual(normaliseSelecting(field, a), normaliseSelecting(field, b));
  });
}

test('lines are combined, order of other fields does not matter', () => {
  const one = headerList([
    ['Foo', '1'],
    ['Bar', 'x'],
    ['Foo', '2'],
  ]);
  const two = headerList([
    ['Other', 'y'],
    ['Bar', 'x'],
    ['Foo', '1,2'],
  ]);
  assert.equal(variantKey(['bar', 'foo'], one), variantKey(['bar', 'foo'], two));
  assert.equal(variantKey([], one), '');
});

test('what an origin may take for a selecting field selects too', () => {
  const keyOf = (...fields: [string, string][]) => variantKey(['x-device'], headerList(fields));
  assert.notEqual(keyOf(['X_Device', 'phone']), keyOf());
  assert.notEqual(keyOf(['X.Device', 'phone']), keyOf(['X_Device', 'phone']));
  assert.notEqual(keyOf(['X_Device', 'phone']), keyOf(['X-Device', 'phone']));
  assert.equal(keyOf(['XxDevice', 'phone'], ['X_Device_', 'phone']), keyOf());
});

test('keys are equal only where each normalised field is, and are latin1', () => {
  const value = fc.option(fc.stringMatching(/^[ab=:;,-]{0,4}$/), { nil: undefined });
  const pair = fc.tuple(value, value);
  const fields = ['x', 'y'];
  const keyOf = (values: (string | undefined)[]) =>
    variantKey(
      fields,
      fields.flatMap((name, i) => (values[i] === undefined ? [] : [name, values[i]])),
    );
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      const same = fields.every((name, i) => normaliseSelecting(name, a[i]) === normaliseSelecting(name, b[i]));
      assert.equal(keyOf(a) === keyOf(b), same);
    }),
  );
});
