import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSize, guessDuration, parseDuration, parseSize } from './units.ts';

test('durations', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['30', 30_000],
    ['0', 0],
    ['1.5', 1500],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['5min', undefined],
    ['1e3', undefined],
    ['5 s', undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('a duration in words is guessed', () => {
  assert.equal(guessDuration('30 seconds'), '30s');
  assert.equal(guessDuration('5 Min.'), '5m');
  assert.equal(guessDuration('2 H'), '2h');
  assert.equal(guessDuration('soon'), undefined);
  assert.equal(guessDuration('5 constructor'), undefined);
  assert.equal(guessDuration('3 fortnights'), undefined);
});

test('sizes', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['0', 0],
    ['4096', 4096],
    ['64k', 65_536],
    ['64KB', 65_536],
    ['512MB', 536_870_912],
    ['1.5 GiB', 1_610_612_736],
    ['1gb', 1_073_741_824],
    ['7B', 7],
    ['1.5', undefined],
    ['', undefined],
    ['MB', undefined],
    ['-1MB', undefined],
    ['99999999999TB', undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

test('what is written is read back', () => {
  fc.assert(fc.property(fc.nat(2 ** 40), (bytes) => parseSize(formatSize(bytes)) === bytes));
  fc.assert(fc.property(fc.nat(2 ** 31), (ms) => parseDuration(formatDuration(ms)) === ms));
});
