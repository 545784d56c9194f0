import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluateConditional, ifRangeAllows, type Preconditions, type Validators } from './conditional.ts';
import { formatHttpDate, parseHttpDate } from './date.ts';
import { entityTagListMatches, entityTags, parseEntityTag, strongMatch, weakMatch } from './etag.ts';

/** RFC 9110 section 8.8.3.2: two tags, strong comparison, weak comparison */
const comparisons: [string, string, boolean, boolean][] = [
  ['W/"1"', 'W/"1"', false, true],
  ['W/"1"', 'W/"2"', false, false],
  ['W/"1"', '"1"', false, true],
  ['"1"', '"1"', true, true],
  ['abc', 'abc', false, true],
  ['abc', '"abc"', false, false],
  ['w/"1"', '"1"', false, false],
];
for (const [a, b, strong, weak] of comparisons) {
  test(`compare ${a} with ${b}`, () => {
    const [first, second] = [parseEntityTag(a), parseEntityTag(b)];
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(strongMatch(first, second), strong);
    assert.equal(weakMatch(first, second), weak);
  });
}

test('entity tag lists', () => {
  const tags = (list: string) => [...entityTags(list)].map(({ weak, opaque }) => (weak ? 'W/' : '') + opaque);
  assert.deepEqual(tags('"xyzzy", W/"r2d2,x" ,, "c3\\"'), ['"xyzzy"', 'W/"r2d2,x"', '"c3\\"']);
  assert.deepEqual(tags('abc , "d'), ['W/abc', 'W/"d']);
  assert.deepEqual(tags(''), []);
});

test('a list names each of its tags and no other', () => {
  const tag = fc
    .tuple(fc.boolean(), fc.stringMatching(/^[!#-~]{0,6}$/))
    .map(([weak, text]) => `${weak ? 'W/' : ''}"${text}"`);
  fc.assert(
    fc.property(fc.array(tag), tag, (list, wanted) => {
      const etag = parseEntityTag(wanted);
      assert.ok(etag !== undefined);
      const bare = (text: string) => text.replace(/^W\//, '');
      assert.equal(
        entityTagListMatches(list.join(', '), etag, weakMatch),
        list.some((text) => bare(text) === bare(wanted)),
      );
    }),
  );
});

const LM = 'Sat, 29 Oct 1994 19:43:31 GMT';
const BEFORE = 'Sat, 29 Oct 1994 19:43:30 GMT';
const AFTER = 'Sat, 29 Oct 1994 19:43:32 GMT';
const DATE = parseHttpDate(LM) + 100;
const full: Validators = { etag: '"a"', lastModified: LM, date: DATE };

const cases: [string, Partial<Preconditions>, Validators, number][] = [
  ['no condition', {}, full, 200],
  ['If-None-Match that matches', { ifNoneMatch: '"a"' }, full, 304],
  ['If-None-Match that matches weakly', { ifNoneMatch: 'W/"a"' }, full, 304],
  ['If-None-Match with several', { ifNoneMatch: '"x", "a", "y"' }, full, 304],
  ['If-None-Match of another', { ifNoneMatch: '"b"' }, full, 200],
  ['If-None-Match: *', { ifNoneMatch: '*' }, {}, 304],
  ['If-None-Match without an ETag', { ifNoneMatch: '"a"' }, { lastModified: LM }, 200],
  ['If-None-Match before If-Modified-Since', { ifNoneMatch: '"b"', ifModifiedSince: AFTER }, full, 200],
  ['If-None-Match that matches, older date', { ifNoneMatch: '"a"', ifModifiedSince: BEFORE }, full, 304],
  ['If-None-Match on PUT', { method: 'PUT', ifNoneMatch: '*' }, full, 412],
  ['If-None-Match on HEAD', { method: 'HEAD', ifNoneMatch: '"a"' }, full, 304],
  ['If-Modified-Since, same', { ifModifiedSince: LM }, full, 304],
  ['If-Modified-Since, later', { ifModifiedSince: AFTER }, full, 304],
  ['If-Modified-Since, earlier', { ifModifiedSince: BEFORE }, full, 200],
  ['If-Modified-Since, rfc850', { ifModifiedSince: 'Saturday, 29-Oct-94 19:43:31 GMT' }, full, 304],
  ['If-Modified-Since, no date', { ifModifiedSince: 'yesterday' }, full, 200],
  ['If-Modified-Since on POST', { method: 'POST', ifModifiedSince: LM }, full, 200],
  ['If-Modified-Since by Date', { ifModifiedSince: formatHttpDate(DATE) }, { date: DATE }, 304],
  ['If-Modified-Since before Date', { ifModifiedSince: LM }, { date: DATE }, 200],
  ['If-Modified-Since without dates', { ifModifiedSince: LM }, { etag: '"a"' }, 200],
  ['If-Match that matches', { ifMatch: '"x", "a"' }, full, 200],
  ['If-Match that matches weakly', { ifMatch: 'W/"a"' }, full, 412],
  ['If-Match of another', { ifMatch: '"b"' }, full, 412],
  ['If-Match: *', { ifMatch: '*' }, full, 200],
  ['If-Match before If-Unmodified-Since', { ifMatch: '"a"', ifUnmodifiedSince: BEFORE }, full, 200],
  ['If-Unmodified-Since, same', { ifUnmodifiedSince: LM }, full, 200],
  ['If-Unmodified-Since, earlier', { ifUnmodifiedSince: BEFORE }, full, 412],
  ['If-Unmodified-Since, no date', { ifUnmodifiedSince: 'x' }, full, 200],
  ['If-Match and If-None-Match', { ifMatch: '"a"', ifNoneMatch: '"a"' }, full, 304],
];
for (const [name, request, selected, status] of cases) {
  test(`condition: ${name}`, () => assert.equal(evaluateConditional({ method: 'GET', ...request }, selected), status));
}

const ifRanges: [string | undefined, Validators, boolean][] = [
  [undefined, full, true],
  ['"a"', full, true],
  ['"b"', full, false],
  ['W/"a"', full, false],
  ['W/"a"', { ...full, etag: 'W/"a"' }, false],
  ['"a"', { lastModified: LM }, false],
  [LM, full, true],
  [AFTER, full, false],
  [LM, { lastModified: LM }, false],
  [LM, { lastModified: LM, date: parseHttpDate(LM) }, false],
  [LM, { etag: '"a"', date: DATE }, false],
  ['x', full, false],
  ['x', { lastModified: 'x', date: DATE }, false],
];
for (const [value, selected, allowed] of ifRanges) {
  test(`If-Range ${value} with ${JSON.stringify(selected)}`, () =>
    assert.equal(ifRangeAllows(value, selected), allowed));
}
