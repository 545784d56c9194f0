import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePurge, parsePurgeBody, parseSoftHeader } from './purge-request.ts';
import { PurgeSyntaxError } from './purge-target.ts';

const CASES: [url: string, scope: string, host: string | null, pattern: string][] = [
  ['/cache/a.css', 'url', null, '/a.css'],
  ['/cache/', 'url', null, '/'],
  ['/cache/a?', 'url', null, '/a?'],
  ['/cache/a?x=1&y=2', 'url', null, '/a?x=1&y=2'],
  ['/cache/a?host=Shop.Example', 'url', 'shop.example', '/a'],
  ['/cache/a?host=shop.example&x=1', 'url', 'shop.example', '/a?x=1'],
  ['/cache/a?x=1&host=shop.example&y', 'url', 'shop.example', '/a?x=1&y'],
  ['/cache/a?host=shop.example&', 'url', 'shop.example', '/a?'],
  ['/cache/a?host=&host=kept', 'url', null, '/a?host=kept'],
  ['/cache/a?host=one&host=two', 'url', 'one', '/a?host=two'],
  ['/cache/a?hostname=x&myhost=y', 'url', null, '/a?hostname=x&myhost=y'],
  ['/cache/a?host=shop.example:8080', 'url', 'shop.example', '/a'],
  ['/cache/a?host=shop.example%3A8080', 'url', 'shop.example', '/a'],
  ['/cache/a?host=shop.example.', 'url', 'shop.example', '/a'],
  ['/cache/a?host=[::1]:80', 'url', '[::1]', '/a'],
  ['/cache/images/*', 'pattern', null, '/images/*'],
  ['/cache/*?v=2', 'pattern', null, '/*?v=2'],
  ['/cache/*.css*', 'pattern', null, '/*.css*'],
  ['/cache/*', 'all', null, '/*'],
  ['/cache/*?host=a', 'all', 'a', '/*'],
  ['/cache/%2A', 'url', null, '/%2A'],
  ['/cache/a%2a/%2e%2E/b', 'url', null, '/a%2a/%2e%2E/b'],
  ['/cache/../../etc', 'url', null, '/../../etc'],
  ['/cache/./a/../b', 'url', null, '/./a/../b'],
  ['/cache//a//b', 'url', null, '//a//b'],
  ['/cache/cache/a', 'url', null, '/cache/a'],
  ['/cache/a?soft=1', 'url', null, '/a?soft=1'],
];

for (const [url, scope, host, pattern] of CASES) {
  test(`DELETE ${url} is ${scope} ${pattern} of ${host ?? 'any host'}`, () => {
    assert.deepEqual(parsePurge(url, {}), { scope, host, pattern, soft: false });
  });
}

for (const url of [
  '/cache/a b',
  '/cache/é',
  '/cache/a#b',
  '/cache/a\u0000',
  '/cache/a\r\nb',
  `/cache/${'a'.repeat(9_000)}`,
]) {
  test(`refuses ${JSON.stringify(url.slice(0, 20))}`, () => {
    assert.throws(() => parsePurge(url, {}), PurgeSyntaxError);
  });
}

for (const host of ['*.example', 'a/b', 'user@h', 'a b', '%zz', '%00', 'h:8a', '-']) {
  test(`refuses the host ${host}`, () => {
    assert.throws(() => parsePurge(`/cache/a?host=${encodeURI(host).replace('%25', '%')}`, {}), PurgeSyntaxError);
  });
}

const SEGMENT = fc.string({
  unit: fc.constantFrom(
    'a',
    'B',
    '.',
    '..',
    '%2e',
    '%2F',
    '%2A',
    '%25',
    '~',
    '+',
    ';',
    '@',
    ':',
    '=',
    "'",
    '(',
    '/',
    '-',
  ),
});

test('a target without a host parameter comes out byte for byte, and is never a wildcard without a star', () => {
  const query = fc.option(SEGMENT, { nil: undefined });
  fc.assert(
    fc.property(SEGMENT, query, fc.boolean(), (path, rest, soft) => {
      const target = `/${path}${rest === undefined ? '' : `?q${rest}`}`;
      assert.deepEqual(parsePurge(`/cache${target}`, { soft }), { scope: 'url', host: null, pattern: target, soft });
    }),
  );
});

test('the host can be put anywhere into the query and comes out alone', () => {
  const parameter = fc.constantFrom<string[]>('a=1', 'b', '', 'c=%20', 'hosts=x', 'host');
  fc.assert(
    fc.property(SEGMENT, fc.array(parameter, { minLength: 1 }), fc.nat(), (path, parameters, place) => {
      const sent = parameters.toSpliced(place % (parameters.length + 1), 0, 'host=h.example');
      const { host, pattern } = parsePurge(`/cache/${path}?${sent.join('&')}`, {});
      assert.equal(host, 'h.example');
      assert.equal(pattern, `/${path}?${parameters.join('&')}`);
    }),
  );
});

test('bodies', () => {
  assert.deepEqual(parsePurgeBody(''), {});
  assert.deepEqual(parsePurgeBody(' {} '), {});
  assert.deepEqual(parsePurgeBody('{"soft": true}'), { soft: true });
  for (const body of ['{', 'soft', '[]', 'null', '"x"', '{"soft":1}', '{"soft":"true"}', '{"sotf":true}']) {
    assert.throws(() => parsePurgeBody(body), PurgeSyntaxError, body);
  }
});

test('the header', () => {
  assert.deepEqual([undefined, '1', 'true', '0', 'false'].map(parseSoftHeader), [undefined, true, true, false, false]);
  assert.throws(() => parseSoftHeader('yes'), PurgeSyntaxError);
});
