import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyResponseDirectives, MAX_DELTA_SECONDS, type ResponseDirectives } from './cache-control.ts';
import { headerList } from './headers.ts';
import { canBeTarget, parseSurrogateControl, parseTargetedCacheControl, selectDirectives } from './targeted.ts';

const targeted: [string, Partial<ResponseDirectives> | undefined][] = [
  ['max-age=60', { maxAge: 60 }],
  ['max-age=60;x=1, foo', { maxAge: 60 }],
  ['max-age=1, max-age=60', { maxAge: 60 }],
  ['max-age=99999999999', { maxAge: MAX_DELTA_SECONDS }],
  ['max-age=-1', { maxAge: 0 }],
  ['max-age="60"', { maxAge: 0 }],
  ['max-age=60.0', { maxAge: 0 }],
  ['no-store, private=?0, must-revalidate', { noStore: true, mustRevalidate: true }],
  ['no-cache="a"', { noCache: true }],
  ['stale-while-revalidate=5', { staleWhileRevalidate: 5 }],
  ['max-age =60', undefined],
  ['MaX-aGe=60', undefined],
  ['max-age=60,', undefined],
  ['', undefined],
];
for (const [value, expected] of targeted) {
  test(`targeted: ${value}`, () => {
    const wanted = expected && { ...emptyResponseDirectives(), present: true, ...expected };
    assert.deepEqual(parseTargetedCacheControl(value), wanted);
  });
}

const surrogate: [string, Partial<ResponseDirectives> | undefined][] = [
  ['max-age=60', { maxAge: 60 }],
  ['MaX-aGe=60, foobar', { maxAge: 60 }],
  ['max-age=60+30', { maxAge: 60, staleWhileRevalidate: 30 }],
  ['max-age=99999999999', { maxAge: MAX_DELTA_SECONDS }],
  ['max-age=60;not-for-you', undefined],
  ['no-store;not-for-you', undefined],
  ['max-age=60;lb', { maxAge: 60 }],
  ['max-age=60+5;lb, max-age=9, no-store;other', { maxAge: 60, staleWhileRevalidate: 5 }],
  ['no-store;lb, max-age=9', { noStore: true }],
  ['max-age= 60', { maxAge: 0 }],
  ['no-store', { noStore: true }],
  ['content="ESI/1.0"', undefined],
];
for (const [value, expected] of surrogate) {
  test(`Surrogate-Control: ${value}`, () => {
    const wanted = expected && { ...emptyResponseDirectives(), present: true, ...expected };
    assert.deepEqual(parseSurrogateControl(value, 'lb'), wanted);
  });
}

test('the most specific valid field governs', () => {
  const headers = headerList([
    ['Cache-Control', 'max-age=1'],
    ['CDN-Cache-Control', 'max-age=2'],
    ['lb-Cache-Control', 'max-age='],
  ]);
  const { directives, targetedBy } = selectDirectives(headers, ['lb-cache-control', 'cdn-cache-control']);
  assert.deepEqual([directives.maxAge, targetedBy], [2, 'cdn-cache-control']);
  const plain = selectDirectives(headers, []);
  assert.deepEqual([plain.directives.maxAge, plain.targetedBy], [1, undefined]);
});

test('fields with a meaning of their own are no targets', () => {
  const refused =
    'cache-control expires set-cookie etag vary date location age via content-type content-length access-control-allow-origin last-modified transfer-encoding cache-tag surrogate-key';
  for (const name of refused.split(' ')) assert.equal(canBeTarget(name), false, name);
  const taken =
    'cdn-cache-control lb-cache-control surrogate-control edge-control my-cdn-cache-control x-accel-expires';
  for (const name of taken.split(' ')) assert.equal(canBeTarget(name), true, name);
});
