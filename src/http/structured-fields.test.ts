import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isSfToken,
  type SfBareItem,
  SfDate,
  SfDecimal,
  SfDisplayString,
  type SfItem,
  SfToken,
  serializeBareItem,
  serializeMember,
} from './structured-fields.ts';
import { parseSfDictionary, parseSfItem, parseSfList } from './structured-fields-parse.ts';

const items: [string, SfBareItem][] = [
  ['42', 42],
  ['-999999999999999', -999999999999999],
  ['4.5', new SfDecimal(4.5)],
  ['"a \\"b\\\\"', 'a "b\\'],
  ['foo123/456:x', new SfToken('foo123/456:x')],
  [':aGk=:', new Uint8Array([0x68, 0x69])],
  ['?1', true],
  ['?0', false],
  ['@1659578233', new SfDate(1659578233)],
  ['%"caf%c3%a9"', new SfDisplayString('caf\u00e9')],
];
for (const [text, value] of items) {
  test(`item ${text}`, () => {
    assert.deepEqual(parseSfItem(text), { value, parameters: new Map() });
    assert.equal(serializeBareItem(value), text);
  });
}

const faults = [
  '',
  ' ',
  '1000000000000000',
  '1.',
  '1.1234',
  '1234567890123.1',
  '--1',
  '"a',
  '"\\x"',
  '"\u00e9"',
  ':a b:',
  '?2',
  '@1.5',
  '%"%C3"',
  '%"%ff"',
  'a b',
  '1;',
  '1;A',
  '=',
  '1\t',
];
for (const text of faults) test(`no item: ${text}`, () => assert.equal(parseSfItem(text), undefined));

test('lists, inner lists and parameters', () => {
  const list = parseSfList('a;x=1 ,\t("b" c;y);z, 1.0');
  assert.deepEqual(list?.map(serializeMember), ['a;x=1', '("b" c;y);z', '1.0']);
  assert.deepEqual(parseSfList(''), []);
  for (const bad of ['a,', ',a', 'a;;', '(a', '(a"b")', 'a b']) assert.equal(parseSfList(bad), undefined, bad);
});

test('dictionaries keep the last of equal keys', () => {
  const dictionary = parseSfDictionary('a=1, b;x, a=(2 3), c=?0');
  assert.deepEqual(
    [...(dictionary ?? [])].map(([key, member]) => [key, serializeMember(member)]),
    [
      ['b', '?1;x'],
      ['a', '(2 3)'],
      ['c', '?0'],
    ],
  );
  for (const bad of ['A=1', 'a=', 'a=1,', 'a =1', 'a= 1']) assert.equal(parseSfDictionary(bad), undefined, bad);
});

test('strings hold ASCII only, tokens and integers are checked', () => {
  assert.equal(serializeBareItem('a\nb\u00e9'), '"a?b?"');
  assert.throws(() => serializeBareItem(1.5), RangeError);
  assert.throws(() => serializeBareItem(1e15), RangeError);
  assert.throws(() => serializeBareItem(new SfDecimal(1e12)), RangeError);
  assert.throws(() => serializeBareItem(new SfToken('1a')), RangeError);
  assert.deepEqual(['a/b:c', '*', '1a', '', 'a b'].map(isSfToken), [true, true, false, false, false]);
});

test('what is serialised parses back', () => {
  const bare: fc.Arbitrary<SfBareItem> = fc.oneof(
    fc.integer({ min: -999999999999999, max: 999999999999999 }).map((value) => value || 0),
    fc.stringMatching(/^[ -~]*$/),
    fc.boolean(),
    fc.uint8Array(),
    fc.stringMatching(/^[A-Za-z*][a-z0-9:/!]*$/).map((text) => new SfToken(text)),
    fc.integer({ min: -1e9, max: 1e9 }).map((value) => new SfDecimal(value / 1000 || 0)),
    fc.nat().map((seconds) => new SfDate(seconds)),
    fc.string({ unit: 'grapheme' }).map((text) => new SfDisplayString(text)),
  );
  const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,5}$/);
  const parameters = fc.array(fc.tuple(key, bare)).map((pairs) => new Map(pairs));
  const item = fc.record({ value: bare, parameters }, { noNullPrototype: true });
  fc.assert(fc.property(item, (value: SfItem) => assert.deepEqual(parseSfItem(serializeMember(value)), value)));
});

test('any text parses or does not, without an exception', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a1"(),;=?:@%\\ .-\t'.split('')) }), (text) => {
      parseSfDictionary(text);
      parseSfList(text);
    }),
  );
});
