import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerList } from './headers.ts';
import { invalidatedTargets } from './invalidation.ts';
import { headersOf304, headersToStore, updateStoredHeaders, validationHeaders } from './stored-headers.ts';

test('hop-by-hop, nominated and omitted fields are not stored', () => {
  const headers = headerList([
    ['Connection', 'a'],
    ['A', '1'],
    ['Set-Cookie', 'x=y'],
    ['Transfer-Encoding', 'chunked'],
    ['B', '2'],
  ]);
  assert.deepEqual(headersToStore(headers, ['set-cookie']), ['b', '2']);
  assert.deepEqual(headersToStore(headers), ['set-cookie', 'x=y', 'b', '2']);
});

test('a 304 replaces all but what is bound to the body', () => {
  const stored = headerList([
    ['ETag', '"a"'],
    ['Content-Length', '5'],
    ['Content-Encoding', 'gzip'],
    ['Cache-Control', 'max-age=1'],
    ['Age', '7'],
    ['Link', 'a'],
    ['Link', 'b'],
    ['Kept', '1'],
  ]);
  const fresh = headerList([
    ['ETag', '"b"'],
    ['Content-Length', '0'],
    ['Content-Encoding', 'br'],
    ['Cache-Control', 'max-age=2'],
    ['Link', 'c'],
    ['New', '1'],
  ]);
  assert.deepEqual(updateStoredHeaders(stored, fresh), [
    ...['etag', '"a"', 'content-length', '5', 'content-encoding', 'gzip', 'kept', '1'],
    ...['cache-control', 'max-age=2', 'link', 'c', 'new', '1'],
  ]);
});

test('a 304 says what its client may need and no more', () => {
  const stored = headerList([
    ['Content-Type', 'text/css'],
    ['Content-Length', '5'],
    ['Content-Location', '/a'],
    ['ETag', '"a"'],
    ['Vary', 'accept'],
  ]);
  assert.deepEqual(headersOf304(stored), ['content-location', '/a', 'etag', '"a"', 'vary', 'accept']);
});

test('validators become conditions', () => {
  const date = 'Sat, 29 Oct 1994 19:43:31 GMT';
  assert.deepEqual(validationHeaders(['etag', 'W/"a"', 'last-modified', date]), [
    'if-none-match',
    'W/"a"',
    'if-modified-since',
    date,
  ]);
  assert.deepEqual(validationHeaders(['etag', '']), []);
});

const URI = 'http://a.example/x/y?q=1';

const cases: [string, number, [string, string][], string[]][] = [
  ['POST', 200, [], ['/x/y?q=1']],
  ['PURGE', 204, [], ['/x/y?q=1']],
  ['GET', 200, [['Location', '/z']], []],
  ['OPTIONS', 200, [], []],
  ['POST', 500, [['Location', '/z']], []],
  ['POST', 404, [], []],
  ['PUT', 302, [['Location', '/z?a#b']], ['/x/y?q=1', '/z?a']],
  [
    'DELETE',
    201,
    [
      ['Content-Location', 'z'],
      ['Location', 'http://A.example:80/w'],
    ],
    ['/x/y?q=1', '/w', '/x/z'],
  ],
  ['POST', 200, [['Location', 'http://b.example/z']], ['/x/y?q=1']],
  ['POST', 200, [['Location', 'https://a.example/z']], ['/x/y?q=1']],
  ['POST', 200, [['Location', 'http://a.example:81/z']], ['/x/y?q=1']],
  ['POST', 200, [['Location', 'http://[/z']], ['/x/y?q=1']],
  ['POST', 200, [['Location', '/x/y?q=1']], ['/x/y?q=1']],
];
for (const [method, status, fields, expected] of cases) {
  test(`${method} ${status} ${JSON.stringify(fields)} invalidates ${expected.join(' ')}`, () => {
    const targets = invalidatedTargets(method, URI, status, headerList(fields));
    assert.deepEqual(
      targets.map(({ path, query }) => (query === undefined ? path : `${path}?${query}`)),
      expected,
    );
  });
}

test("the request's own target is invalidated as it was sent", () => {
  const targets = invalidatedTargets('POST', 'http://a.example/%7Ea/../b', 200, []);
  assert.deepEqual(targets, [{ path: '/%7Ea/../b', query: undefined }]);
});
