import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesText, countText, millisecondsText, percentText, shortText, spanText } from './figures.ts';

test('numbers for people', () => {
  const cases: [string, string][] = [
    [countText(1_234_567), '1,234,567'],
    [shortText(0), '0'],
    [shortText(0.256), '0.26'],
    [shortText(12), '12.0'],
    [shortText(999.94), '1k'],
    [shortText(12_345), '12.3k'],
    [shortText(4_560_000), '4.56M'],
    [bytesText(512), '512B'],
    [bytesText(1536), '1.5KB'],
    [bytesText(1024 ** 2 - 1), '1MB'],
    [bytesText(3.25 * 1024 ** 3), '3.25GB'],
    [bytesText(5 * 1024 ** 4), '5TB'],
    [millisecondsText(0.42), '0.42ms'],
    [millisecondsText(1500), '1.5s'],
    [percentText(0.931), '93.1%'],
    [percentText(null), '-'],
    [spanText(0.5), '0s'],
    [spanText(125), '2m 5s'],
    [spanText(3 * 86_400 + 4 * 3600 + 59), '3d 4h'],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, expected);
});

test('short texts are short, whatever the number', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9e11, noNaN: true }), (value) => {
      assert.ok(shortText(value).length <= 5, `${value} is ${shortText(value)}`);
      assert.ok(bytesText(value).length <= 7, `${value} is ${bytesText(value)}`);
    }),
  );
});
