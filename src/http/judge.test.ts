import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResponseCacheControl } from './cache-control.ts';
import { formatHttpDate } from './date.ts';
import type { FreshnessSource } from './freshness.ts';
import { combineHeader, headerList } from './headers.ts';
import { type JudgeInput, type Judgement, type JudgePolicy, judgeResponse } from './judge.ts';
import type { StorageReason } from './storable.ts';

const NOW = Date.UTC(2026, 0, 1) / 1000;

function judge(fields: [string, string][], policy: JudgePolicy = {}, overrides: Partial<JudgeInput> = {}): Judgement {
  const headers = headerList([['Date', formatHttpDate(NOW)], ...fields]);
  const input: JudgeInput = {
    status: 200,
    headers,
    directives: parseResponseCacheControl(combineHeader(headers, 'cache-control')),
    requestMethod: 'GET',
    authorized: false,
    requestTime: NOW,
    responseTime: NOW,
    ...overrides,
  };
  return judgeResponse(input, policy);
}

const cc = (value: string): [string, string] => ['Cache-Control', value];
const expires = (delta: number): [string, string] => ['Expires', formatHttpDate(NOW + delta)];
const modified = (delta: number): [string, string] => ['Last-Modified', formatHttpDate(NOW - delta)];

type LifetimeCase = [string, [string, string][], JudgePolicy, Partial<JudgeInput>, FreshnessSource, number];

const lifetimes: LifetimeCase[] = [
  ['max-age', [cc('max-age=60')], {}, {}, 'max-age', 60],
  ['s-maxage before max-age', [cc('max-age=1, s-maxage=60')], {}, {}, 's-maxage', 60],
  ['a shorter s-maxage too', [cc('max-age=60'), cc('s-maxage=1')], {}, {}, 's-maxage', 1],
  ['max-age before Expires', [cc('max-age=60'), expires(-100)], {}, {}, 'max-age', 60],
  ['max-age=0 before Expires', [cc('max-age=0'), expires(100)], {}, {}, 'max-age', 0],
  ['max-age beside an invalid Expires', [cc('max-age=60'), ['Expires', '0']], {}, {}, 'max-age', 60],
  ['Expires', [expires(300)], {}, {}, 'expires', 300],
  ['Expires before Date', [expires(-300)], {}, {}, 'expires', 0],
  ['an invalid Expires', [['Expires', '0'], modified(86400)], {}, {}, 'expires', 0],
  ['the earlier of two Expires', [expires(300), expires(200)], {}, {}, 'expires', 200],
  ['one of two Expires invalid', [expires(300), ['Expires', 'x']], {}, {}, 'expires', 0],
  ['nothing', [], {}, {}, 'none', 0],
  ['the heuristic', [modified(1000)], {}, {}, 'heuristic', 100],
  ['the heuristic, capped', [modified(86400 * 100)], {}, {}, 'heuristic', 86400],
  ['the heuristic, switched off', [modified(1000)], { heuristic: false }, {}, 'none', 0],
  ['the heuristic, Last-Modified in the future', [modified(-1000)], {}, {}, 'none', 0],
  ['the heuristic for a status without default', [modified(1000)], {}, { status: 599 }, 'none', 0],
  [
    'the heuristic for such a status with public',
    [modified(1000), cc('public')],
    {},
    { status: 599 },
    'heuristic',
    100,
  ],
  ['404 by configuration', [], { negativeTtl: 9 }, { status: 404 }, 'negative', 9],
  ['404 with max-age', [cc('max-age=3')], { negativeTtl: 9 }, { status: 404 }, 'max-age', 3],
  ['404 with no-cache', [cc('no-cache')], { negativeTtl: 9 }, { status: 404 }, 'no-cache', 0],
  ['502 by configuration', [], { errorTtl: 9, negativeTtl: 1 }, { status: 502 }, 'error', 9],
  ['501 is no error of the moment', [], { errorTtl: 9 }, { status: 501 }, 'none', 0],
  ['Pragma', [['Pragma', 'no-cache'], modified(1000)], {}, {}, 'pragma', 0],
  ['Pragma beside Cache-Control', [['Pragma', 'no-cache'], cc('max-age=60')], {}, {}, 'max-age', 60],
  ['a rule where the origin is silent', [], { ruleTtl: 60 }, {}, 'rule', 60],
  ['a rule before the heuristic', [modified(1000)], { ruleTtl: 60 }, {}, 'rule', 60],
  ['no rule where the origin speaks', [cc('max-age=5')], { ruleTtl: 60 }, {}, 'max-age', 5],
  ['no rule over Expires', [expires(5)], { ruleTtl: 60 }, {}, 'expires', 5],
  ['no rule over no-cache', [cc('no-cache')], { ruleTtl: 60 }, {}, 'no-cache', 0],
  ['no rule for errors', [], { ruleTtl: 60 }, { status: 404 }, 'none', 0],
  ['override', [cc('max-age=5')], { ruleTtl: 60, override: true }, {}, 'rule', 60],
  ['override over no-cache', [cc('no-cache')], { ruleTtl: 60, override: true }, {}, 'rule', 60],
  ['no override of errors', [cc('max-age=5')], { ruleTtl: 60, override: true }, { status: 500 }, 'max-age', 5],
  ['no override of private', [cc('private, max-age=5')], { ruleTtl: 60, override: true }, {}, 'max-age', 5],
  ['no override of no-store', [cc('no-store, max-age=5')], { ruleTtl: 60, override: true }, {}, 'max-age', 5],
  ['force over private', [cc('private, max-age=5')], { ruleTtl: 60, override: true, force: true }, {}, 'rule', 60],
  ['a static asset', [], { autoTtl: 30 }, { staticAsset: true }, 'auto', 30],
  ['a static asset before the heuristic', [modified(1000)], { autoTtl: 30 }, { staticAsset: true }, 'auto', 30],
  ['no rule for a page under the name of an asset', [], { ruleTtl: 60 }, { pageAsAsset: true }, 'none', 0],
  ['override for such a page', [], { ruleTtl: 60, override: true }, { pageAsAsset: true }, 'rule', 60],
  ['a rule before a static asset', [], { autoTtl: 30, ruleTtl: 60 }, { staticAsset: true }, 'rule', 60],
  ['the origin before a static asset', [cc('max-age=5')], { autoTtl: 30 }, { staticAsset: true }, 'max-age', 5],
  ['no asset', [], { autoTtl: 30 }, { staticAsset: false }, 'none', 0],
  ['a targeted field: no Expires', [expires(300)], {}, { targetedBy: 'CDN-Cache-Control' }, 'none', 0],
];
for (const [name, fields, policy, overrides, source, lifetime] of lifetimes) {
  test(`lifetime: ${name}`, () => {
    const { freshness } = judge(fields, policy, overrides);
    assert.deepEqual([freshness.source, freshness.lifetime], [source, lifetime]);
  });
}

type StorageCase = [string, [string, string][], JudgePolicy, Partial<JudgeInput>, StorageReason];
const FRESH = cc('max-age=60');

const storage: StorageCase[] = [
  ['a fresh response', [FRESH], {}, {}, 'storable'],
  ['one to POST', [FRESH], {}, { requestMethod: 'POST' }, 'method'],
  ['one to HEAD', [FRESH], {}, { requestMethod: 'HEAD' }, 'method'],
  ['103', [FRESH], {}, { status: 103 }, 'interim'],
  ['400', [FRESH], {}, { status: 400 }, 'status'],
  ['413', [FRESH], {}, { status: 413 }, 'status'],
  ['431', [FRESH], {}, { status: 431 }, 'status'],
  ['206', [FRESH], {}, { status: 206 }, 'partial'],
  ['206 by a cache that joins', [FRESH], { storePartial: true }, { status: 206 }, 'storable'],
  ['302 with a lifetime', [FRESH], {}, { status: 302 }, 'storable'],
  ['302 without', [['ETag', '"a"']], {}, { status: 302 }, 'no-freshness'],
  ['500 with a lifetime', [FRESH], {}, { status: 500 }, 'storable'],
  ['599 with a lifetime', [FRESH], {}, { status: 599 }, 'storable'],
  ['599 with must-understand', [cc('max-age=60, must-understand')], {}, { status: 599 }, 'must-understand'],
  ['no-store', [cc('no-store, max-age=60')], {}, {}, 'no-store'],
  ['no-store with must-understand', [cc('no-store, must-understand, max-age=60')], {}, {}, 'storable'],
  ['no-store under override', [cc('no-store')], { ruleTtl: 9, override: true }, {}, 'no-store'],
  ['no-store under force', [cc('no-store')], { ruleTtl: 9, override: true, force: true }, {}, 'storable'],
  ['private', [cc('private, max-age=60')], {}, {}, 'private'],
  ['private with s-maxage', [cc('private, s-maxage=60')], {}, {}, 'private'],
  ['private for one field', [cc('private="x", max-age=60')], {}, {}, 'storable'],
  ['private under override', [cc('private')], { ruleTtl: 9, override: true }, {}, 'private'],
  ['private under force', [cc('private')], { ruleTtl: 9, force: true }, {}, 'storable'],
  ["the client's no-store", [FRESH], {}, { requestNoStore: true }, 'request-no-store'],
  ['Authorization', [FRESH], {}, { authorized: true }, 'authorization'],
  ['Authorization with Expires', [expires(60)], {}, { authorized: true }, 'authorization'],
  ['Authorization under a rule', [], { ruleTtl: 9, force: true }, { authorized: true }, 'authorization'],
  ['Authorization, public', [cc('max-age=60, public')], {}, { authorized: true }, 'storable'],
  ['Authorization, must-revalidate', [cc('max-age=60, must-revalidate')], {}, { authorized: true }, 'storable'],
  ['Authorization, s-maxage', [cc('s-maxage=60')], {}, { authorized: true }, 'storable'],
  ['Set-Cookie', [FRESH, ['Set-Cookie', 'a=b']], {}, {}, 'set-cookie'],
  ['Set-Cookie under force', [['Set-Cookie', 'a=b']], { ruleTtl: 9, force: true }, {}, 'set-cookie'],
  ['Set-Cookie by config', [FRESH, ['Set-Cookie', 'a=b']], { storeSetCookie: true }, {}, 'storable'],
  ['Set-Cookie kept out', [cc('max-age=60, no-cache="Set-Cookie"'), ['Set-Cookie', 'a=b']], {}, {}, 'storable'],
  ['Vary: *', [FRESH, ['Vary', 'a, *']], {}, {}, 'vary-star'],
  ['Vary: * under force', [['Vary', '*']], { ruleTtl: 9, force: true }, {}, 'vary-star'],
  ['no lifetime, with a validator', [['ETag', '"a"']], {}, {}, 'storable'],
  ['no lifetime and no validator', [], {}, {}, 'stale'],
  ['no lifetime, with stale-if-error by configuration', [], { staleIfError: 10 }, {}, 'stale'],
  ['too old, with it', [FRESH, ['Age', '61']], { staleIfError: 10 }, {}, 'storable'],
  ['404 without lifetime', [], {}, { status: 404 }, 'stale'],
  ['404 by configuration', [], { negativeTtl: 9 }, { status: 404 }, 'storable'],
  ['503 by configuration', [], { errorTtl: 9 }, { status: 503 }, 'storable'],
  ['503 by configuration, private', [cc('private')], { errorTtl: 9 }, { status: 503 }, 'private'],
  ['503 without lifetime', [], { negativeTtl: 9 }, { status: 503 }, 'no-freshness'],
  ['too old on arrival', [FRESH, ['Age', '61']], {}, {}, 'stale'],
  ['too old, with stale-if-error', [cc('max-age=60, stale-if-error=60'), ['Age', '61']], {}, {}, 'storable'],
  ['no-cache with a validator', [cc('no-cache'), ['ETag', '"a"']], {}, {}, 'storable'],
  ['no-cache without', [cc('no-cache, max-age=60')], { staleIfError: 10 }, {}, 'stale'],
];
for (const [name, fields, policy, overrides, reason] of storage) {
  test(`storage: ${name} -> ${reason}`, () => {
    const judgement = judge(fields, policy, overrides);
    assert.equal(judgement.storage.reason, reason);
    assert.equal(judgement.storage.storable, reason === 'storable');
    assert.notEqual(judgement.storage.detail, '');
  });
}

test('freshness ends at the lifetime less the age on arrival', () => {
  const judgement = judge([FRESH, ['Age', '20']]);
  assert.equal(judgement.freshUntil, NOW + 40);
  assert.equal(judgement.born, NOW - 20);
});

test("a rule's lifetime counts from the arrival, and Age tells the age all the same", () => {
  const judgement = judge([['Age', '20']], { ruleTtl: 10 });
  assert.equal(judgement.freshUntil, NOW + 10);
  assert.equal(judgement.born, NOW - 20);
});

test('Date in the past ages a response, a wrong Date does not', () => {
  const late = headerList([['Date', formatHttpDate(NOW - 7200)], FRESH]);
  assert.equal(
    judge([], {}, { headers: late, directives: parseResponseCacheControl('max-age=3600') }).freshUntil,
    NOW - 3600,
  );
  const wrong = headerList([['Date', 'foo'], expires(10)]);
  assert.equal(
    judge([], {}, { headers: wrong, directives: parseResponseCacheControl(undefined) }).freshUntil,
    NOW + 10,
  );
});

const stale: [string, JudgePolicy, boolean, number, number][] = [
  ['max-age=1', {}, true, 0, 0],
  ['max-age=1, stale-while-revalidate=5, stale-if-error=6', {}, true, 5, 6],
  ['s-maxage=1, stale-while-revalidate=5', {}, false, 5, 0],
  ['max-age=1, must-revalidate, stale-while-revalidate=5', {}, false, 0, 0],
  ['max-age=1, proxy-revalidate, stale-if-error=5', {}, false, 0, 0],
  ['max-age=1, no-cache, stale-if-error=5', {}, false, 0, 0],
  ['max-age=1, no-cache', { ruleTtl: 5, override: true }, true, 0, 0],
];
for (const [value, policy, allowed, whileRevalidate, ifError] of stale) {
  test(`stale use: ${value}${policy.override === true ? ', overridden' : ''}`, () => {
    const judgement = judge([cc(value)], policy);
    assert.equal(judgement.mayServeStale, allowed);
    assert.equal(judgement.staleWhileRevalidate, whileRevalidate);
    assert.equal(judgement.staleIfError, ifError);
  });
}

test('fields named by no-cache and private are told, and validators', () => {
  const judgement = judge([cc('no-cache="a", private="b"'), ['ETag', 'W/"x"'], modified(10)]);
  assert.deepEqual(judgement.omitFields, ['b', 'a']);
  assert.equal(judgement.alwaysRevalidate, false);
  assert.deepEqual([judgement.etag, judgement.lastModified], ['W/"x"', formatHttpDate(NOW - 10)]);
});

test('whatever the headers and the config, nothing forbidden is stored', () => {
  const directive = fc.constantFrom(
    'max-age=60',
    's-maxage=60',
    'private',
    'no-store',
    'no-cache',
    'public',
    'must-revalidate',
    'x',
  );
  const policy = fc.record(
    {
      ruleTtl: fc.constant(60),
      override: fc.boolean(),
      force: fc.boolean(),
      autoTtl: fc.constant(60),
      staleIfError: fc.constant(60),
    },
    { requiredKeys: [] },
  );
  const overrides = fc.record({
    authorized: fc.boolean(),
    staticAsset: fc.boolean(),
    status: fc.constantFrom(200, 302, 400, 404, 500),
  });
  const cookie = fc.boolean();
  fc.assert(
    fc.property(fc.uniqueArray(directive), policy, overrides, cookie, (directives, rules, request, setsCookie) => {
      const fields: [string, string][] = setsCookie ? [['Set-Cookie', 'a=b']] : [];
      const value = directives.join(', ');
      const { storage } = judge([cc(value), ...fields], rules, request);
      if (!storage.storable) return;
      const forced = rules.force === true && rules.ruleTtl !== undefined && request.status === 200;
      assert.ok(forced || !/private|no-store/.test(value), value);
      assert.ok(!request.authorized || /public|must-revalidate|s-maxage/.test(value), value);
      assert.ok(!setsCookie && request.status !== 400);
    }),
  );
});
