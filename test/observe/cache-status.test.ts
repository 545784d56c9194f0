// Cache-Status (RFC 9211) stands on every response, behind that of caches nearer the origin.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene, validated } from '../caching/scene.ts';
import type { RequestOptions } from '../support/client.ts';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { freePort } from '../support/origin.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const scene = await startScene({ after }, { max_request_body: 1000, timeouts: { first_byte: '200ms' } });
const nowhere = await startLb({ after }, { sites: { 'down.test': { origins: [`127.0.0.1:${await freePort()}`] } } });

scene.on('/fresh', counted([FRESH, ['ETag', '"f"']]));
scene.on(
  '/shielded',
  counted([FRESH, ['ETag', '"s"'], ['Cache-Status', 'Inner; fwd=miss'], ['Cache-Status', 'Shield; hit']]),
);
scene.on('/validated', validated([['Cache-Control', 'no-cache']]));
scene.on(
  '/changing',
  counted([
    ['Cache-Control', 'no-cache'],
    ['ETag', '"never"'],
  ]),
);
scene.on(
  '/private',
  counted([
    ['Cache-Control', 'private'],
    ['Cache-Status', 'Shield; fwd=miss'],
  ]),
);
scene.on('/empty', (_request, answer) => answer.head(204, [FRESH]));
scene.on('/resets', (_request, answer) => answer.reset());
scene.on('/hangs', () => new Promise(() => {}));

interface Case {
  name: string;
  target: string;
  fields?: Field[];
  options?: RequestOptions;
  status: number;
  cacheStatus: RegExp;
}

const LOOP: Field = ['CDN-Loop', 'lb, lb, lb, lb'];
const cases: Case[] = [
  { name: 'miss', target: '/fresh', status: 200, cacheStatus: /^lb; fwd=uri-miss; stored$/ },
  { name: 'hit', target: '/fresh', status: 200, cacheStatus: /^lb; hit$/ },
  { name: 'hit of HEAD', target: '/fresh', options: { method: 'HEAD' }, status: 200, cacheStatus: /^lb; hit$/ },
  { name: '304', target: '/fresh', fields: [['If-None-Match', '"f"']], status: 304, cacheStatus: /^lb; hit$/ },
  { name: '206', target: '/fresh', fields: [['Range', 'bytes=0-0']], status: 206, cacheStatus: /^lb; hit$/ },
  { name: '416', target: '/fresh', fields: [['Range', 'bytes=9-']], status: 416, cacheStatus: /^lb; hit/ },
  {
    name: 'miss behind others',
    target: '/shielded',
    status: 200,
    cacheStatus: /^Inner; fwd=miss, Shield; hit, lb; fwd=uri-miss; stored$/,
  },
  {
    name: 'hit behind others',
    target: '/shielded',
    status: 200,
    cacheStatus: /^Inner; fwd=miss, Shield; hit, lb; hit$/,
  },
  {
    name: '304 behind others',
    target: '/shielded',
    fields: [['If-None-Match', '*']],
    status: 304,
    cacheStatus: /^Inner; fwd=miss, Shield; hit, lb; hit$/,
  },
  { name: 'first of validated', target: '/validated', status: 200, cacheStatus: /^lb; fwd=uri-miss; stored$/ },
  { name: 'validated', target: '/validated', status: 200, cacheStatus: /^lb; fwd=stale; fwd-status=304$/ },
  { name: 'first of changing', target: '/changing', status: 200, cacheStatus: /^lb; fwd=uri-miss; stored$/ },
  { name: 'replaced', target: '/changing', status: 200, cacheStatus: /^lb; fwd=stale; (fwd-status=200; )?stored$/ },
  { name: 'not for storing', target: '/private', status: 200, cacheStatus: /^Shield; fwd=miss, lb; fwd=uri-miss$/ },
  {
    name: 'known not to be',
    target: '/private',
    status: 200,
    cacheStatus: /^Shield; fwd=miss, lb; fwd=uri-miss; detail=hit-for-miss$/,
  },
  { name: '204', target: '/empty', status: 204, cacheStatus: /^lb; fwd=uri-miss; stored$/ },
  { name: '204 stored', target: '/empty', status: 204, cacheStatus: /^lb; hit$/ },
  {
    name: 'method',
    target: '/fresh',
    options: { method: 'POST', body: 'x' },
    status: 200,
    cacheStatus: /^lb; fwd=method$/,
  },
  {
    name: 'GET with a body',
    target: '/private',
    options: { body: 'x' },
    status: 200,
    cacheStatus: /^Shield; fwd=miss, lb; fwd=bypass$/,
  },
  { name: '404 of the origin', target: '/unknown', status: 404, cacheStatus: /^lb; fwd=uri-miss$/ },
  { name: '502', target: '/resets', status: 502, cacheStatus: /^lb; fwd=uri-miss$/ },
  { name: '504', target: '/hangs', status: 504, cacheStatus: /^lb; fwd=uri-miss$/ },
  { name: '400', target: '/fresh', fields: [['Host', 'a:b:c']], status: 400, cacheStatus: /^lb; fwd=/ },
  {
    name: '413',
    target: '/fresh',
    options: { method: 'POST', body: 'x'.repeat(1001) },
    status: 413,
    cacheStatus: /^lb; fwd=/,
  },
  { name: '501', target: '/fresh', options: { method: 'NONSENSE' }, status: 501, cacheStatus: /^lb; fwd=/ },
  { name: '508', target: '/loop', fields: [LOOP], status: 508, cacheStatus: /^lb; fwd=/ },
];

for (const { name, target, fields, options, status, cacheStatus } of cases) {
  test(name, async () => {
    const response = await scene.get(target, fields, options);
    assert.equal(response.status, status, response.text);
    assert.match(response.all('cache-status').join(' + '), cacheStatus);
    assert.equal(response.all('date').length, 1);
    if (status >= 500 && status !== 501) assert.match(response.get('proxy-status') ?? '', /^lb; error=/);
    if (cacheStatus.source.includes('lb; hit')) assert.match(response.get('age') ?? '', /^\d+$/);
  });
}

test('421, and an origin that is not there', async () => {
  const ask = (host: string) => request({ after }, nowhere.port, '/', { fields: [['Host', host]] });
  const unknown = await ask('other.test');
  assert.deepEqual([unknown.status, unknown.all('cache-status').length], [421, 1]);
  const down = await ask('down.test');
  assert.deepEqual([down.status, down.get('cache-status')], [502, 'lb; fwd=uri-miss']);
  assert.match(down.get('proxy-status') ?? '', /^lb; error=connection_refused/);
});
