import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentAge, initialAge, parseAge } from './age.ts';
import { MAX_DELTA_SECONDS } from './cache-control.ts';

const ages: [string[], number][] = [
  [[], 0],
  [['0'], 0],
  [['7200'], 7200],
  [['99999999999'], MAX_DELTA_SECONDS],
  [['abc'], MAX_DELTA_SECONDS],
  [[''], MAX_DELTA_SECONDS],
  [['-7200'], MAX_DELTA_SECONDS],
  [['7200.0'], MAX_DELTA_SECONDS],
  [['7200,0'], 7200],
  [['0,7200'], 0],
  [['0, 0'], MAX_DELTA_SECONDS],
  [['0', '0'], MAX_DELTA_SECONDS],
  [['3600, 3600'], MAX_DELTA_SECONDS],
  [['7200;foo=111'], MAX_DELTA_SECONDS],
];
for (const [lines, seconds] of ages) test(`Age ${JSON.stringify(lines)}`, () => assert.equal(parseAge(lines), seconds));

/** date, Age, request time, response time -> apparent age, corrected age value, initial age */
const arithmetic: [number, number, number, number, [number, number, number]][] = [
  [1000, 0, 1000, 1000.4, [0, 0, 0]],
  [990, 0, 1000, 1000, [10, 0, 10]],
  [990, 30, 1000, 1002, [12, 32, 32]],
  [1010, 5, 1000, 1000, [0, 5, 5]],
  [Number.NaN, 5, 1000, 1003, [0, 8, 8]],
  [1000, MAX_DELTA_SECONDS, 1000, 1003, [3, MAX_DELTA_SECONDS, MAX_DELTA_SECONDS]],
  [1000, 0, 1000, 900, [0, 0, 0]],
];
for (const [date, age, sent, arrived, expected] of arithmetic) {
  test(`initial age of Date ${date}, Age ${age}, sent ${sent}, arrived ${arrived}`, () => {
    const { apparentAge, correctedAgeValue, correctedInitialAge } = initialAge(date, age, sent, arrived);
    assert.deepEqual([apparentAge, correctedAgeValue, correctedInitialAge], expected);
  });
}

test('the age grows with the time in the cache, and a clock set back does not make it shrink', () => {
  assert.equal(currentAge(5, 1000, 1010.7), 15);
  assert.equal(currentAge(5, 1000, 900), 5);
});
