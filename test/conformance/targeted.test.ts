// CDN-Cache-Control goes over Cache-Control and Expires where lb is the cache that it is meant for (RFC 9213).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, httpDate, startScene } from '../caching/scene.ts';

/** What the origin says, and whether a second request gets the stored response. */
interface Case {
  name: string;
  fields: readonly Field[];
  stored: boolean;
}

const targeted = (value: string): Field => ['CDN-Cache-Control', value];
const general = (value: string): Field => ['Cache-Control', value];
const expires = (seconds: number): Field => ['Expires', httpDate(seconds)];
const date: Field = ['Date', httpDate(0)];

const CASES: Case[] = [
  { name: 'A targeted max-age alone makes fresh [cdn-max-age]', fields: [targeted('max-age=3600')], stored: true },
  {
    name: 'A lifetime of 2^31 seconds is one [cdn-max-age-max]',
    fields: [targeted('max-age=2147483648')],
    stored: true,
  },
  {
    name: 'A lifetime of 3,000 years is one [cdn-max-age-max-plus]',
    fields: [targeted('max-age=99999999999')],
    stored: true,
  },
  {
    name: 'Age counts against a targeted lifetime [cdn-max-age-age]',
    fields: [targeted('max-age=3600'), ['Age', '7200'], date],
    stored: false,
  },
  {
    name: 'A space before = makes the whole field invalid [cdn-max-age-space-before-equals]',
    fields: [targeted('max-age =100'), general('max-age=0')],
    stored: false,
  },
  {
    name: 'A space after = makes the whole field invalid [cdn-max-age-space-after-equals]',
    fields: [targeted('max-age= 100'), general('max-age=0')],
    stored: false,
  },
  { name: 'A targeted max-age=0 is stale at once [cdn-max-age-0]', fields: [targeted('max-age=0')], stored: false },
  {
    name: 'Unknown members are passed over [cdn-max-age-extension]',
    fields: [targeted('foobar, max-age=3600')],
    stored: true,
  },
  {
    name: 'Capital letters make the whole field invalid [cdn-max-age-case-insensitive]',
    fields: [targeted('MaX-aGe=3600')],
    stored: false,
  },
  {
    name: 'A targeted lifetime goes over Expires in the past [cdn-max-age-expires]',
    fields: [targeted('max-age=3600'), expires(-10_000), date],
    stored: true,
  },
  {
    name: 'A targeted lifetime goes over an invalid Expires [cdn-max-age-cc-max-age-invalid-expires]',
    fields: [targeted('max-age=3600'), ['Expires', '0'], date],
    stored: true,
  },
  {
    name: 'A targeted max-age=0 goes over Expires in the future [cdn-max-age-0-expires]',
    fields: [targeted('max-age=0'), expires(10_000), date],
    stored: false,
  },
  {
    name: 'A long targeted lifetime goes over a short one [cdn-max-age-short-cc-max-age]',
    fields: [general('max-age=1'), targeted('max-age=3600'), ['Age', '2']],
    stored: true,
  },
  {
    name: 'A short targeted lifetime goes over a long one [cdn-max-age-long-cc-max-age]',
    fields: [general('max-age=3600'), targeted('max-age=1'), ['Age', '2']],
    stored: false,
  },
  {
    name: 'A targeted private forbids storing [cdn-private]',
    fields: [targeted('private'), general('max-age=10000'), expires(10_000), date],
    stored: false,
  },
  {
    name: 'A targeted no-cache asks for validation [cdn-no-cache]',
    fields: [targeted('no-cache'), general('max-age=10000'), expires(10_000), date],
    stored: false,
  },
  {
    name: 'A targeted no-store forbids storing [cdn-no-store-cc-fresh]',
    fields: [targeted('no-store'), general('max-age=10000'), expires(10_000), date],
    stored: false,
  },
  {
    name: 'A targeted lifetime goes over no-store for all others [cdn-fresh-cc-nostore]',
    fields: [targeted('max-age=10000'), general('no-store')],
    stored: true,
  },
  {
    name: 'A field with a member that is none is ignored whole [cdn-cc-invalid-sh-type-unknown]',
    fields: [targeted('max-age=10000, &&&&&'), general('no-store')],
    stored: false,
  },
  {
    name: 'A lifetime that is a string is none [cdn-cc-invalid-sh-type-wrong]',
    fields: [targeted('max-age="10000"'), general('no-store')],
    stored: false,
  },
];

const closers: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});
const scene = await startScene({ after: (run) => void closers.push(run) });

for (const [index, { name, fields, stored }] of CASES.entries()) {
  test(name, async () => {
    const path = `/case-${index}`;
    scene.on(path, counted(fields));
    assert.equal((await scene.get(path)).text, '1');
    assert.equal((await scene.get(path)).text, stored ? '1' : '2');
  });
}

test('The targeted field is for caches in front of the origin and goes on to those further on [cdn-remove-header]', async () => {
  scene.on('/forwarded', counted([general('max-age=10000'), targeted('foo')]));
  assert.equal((await scene.get('/forwarded')).get('cdn-cache-control'), 'foo');
});
