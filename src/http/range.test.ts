import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatContentRange, formatUnsatisfiedRange, parseContentRange } from './content-range.ts';
import { layOutMultipart } from './multipart-ranges.ts';
import { isExcessiveRange, parseRange, resolveRange } from './range.ts';

const at = (start: number, end: number) => ({ start, end });

/** Range, length -> ranges, `full` or `unsatisfiable`; RFC 9110 section 14.1.2 has a length of 10000 */
const cases: [string, number, { start: number; end: number }[] | 'full' | 'unsatisfiable'][] = [
  ['bytes=0-499', 10000, [at(0, 499)]],
  ['bytes=500-999', 10000, [at(500, 999)]],
  ['bytes=-500', 10000, [at(9500, 9999)]],
  ['bytes=9500-', 10000, [at(9500, 9999)]],
  ['bytes=0-0,-1', 10000, [at(0, 0), at(9999, 9999)]],
  ['bytes= 0-0, 4500-5499, -1000', 10000, [at(0, 0), at(4500, 5499), at(9000, 9999)]],
  ['bytes=500-600,601-999', 10000, [at(500, 600), at(601, 999)]],
  ['bytes=500-700,601-999', 10000, 'full'],
  ['bytes=5-,0-', 10, 'full'],
  ['BYTES=0-1', 10, [at(0, 1)]],
  ['bytes=0-99', 10, [at(0, 9)]],
  ['bytes=-99', 10, [at(0, 9)]],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=10-20,30-', 10, 'unsatisfiable'],
  ['bytes=10-20,0-1', 10, [at(0, 1)]],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  ['bytes=5-18446744073709551617', 10, [at(5, 9)]],
  ['bytes=18446744073709551617-', 10, 'unsatisfiable'],
  ['bytes=5-4', 10, 'full'],
  ['bytes=', 10, 'full'],
  ['bytes=-', 10, 'full'],
  ['bytes=a-b', 10, 'full'],
  ['bytes=0-1;x', 10, 'full'],
  ['bytes 0-1', 10, 'full'],
  ['items=0-1', 10, 'full'],
  [`bytes=${Array.from({ length: 17 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}`, 100, 'full'],
];
for (const [value, length, expected] of cases) {
  test(`range ${value.slice(0, 40)} of ${length}`, () => {
    const result = resolveRange(value, length);
    assert.deepEqual(result.kind === 'ranges' ? result.ranges : result.kind, expected);
  });
}

test('no Range is everything', () => assert.equal(resolveRange(undefined, 10).kind, 'full'));

test('what is sent lies within the representation and nothing of it twice', () => {
  const digits = fc.oneof(fc.constant(''), fc.nat({ max: 30 }).map(String));
  const spec = fc.tuple(digits, digits).map((pair) => pair.join('-'));
  fc.assert(
    fc.property(fc.array(spec, { maxLength: 20 }), fc.nat({ max: 20 }), (specs, length) => {
      const result = resolveRange(`bytes=${specs.join(',')}`, length);
      const seen = new Set<number>();
      for (const { start, end } of result.kind === 'ranges' ? result.ranges : []) {
        assert.ok(start >= 0 && start <= end && end < length);
        for (let i = start; i <= end; i++) {
          assert.ok(!seen.has(i));
          seen.add(i);
        }
      }
    }),
  );
});

test('any text is parsed or ignored', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'bytes=0123-, "'.split('')) }), (text) =>
      (parseRange(text) ?? []).every(({ start, end }) => start >= 0 || end >= 0),
    ),
  );
});

test('Content-Range', () => {
  assert.equal(formatContentRange(at(0, 4), 10), 'bytes 0-4/10');
  assert.equal(formatContentRange(at(0, 4), -1), 'bytes 0-4/*');
  assert.equal(formatUnsatisfiedRange(10), 'bytes */10');
  assert.deepEqual(parseContentRange('bytes 0-4/10'), { range: at(0, 4), complete: 10 });
  assert.deepEqual(parseContentRange('bytes 0-4/*'), { range: at(0, 4), complete: -1 });
  assert.deepEqual(parseContentRange('bytes */10'), { range: undefined, complete: 10 });
  for (const bad of [
    'bytes 4-0/10',
    'bytes 0-10/10',
    'bytes */*',
    'bytes 0-4',
    'items 0-4/10',
    'bytes 0-9999999999999999/*',
    '',
  ]) {
    assert.equal(parseContentRange(bad), undefined, bad);
  }
});

test('a multipart body is as long as its layout says', () => {
  const ranges = [at(0, 1), at(5, 9)];
  const { contentType, heads, tail, length } = layOutMultipart(ranges, 10, 'text/plain', 'B');
  const body = `${heads[0]}01${heads[1]}56789${tail}`;
  assert.equal(body.length, length);
  assert.equal(contentType, 'multipart/byteranges; boundary=B');
  assert.equal(heads[1], '\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-9/10\r\n\r\n');
  assert.equal(tail, '\r\n--B--\r\n');
});

test('ranges that ask for too much, whatever the length', () => {
  const many = Array.from({ length: 17 }, (_, i) => `${i * 10}-${i * 10 + 1}`).join(',');
  for (const value of ['0-100,0-101', '0-,5-6', '5-9,9-10', '-5,-6', '3-,-1', '0-0,0-0', many]) {
    assert.equal(isExcessiveRange(`bytes=${value}`), true, value);
  }
  for (const value of [
    '0-',
    '-5',
    '0-1,2-3',
    '5-6,0-1',
    '0-1,-1',
    'x',
    '1-0,0-1',
    many.slice(0, many.lastIndexOf(',')),
  ]) {
    assert.equal(isExcessiveRange(`bytes=${value}`), false, value);
  }
  assert.equal(isExcessiveRange('items=0-1,0-1'), false);
});
