import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCacheTags, TAG_FIELDS } from './cache-tags.ts';

const CASES: [lines: string[], tags: string[]][] = [
  [[], []],
  [['content-type', 'a b'], []],
  [['cache-tag', 'a'], ['a']],
  [
    ['cache-tag', 'a,b,c'],
    ['a', 'b', 'c'],
  ],
  [
    ['cache-tag', ' a , b\tc,,  ,d '],
    ['a', 'b', 'c', 'd'],
  ],
  [['cache-tag', ''], []],
  [['cache-tag', ' , ,'], []],
  [
    ['cache-tag', 'Product,product'],
    ['Product', 'product'],
  ],
  [
    ['surrogate-key', 'a  b a,b'],
    ['a', 'b', 'a,b'],
  ],
  [
    ['xkey', 'a b', 'xkey', 'b, c'],
    ['a', 'b', 'c'],
  ],
  [
    ['surrogate-key', 'x y', 'cache-tag', 'y,z', 'xkey', 'z'],
    ['x', 'y', 'z'],
  ],
  [
    ['cache-tag', 'a:1,b/2,"c",\xe9,*'],
    ['a:1', 'b/2', '"c"', '\xe9', '*'],
  ],
  [['cache-tag', `${'x'.repeat(1025)},${'y'.repeat(1024)}`], ['y'.repeat(1024)]],
];

for (const [lines, tags] of CASES) {
  test(`${JSON.stringify(lines).slice(0, 60)} has the tags ${JSON.stringify(tags).slice(0, 60)}`, () => {
    assert.deepEqual(parseCacheTags(lines), tags);
  });
}

test('whatever the lines, each tag is there once, and none is made up', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'B', ',', ' ', '\t', '-', '\xff') });
  const line = fc.tuple(fc.constantFrom(...TAG_FIELDS, 'via'), value);
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const tags = parseCacheTags(lines.flat());
      assert.equal(new Set(tags).size, tags.length);
      for (const tag of tags) {
        assert.ok(tag !== '' && !/[ \t]/.test(tag));
        assert.ok(lines.some(([name, text]) => name !== 'via' && text.includes(tag)));
      }
      const words = lines.flatMap(([name, text]) => (name === 'via' ? [] : text.split(/[ \t,]+/)));
      for (const word of words) if (word !== '') assert.ok(tags.some((tag) => tag.includes(word)));
    }),
  );
});
