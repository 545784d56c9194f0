// What a second request gets, by what the origin said to the first (RFC 9111 sections 3 and 4).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, httpDate, startScene, validated } from './scene.ts';

/** `hit`: the stored answer; `validated`: the stored answer, confirmed by a 304; `again`: a new answer. */
type Second = 'hit' | 'validated' | 'again';

interface Case {
  name: string;
  fields: Field[];
  second: Second;
  status?: number;
  /** Of both requests. */
  request?: Field[];
}

const control = (value: string): Field => ['Cache-Control', value];
const DIRECTIVES: Case[] = [
  { name: 'max-age', fields: [control('max-age=60')], second: 'hit' },
  { name: 'max-age over 2^31', fields: [control('max-age=99999999999')], second: 'hit' },
  { name: 'max-age=0', fields: [control('max-age=0')], second: 'validated' },
  { name: 's-maxage', fields: [control('s-maxage=60')], second: 'hit' },
  { name: 's-maxage goes over max-age=0', fields: [control('max-age=0, s-maxage=60')], second: 'hit' },
  { name: 's-maxage=0 goes over max-age', fields: [control('max-age=60, s-maxage=0')], second: 'validated' },
  { name: 'names in any case', fields: [control('MAX-AGE=60')], second: 'hit' },
  { name: 'two lines', fields: [control('public'), control('max-age=60')], second: 'hit' },
  { name: 'no-store', fields: [control('no-store, max-age=60')], second: 'again' },
  { name: 'no-store on a line of its own', fields: [control('max-age=60'), control('no-store')], second: 'again' },
  { name: 'private', fields: [control('private, max-age=60')], second: 'again' },
  { name: 'no-cache', fields: [control('no-cache')], second: 'validated' },
  { name: 'no-cache with max-age', fields: [control('no-cache, max-age=60')], second: 'validated' },
  { name: 'must-revalidate', fields: [control('must-revalidate, max-age=60')], second: 'hit' },
  { name: 'must-revalidate when stale', fields: [control('must-revalidate, max-age=0')], second: 'validated' },
  { name: 'Pragma: no-cache', fields: [['Pragma', 'no-cache']], second: 'validated' },
  { name: 'Vary: *', fields: [control('max-age=60'), ['Vary', '*']], second: 'again' },
];
const EXPIRES: Case[] = [
  { name: 'Expires', fields: [['Expires', httpDate(60)]], second: 'hit' },
  { name: 'Expires in the past', fields: [['Expires', httpDate(-60)]], second: 'validated' },
  { name: 'Expires: 0', fields: [['Expires', '0']], second: 'validated' },
  {
    name: 'Expires counts from Date',
    fields: [
      ['Expires', httpDate(-40)],
      ['Date', httpDate(-100)],
    ],
    second: 'validated',
  },
  {
    name: 'max-age=0 goes over Expires',
    fields: [control('max-age=0'), ['Expires', httpDate(60)]],
    second: 'validated',
  },
  { name: 'max-age goes over Expires', fields: [control('max-age=60'), ['Expires', httpDate(-60)]], second: 'hit' },
];
const AGES: Case[] = [
  { name: 'Age under max-age', fields: [control('max-age=90'), ['Age', '30']], second: 'hit' },
  { name: 'Age over max-age', fields: [control('max-age=90'), ['Age', '90']], second: 'validated' },
  { name: 'Date before max-age', fields: [control('max-age=90'), ['Date', httpDate(-100)]], second: 'validated' },
  { name: 'Date within max-age', fields: [control('max-age=90'), ['Date', httpDate(-30)]], second: 'hit' },
  { name: 'Age that is no number', fields: [control('max-age=90'), ['Age', 'old']], second: 'validated' },
  { name: 'Age over 2^31', fields: [control('max-age=90'), ['Age', '99999999999']], second: 'validated' },
];
const HEURISTIC: Case[] = [
  { name: 'Last-Modified long ago', fields: [['Last-Modified', httpDate(-864_000)]], second: 'hit' },
  { name: 'Last-Modified just now', fields: [['Last-Modified', httpDate(0)]], second: 'validated' },
  {
    name: 'Last-Modified and no-cache',
    fields: [['Last-Modified', httpDate(-864_000)], control('no-cache')],
    second: 'validated',
  },
  { name: 'no lifetime', fields: [], second: 'validated' },
];

const cases = [...DIRECTIVES, ...EXPIRES, ...AGES, ...HEURISTIC];

const scene = await startScene({ after });
let page = 0;

async function twice(one: Case, withEtag: boolean): Promise<void> {
  const { fields, second, status = 200, request = [] } = one;
  const path = `/page-${++page}`;
  scene.on(path, withEtag ? validated(fields) : counted(fields, status));
  const first = await scene.get(path, request);
  assert.equal(first.text, '1');
  assert.equal(first.status, status);
  assert.match(cacheStatus(first), /^lb; fwd=(uri-miss|bypass)/);
  const again = await scene.get(path, request);
  const expected = {
    hit: { text: '1', asked: 1, status: /^lb; hit$/ },
    validated: { text: '1', asked: 2, status: /^lb; fwd=stale; fwd-status=304/ },
    again: { text: '2', asked: 2, status: /^lb; fwd=/ },
  }[second];
  assert.equal(again.status, status);
  assert.match(cacheStatus(again), expected.status);
  assert.equal(again.text, expected.text);
  assert.equal(scene.asked(path).length, expected.asked);
  if (second === 'hit') assert.match(again.get('age') ?? '', /^\d+$/);
}

for (const one of cases) test(one.name, () => twice(one, true));

const AUTHORIZATION: Case[] = [
  { name: 'Authorization', fields: [control('max-age=60')], second: 'again' },
  { name: 'Authorization and public', fields: [control('public, max-age=60')], second: 'hit' },
  { name: 'Authorization and s-maxage', fields: [control('s-maxage=60')], second: 'hit' },
  { name: 'Authorization and must-revalidate', fields: [control('max-age=60, must-revalidate')], second: 'hit' },
];
for (const one of AUTHORIZATION)
  test(one.name, () => twice({ ...one, request: [['Authorization', 'Bearer a']] }, false));

const STATUSES: Case[] = [
  { name: 'nothing given', fields: [], second: 'again' },
  { name: 'no-cache without a validator', fields: [control('no-cache')], second: 'again' },
  { name: 'Set-Cookie', fields: [control('max-age=60'), ['Set-Cookie', 'a=b']], second: 'again' },
  { name: '203', status: 203, fields: [control('max-age=60')], second: 'hit' },
  { name: '301', status: 301, fields: [control('max-age=60'), ['Location', '/']], second: 'hit' },
  { name: '302 with a lifetime', status: 302, fields: [control('max-age=60'), ['Location', '/']], second: 'hit' },
  { name: '302 without one', status: 302, fields: [['Location', '/']], second: 'again' },
  { name: '404 with a lifetime', status: 404, fields: [control('max-age=60')], second: 'hit' },
  { name: '404 without one', status: 404, fields: [], second: 'again' },
  { name: '500 with a lifetime', status: 500, fields: [control('max-age=60')], second: 'hit' },
  { name: '503 without one', status: 503, fields: [], second: 'again' },
  ...[206, 400, 408, 413, 425, 429, 431].map(
    (status): Case => ({ name: `${status} is never stored`, status, fields: [control('max-age=60')], second: 'again' }),
  ),
];
for (const one of STATUSES) test(one.name, () => twice(one, false));

test('Age is the time since the origin made the response', async () => {
  scene.on('/aged', counted([control('max-age=600'), ['Age', '100'], ['Date', httpDate(-250)]]));
  const first = Number((await scene.get('/aged')).get('age'));
  const second = Number((await scene.get('/aged')).get('age'));
  assert.ok(first >= 250 && first <= 260, `${first}`);
  assert.ok(second >= first && second <= 260, `${second}`);
});

test('fields named by private="..." and no-cache="..." are left out of what is stored', async () => {
  const fields: Field[] = [
    control('max-age=60, private="X-User", no-cache="set-cookie"'),
    ['X-User', 'anna'],
    ['Set-Cookie', 'a=b'],
    ['X-Kept', 'yes'],
  ];
  scene.on('/fields', counted(fields));
  await scene.get('/fields');
  const hit = await scene.get('/fields');
  assert.equal(cacheStatus(hit), 'lb; hit');
  assert.deepEqual([hit.get('x-user'), hit.get('set-cookie'), hit.get('x-kept')], [undefined, undefined, 'yes']);
});

test('what a stranger stored is served to whoever sends Authorization, and not the other way round', async () => {
  scene.on('/both', counted([control('max-age=60')]));
  assert.equal((await scene.get('/both', [['Authorization', 'x']])).text, '1');
  assert.equal((await scene.get('/both')).text, '2');
  assert.equal((await scene.get('/both', [['Authorization', 'x']])).text, '2');
});
