import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  emptyResponseDirectives,
  MAX_DELTA_SECONDS,
  parseDeltaSeconds,
  parseRequestCacheControl,
  parseResponseCacheControl,
  type RequestDirectives,
  type ResponseDirectives,
} from './cache-control.ts';

const responses: [string, Partial<ResponseDirectives>][] = [
  ['max-age=3600', { maxAge: 3600 }],
  ['MaX-aGe=3600', { maxAge: 3600 }],
  ['max-age="3600"', { maxAge: 3600 }],
  ["max-age='3600'", { maxAge: 0 }],
  ['max-age=003600', { maxAge: 3600 }],
  ['max-age=-3600', { maxAge: 0 }],
  ['max-age=3600.0', { maxAge: 0 }],
  ['max-age=a3600', { maxAge: 0 }],
  ['max-age=3600a', { maxAge: 0 }],
  ['max-age =3600', { maxAge: 0 }],
  ['max-age= 3600', { maxAge: 0 }],
  ['max-age=', { maxAge: 0 }],
  ['max-age', { maxAge: 0 }],
  ['max-age="3600', { maxAge: 0 }],
  ['max-age="3600"x', { maxAge: 0 }],
  ['max-age=2147483647', { maxAge: 2147483647 }],
  ['max-age=2147483648', { maxAge: 2147483648 }],
  ['max-age=99999999999', { maxAge: 2147483648 }],
  ['max-age=3600, max-age=1800', { maxAge: 1800 }],
  ['max-age=1, max-age=1800', { maxAge: 1 }],
  ['max-age=1800, max-age=x', { maxAge: 0 }],
  ['extension="max-age=3600", max-age=1', { maxAge: 1 }],
  ['max-age=1, extension="max-age=3600, no-store"', { maxAge: 1 }],
  ['extension="a\\", no-store, "', {}],
  ['extension="never closed, no-store', { noStore: true }],
  ['s-maxage=10, max-age=20', { sMaxage: 10, maxAge: 20 }],
  ['No-StOrE', { noStore: true }],
  ['no-store=x', { noStore: true }],
  ['no-cache', { noCache: true }],
  ['no-cache="a, B"', { noCacheFields: ['a', 'b'] }],
  ['no-cache=a', { noCacheFields: ['a'] }],
  ['no-cache="a", no-cache', { noCache: true, noCacheFields: ['a'] }],
  ['no-cache=""', { noCache: true }],
  ['no-cache="a b"', { noCache: true }],
  ['private', { private: true }],
  ['private="set-cookie"', { privateFields: ['set-cookie'] }],
  ['public', { public: true }],
  ['public=x', {}],
  [
    'must-revalidate, proxy-revalidate, must-understand',
    { mustRevalidate: true, proxyRevalidate: true, mustUnderstand: true },
  ],
  ['immutable, no-transform', { immutable: true, noTransform: true }],
  ['stale-while-revalidate=30, stale-if-error=60', { staleWhileRevalidate: 30, staleIfError: 60 }],
  ['stale-while-revalidate=x', { staleWhileRevalidate: 0 }],
  ['foobar, max-age=3600,,', { maxAge: 3600 }],
];
for (const [value, expected] of responses) {
  test(`response Cache-Control: ${value}`, () => {
    assert.deepEqual(parseResponseCacheControl(value), { ...emptyResponseDirectives(), present: true, ...expected });
  });
}

test('a response without Cache-Control, or with an empty one, has no directives', () => {
  assert.deepEqual(parseResponseCacheControl(undefined), emptyResponseDirectives());
  assert.deepEqual(parseResponseCacheControl(' , '), emptyResponseDirectives());
});

const requests: [string | undefined, string | undefined, Partial<RequestDirectives>][] = [
  [
    'no-cache, no-store, no-transform, only-if-cached',
    undefined,
    { noCache: true, noStore: true, noTransform: true, onlyIfCached: true },
  ],
  ['max-age=0', undefined, { maxAge: 0 }],
  ['max-age=x', undefined, { maxAge: 0 }],
  ['max-age=10, max-age=5', undefined, { maxAge: 5 }],
  ['min-fresh=10, min-fresh=20', undefined, { minFresh: 20 }],
  ['min-fresh=x', undefined, { minFresh: MAX_DELTA_SECONDS }],
  ['max-stale', undefined, { maxStale: MAX_DELTA_SECONDS }],
  ['max-stale=10', undefined, { maxStale: 10 }],
  ['max-stale, max-stale=10', undefined, { maxStale: 10 }],
  ['max-stale=x', undefined, {}],
  ['stale-if-error=5', undefined, { staleIfError: 5 }],
  [undefined, 'no-cache', { noCache: true }],
  [undefined, 'No-Cache, x', { noCache: true }],
  [undefined, 'x=no-cache', {}],
  ['max-age=10', 'no-cache', { maxAge: 10 }],
];
for (const [value, pragma, expected] of requests) {
  test(`request Cache-Control: ${value}, Pragma: ${pragma}`, () => {
    const none = parseRequestCacheControl(undefined);
    assert.deepEqual(parseRequestCacheControl(value, pragma), { ...none, ...expected });
  });
}

test('delta-seconds are digits, at most 2^31', () => {
  for (const bad of ['', ' 1', '1 ', '+1', '-1', '1.0', '0x1', '１']) assert.equal(parseDeltaSeconds(bad), -1, bad);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), (seconds) => {
      const expected = seconds > 2n ** 31n ? 2 ** 31 : Number(seconds);
      assert.equal(parseDeltaSeconds(String(seconds)), expected);
    }),
  );
});

test('adding a directive never makes a response more reusable', () => {
  const directive = fc.constantFrom(
    'max-age=10',
    'max-age=x',
    's-maxage=5',
    'no-store',
    'private',
    'no-cache',
    'no-cache="a"',
    'x="',
    '"',
  );
  fc.assert(
    fc.property(fc.array(directive), directive, (some, more) => {
      const before = parseResponseCacheControl(some.filter((text) => !text.endsWith('"')).join(','));
      const after = parseResponseCacheControl([...some.filter((text) => !text.endsWith('"')), more].join(','));
      assert.ok(Number(after.noStore) >= Number(before.noStore) && Number(after.private) >= Number(before.private));
      assert.ok((after.maxAge ?? 0) <= (before.maxAge ?? MAX_DELTA_SECONDS));
    }),
  );
});

test('any text parses, with lifetimes within bounds', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'max-age=0123"\\, s\t'.split('')) }), (text) => {
      const { maxAge = 0 } = parseResponseCacheControl(text);
      assert.ok(Number.isInteger(maxAge) && maxAge >= 0 && maxAge <= MAX_DELTA_SECONDS);
    }),
  );
});
