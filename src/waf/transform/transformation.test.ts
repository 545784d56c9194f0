import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { transformation } from './transformation.ts';

/** Name, value, what it becomes; the values are binary strings. */
const CASES: readonly (readonly [string, string, string])[] = [
  ['base64Decode', 'VGVzdA==', 'Test'],
  ['base64Decode', 'VGVzdA', 'Tes'],
  ['base64Decode', 'VGVz\ndA==', 'Test'],
  ['base64Decode', 'VGVz!A==', ''],
  ['base64Decode', 'VGVz\0dA==', 'Tes'],
  ['base64Decode', 'VGVzdA===', ''],
  ['base64DecodeExt', 'P.HNjcmlwd,D5hbGVy', '<script>aler'],
  ['base64DecodeExt', '-_-_', '\xfb\xff\xbf'],
  ['base64DecodeExt', 'b=', ''],
  ['base64Encode', 'Te\xff', 'VGX/'],
  ['cmdLine', 'C^OMMAND /C "DIR"', 'command/c dir'],
  ['cmdLine', 'a,;\t b  (c', 'a b(c'],
  ['compressWhitespace', ' a\t\n b\v', ' a b '],
  [
    'cssDecode',
    'test\\a\\b\\f\\n\\r\\t\\v\\?\\\'\\"\\0\\12\\123\\1234\\12345\\123456\\ff01\\ff5e\\\n\\0  string',
    'test\n\x0b\x0fnrtv?\'"\0\x12#4EV!~\0 string',
  ],
  ['cssDecode', '\\1ff21\\', '!'],
  ['escapeSeqDecode', '\\a\\n\\x41\\X4g\\101\\400\\8\\', '\x07\nAX4gA\x008\\'],
  ['hexDecode', '5465737', 'Tes'],
  ['hexEncode', 'Te\xff', '5465ff'],
  ['htmlEntityDecode', '&lt;&LT&#60;&#x3C&amp;&nbsp;&foo;&#&#x&', '<<<<&\xa0&foo;&#&#x&'],
  ['htmlEntityDecode', '&#316;&#x13c;&#99999999999999999999;&#x7fffffffffffffff;', '<<\xff\xff'],
  ['jsDecode', "\\u0041\\uFF21\\x41\\101\\477\\a\\'\\8\\", "AAAA'7\x07'8\\"],
  ['length', '\xff\0a', '3'],
  ['lowercase', 'A\xc0Z', 'a\xc0z'],
  ['md5', '', '\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e'],
  ['normalisePath', '/a/./b/../../../c//d', '/c/d'],
  ['normalisePath', '../../a/..', '../..'],
  ['normalisePath', 'a/b/../', 'a/'],
  ['normalisePathWin', '\\a\\..\\b\\.\\c', '/b/c'],
  ['parityEven7bit', 'a\x03', '\xe1\x03'],
  ['parityOdd7bit', 'a\x03', 'a\x83'],
  ['parityZero7bit', '\xe1', 'a'],
  ['removeComments', 'a/*b*/c<!--d-->e--f', 'ace'],
  ['removeComments', 'a/*b', 'a '],
  ['removeComments', 'a/*b*/', 'a\0'],
  ['removeCommentsChar', 'a/*b*/<!--c-->#--d', 'abcd'],
  ['removeNulls', 'a\0b', 'ab'],
  ['removeWhitespace', ' a\t\xa0b', 'ab'],
  ['replaceComments', 'a/*b*/c/*d', 'a c '],
  ['replaceNulls', 'a\0b', 'a b'],
  ['sha1', '', '\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09'],
  ['sqlHexDecode', 'a0x414243g0x4', 'aABCg0x4'],
  ['trim', ' \ta \v', 'a'],
  ['trimLeft', ' a ', 'a '],
  ['trimRight', ' a ', ' a'],
  ['uppercase', 'a\xe0z', 'A\xe0Z'],
  ['urlDecode', '%41+%zz%4%', 'A %zz%4%'],
  ['urlDecodeUni', '%u0041%uff21%U00e9%u12zz%41+%', 'AA\xe9%u12zzA %'],
  ['urlEncode', 'a *\xff-', 'a+*%ff%2d'],
  ['utf8toUnicode', 'a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc0\xaf\xc3(\0', 'a%u00e9%u20ac%u1f600%u002f\xc0('],
];

for (const [name, value, expected] of CASES) {
  test(`${name} of ${JSON.stringify(value)}`, () => {
    assert.equal(transformation(name.toLowerCase())!(value), expected);
  });
}

test('urlDecodeUni uses the map of Unicode code points', () => {
  const decode = transformation('urldecodeuni', new Map([[0x2039, 0x3c]]))!;
  assert.equal(decode('%u2039%uff1c%u0141'), '<<A');
});

test('an unknown name has no transformation', () => {
  assert.equal(transformation('rot13'), undefined);
});

const NAMES = [...new Set(CASES.map(([name]) => name.toLowerCase())), 'none'];

/** Binary strings of what the transformations look for. */
const piece = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  fc.constantFrom(
    '%u',
    '%',
    '&#x',
    '&#',
    '&lt',
    '\\u',
    '\\x',
    '\\',
    '/*',
    '*/',
    '--',
    '<!--',
    '/../',
    '//',
    '0x',
    '41',
    'ff21',
    ';',
    '=',
  ),
);
const value = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));

test('every transformation gives bytes, and the string itself where nothing changes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), value, (name, text) => {
      const out = transformation(name)!(text);
      assert.doesNotMatch(out, /[^\0-\xff]/);
      if (out === text) assert.ok(Object.is(out, text));
    }),
    { numRuns: 2000 },
  );
});

test('what encodes is undone by what decodes', () => {
  fc.assert(
    fc.property(value, (text) => {
      for (const [encode, decode] of [
        ['urlencode', 'urldecode'],
        ['urlencode', 'urldecodeuni'],
        ['hexencode', 'hexdecode'],
        ['base64encode', 'base64decode'],
        ['base64encode', 'base64decodeext'],
      ] as const) {
        assert.equal(transformation(decode)!(transformation(encode)!(text)), text);
      }
    }),
  );
});

test('values longer than the shared buffer are transformed whole', () => {
  const long = `${'a'.repeat(100_000)}%41`;
  assert.equal(transformation('urldecode')!(long), `${'a'.repeat(100_000)}A`);
  assert.equal(transformation('utf8tounicode')!(`${long}\xc3\xa9`).length, 100_003 + 6);
});
