import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteRange } from './range.ts';
import { joinRanges, missingRanges } from './range-set.ts';

const range = fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 6 })).map(([start, more]) => ({ start, end: start + more }));

function bytesOf(ranges: readonly ByteRange[]): number[] {
  const bytes = new Set<number>();
  for (const { start, end } of ranges) for (let i = start; i <= end; i++) bytes.add(i);
  return [...bytes].sort((a, b) => a - b);
}

test('joined ranges hold the same bytes, apart from each other', () => {
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const joined = joinRanges(ranges);
      assert.deepEqual(bytesOf(joined), bytesOf(ranges));
      for (let i = 1; i < joined.length; i++) assert.ok(joined[i].start > joined[i - 1].end + 1);
    }),
  );
});

test('what is missing is what is wanted and not held', () => {
  fc.assert(
    fc.property(range, fc.array(range), (wanted, held) => {
      const have = new Set(bytesOf(held));
      assert.deepEqual(
        bytesOf(missingRanges(wanted, held)),
        bytesOf([wanted]).filter((byte) => !have.has(byte)),
      );
    }),
  );
});
