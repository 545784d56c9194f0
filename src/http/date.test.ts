import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHttpDate, httpDateAt, parseHttpDate } from './date.ts';

const NOW = Date.UTC(2026, 0, 1) / 1000;

const good: [string, string][] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
  ['Sun Nov 16 08:49:37 1994', '1994-11-16T08:49:37Z'],
  ['THU, 18 AUG 2050 02:01:18 gmt', '2050-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-50 02:01:18 GMT', '2050-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-76 02:01:18 GMT', '2076-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-77 02:01:18 GMT', '1977-08-18T02:01:18Z'],
  ['Tue, 19 Jan 2038 14:14:08 GMT', '2038-01-19T14:14:08Z'],
  ['Thu, 29 Feb 2024 23:59:59 GMT', '2024-02-29T23:59:59Z'],
  ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
  ['Sat, 01 Jan 0001 00:00:00 GMT', '0001-01-01T00:00:00Z'],
];
for (const [text, iso] of good)
  test(`date ${text}`, () => assert.equal(parseHttpDate(text, NOW), Date.parse(iso) / 1000));

const bad = [
  ...[
    '',
    '0',
    '-1',
    'now',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 AEST',
    'Thu, 18 Aug 50 02:01:18 GMT',
  ],
  ...['Thu 18 Aug 2050 02:01:18 GMT', 'Thu, 18  Aug  2050 02:01:18 GMT', 'Thu, 18-Aug-2050 02:01:18 GMT'],
  ...[
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 31 Jun 2050 02:01:18 GMT',
    'Thu, 00 Jun 2050 02:01:18 GMT',
  ],
  ...[
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Thu, 18 Aug 2050 24:00:00 GMT',
    'Thu, 18 Aug 2050 02:60:00 GMT',
    'Thu, 18 Foo 2050 02:01:18 GMT',
  ],
  ...['Thu, 18 Aug 2050 02:01:18 GMT ', '2050-08-18T02:01:18Z', 'Thu Aug 8 02:01:18 2050'],
];
for (const text of bad) test(`no date: ${text}`, () => assert.ok(Number.isNaN(parseHttpDate(text, NOW))));

test('what is formatted parses back', () => {
  const seconds = fc.integer({ min: -62135596800, max: 253402300799 });
  fc.assert(
    fc.property(seconds, (time) => {
      const text = formatHttpDate(time);
      assert.equal(text.length, 29);
      assert.equal(parseHttpDate(text), time);
      if (time >= 0) assert.equal(text, new Date(time * 1000).toUTCString());
    }),
  );
});

test('httpDateAt follows the clock both ways', () => {
  for (const time of [1000.2, 1000.9, 1001, 999]) assert.equal(httpDateAt(time), formatHttpDate(time));
});
