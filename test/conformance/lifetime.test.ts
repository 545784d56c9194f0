// How long a response is fresh: what the newer suite asks beyond the older one (RFC 9111 sections 4.2 and 5).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, httpDate, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';

/** What the origin says, and whether a second request gets the stored response. */
interface Case {
  name: string;
  fields: readonly Field[];
  stored: boolean;
  status?: number;
}

const HOUR: Field = ['Cache-Control', 'max-age=3600'];
const expires = (...values: string[]): Field[] => [
  ...values.map((value): Field => ['Expires', value]),
  ['Date', httpDate(0)],
];

const AGES: Case[] = [
  {
    name: 'An age of 2^31 - 1 s is past any lifetime [age-parse-large-minus-one]',
    fields: [HOUR, ['Age', '2147483647']],
    stored: false,
  },
  {
    name: 'An age of 2^31 s is past any lifetime [age-parse-large]',
    fields: [HOUR, ['Age', '2147483648']],
    stored: false,
  },
  {
    name: 'An age of 2^31 + 1 s is past any lifetime [age-parse-larger]',
    fields: [HOUR, ['Age', '2147483649']],
    stored: false,
  },
];
const VALID_DATES: Case[] = [
  {
    name: 'Expires just past 32 bits [freshness-expires-32bit]',
    fields: expires('Tue, 19 Jan 2038 14:14:08 GMT'),
    stored: true,
  },
  {
    name: 'Expires far in the future [freshness-expires-far-future]',
    fields: expires('Sun, 21 Nov 2286 04:46:39 GMT'),
    stored: true,
  },
  {
    name: 'Expires as RFC 850 wrote it [freshness-expires-rfc850]',
    fields: expires('Thursday, 18-Aug-50 02:01:18 GMT'),
    stored: true,
  },
  {
    name: 'Expires as asctime() writes it [freshness-expires-ansi-c]',
    fields: expires('Thu Aug  8 02:01:18 2050'),
    stored: true,
  },
  {
    name: 'Expires with the weekday in capitals [freshness-expires-wrong-case-weekday]',
    fields: expires('THU, 18 Aug 2050 02:01:18 GMT'),
    stored: true,
  },
  {
    name: 'Expires with the month in capitals [freshness-expires-wrong-case-month]',
    fields: expires('Thu, 18 AUG 2050 02:01:18 GMT'),
    stored: true,
  },
  {
    name: 'Expires with the zone in small letters [freshness-expires-wrong-case-tz]',
    fields: expires('Thu, 18 Aug 2050 02:01:18 gMT'),
    stored: true,
  },
];
const INVALID_DATES: Case[] = [
  {
    name: 'Expires in UTC is invalid [freshness-expires-invalid-utc]',
    fields: expires('Thu, 18 Aug 2050 02:01:18 UTC'),
    stored: false,
  },
  {
    name: 'Expires in another zone is invalid [freshness-expires-invalid-aest]',
    fields: expires('Thu, 18 Aug 2050 02:01:18 AEST'),
    stored: false,
  },
  {
    name: 'Expires with a year of two digits is invalid [freshness-expires-invalid-2-digit-year]',
    fields: expires('Thu, 18 Aug 50 02:01:18 GMT'),
    stored: false,
  },
  {
    name: 'Expires without its comma is invalid [freshness-expires-invalid-no-comma]',
    fields: expires('Thu 18 Aug 2050 02:01:18 GMT'),
    stored: false,
  },
  {
    name: 'Expires with spaces too many is invalid [freshness-expires-invalid-multiple-spaces]',
    fields: expires('Thu, 18  Aug  2050 02:01:18 GMT'),
    stored: false,
  },
  {
    name: 'Expires with dashes is invalid [freshness-expires-invalid-date-dashes]',
    fields: expires('Thu, 18-Aug-2050 02:01:18 GMT'),
    stored: false,
  },
  {
    name: 'Expires with dots in the time is invalid [freshness-expires-invalid-time-periods]',
    fields: expires('Thu, 18 Aug 2050 02.01.18 GMT'),
    stored: false,
  },
  {
    name: 'Expires with an hour of one digit is invalid [freshness-expires-invalid-1-digit-hour]',
    fields: expires('Thu, 18 Aug 2050 2:01:18 GMT'),
    stored: false,
  },
  {
    name: 'Two Expires that are both invalid [freshness-expires-invalid-multiple-lines]',
    fields: expires('Thu, 18 Aug 2050 2:01:18 GMT', 'Thu, 18 Aug 2050 2:01:19 GMT'),
    stored: false,
  },
];
const UNDERSTOOD: Field[] = [['Cache-Control', 'max-age=3600, no-store, must-understand']];
const STATUSES: Case[] = [
  {
    name: 'must-understand lifts no-store for a status that lb knows [status-200-must-understand]',
    fields: UNDERSTOOD,
    stored: true,
  },
  {
    name: 'must-understand lifts nothing for a status that nobody knows [status-599-must-understand]',
    fields: UNDERSTOOD,
    stored: false,
    status: 599,
  },
];

const closers: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});
const scene = await startScene({ after: (run) => void closers.push(run) });

for (const [index, { name, fields, stored, status }] of [
  ...AGES,
  ...VALID_DATES,
  ...INVALID_DATES,
  ...STATUSES,
].entries()) {
  test(name, async () => {
    const path = `/case-${index}`;
    scene.on(path, counted(fields, status));
    assert.equal((await scene.get(path)).text, '1');
    assert.equal((await scene.get(path)).text, stored ? '1' : '2');
  });
}

test('A lifetime ends when it has passed, not before [freshness-max-age-stale]', async () => {
  scene.on('/ends', counted([['Cache-Control', 'max-age=2']]));
  const begin = Date.now();
  assert.equal((await scene.get('/ends')).text, '1');
  await until(async () => (await scene.get('/ends')).text === '2', 'the end of the lifetime');
  // dates have whole seconds: a response may count as up to one older than it is
  assert.ok(Date.now() - begin >= 1000, `stale after ${Date.now() - begin} ms`);
});

test('A response that may not be stored leaves alone what is stored [cc-resp-no-store-old-new, cc-resp-no-store-old-max-age]', async () => {
  let count = 0;
  scene.on('/later', (_request, answer) =>
    answer.send(200, ++count === 1 ? [HOUR] : [['Cache-Control', 'no-store, max-age=0']], String(count)),
  );
  for (const time of ['first', 'second', 'third']) assert.equal((await scene.get('/later')).text, '1', time);
});

test('The time that an origin takes counts into the age [other-age-delay]', async () => {
  scene.on('/slow', async (_request, answer) => {
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await answer.send(200, [HOUR], 'slow');
  });
  await scene.get('/slow');
  const hit = await scene.get('/slow');
  assert.ok(Number(hit.get('age')) >= 1, `Age: ${hit.get('age')}`);
});

test('Requests for the same at the same time are one at the origin [collapse-basic]', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  scene.on('/once', async (_request, answer) => {
    await released;
    await answer.send(200, [HOUR], 'once');
  });
  const both = [scene.get('/once'), scene.get('/once')];
  await until(() => scene.asked('/once').length > 0, 'a request at the origin');
  release();
  assert.deepEqual(
    (await Promise.all(both)).map(({ text }) => text),
    ['once', 'once'],
  );
  assert.equal(scene.asked('/once').length, 1);
});
