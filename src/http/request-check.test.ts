import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from './framing.ts';
import { type HeaderList, headerList } from './headers.ts';
import { checkRequest, type RequestHead } from './request-check.ts';

const HOST: [string, string] = ['Host', 'example.com'];

function request(headers: [string, string][] = [], overrides: Partial<RequestHead> = {}): RequestHead {
  return { method: 'GET', target: '/', headers: headerList([HOST, ...headers]), ...overrides };
}

function statusOf(head: RequestHead): number {
  const result = checkRequest(head);
  return isRefusal(result) ? result.status : 0;
}

const framings: [string, [string, string][], number][] = [
  ['a plain length', [['Content-Length', '5']], 0],
  ['a length of 0', [['Content-Length', '0']], 0],
  ['the greatest length', [['Content-Length', '9007199254740991']], 0],
  ['a signed length', [['Content-Length', '+1']], 400],
  ['a negative length', [['Content-Length', '-1']], 400],
  ['a hexadecimal length', [['Content-Length', '0x10']], 400],
  ['an empty length', [['Content-Length', '']], 400],
  ['a list of lengths', [['Content-Length', '5, 5']], 400],
  ['a length with a space', [['Content-Length', '5 5']], 400],
  ['a decimal length', [['Content-Length', '5.0']], 400],
  ['an exponent', [['Content-Length', '1e3']], 400],
  ['an overflowing length', [['Content-Length', '9007199254740992']], 400],
  ['a length of 64 bits and more', [['Content-Length', '18446744073709551617']], 400],
  ['a length of many digits', [['Content-Length', '1'.repeat(400)]], 400],
  [
    'two different lengths',
    [
      ['Content-Length', '5'],
      ['Content-Length', '6'],
    ],
    400,
  ],
  [
    'two equal lengths',
    [
      ['Content-Length', '5'],
      ['Content-Length', '5'],
    ],
    400,
  ],
  ['chunked', [['Transfer-Encoding', 'chunked']], 0],
  ['chunked in capitals', [['Transfer-Encoding', 'Chunked']], 0],
  [
    'length and chunked',
    [
      ['Content-Length', '5'],
      ['Transfer-Encoding', 'chunked'],
    ],
    400,
  ],
  ['an unknown coding', [['Transfer-Encoding', 'xchunked']], 501],
  ['identity', [['Transfer-Encoding', 'identity']], 501],
  ['gzip, chunked', [['Transfer-Encoding', 'gzip, chunked']], 501],
  ['chunked, gzip', [['Transfer-Encoding', 'chunked, gzip']], 400],
  ['chunked twice', [['Transfer-Encoding', 'chunked, chunked']], 400],
  [
    'chunked on two lines',
    [
      ['Transfer-Encoding', 'chunked'],
      ['Transfer-Encoding', 'chunked'],
    ],
    400,
  ],
  ['an empty coding', [['Transfer-Encoding', '']], 400],
  ['an empty member', [['Transfer-Encoding', ', chunked']], 400],
  ['a vertical tab before chunked', [['Transfer-Encoding', '\u000bchunked']], 400],
  ['a no-break space after chunked', [['Transfer-Encoding', 'chunked\u00a0']], 501],
  ['quoted chunked', [['Transfer-Encoding', '"chunked"']], 501],
];
for (const [name, headers, status] of framings) {
  test(`framing: ${name}`, () => assert.equal(statusOf(request(headers)), status));
}

test('the body kind and length are told', () => {
  const kindOf = (headers: [string, string][]): unknown => {
    const result = checkRequest(request(headers));
    return isRefusal(result) ? result : [result.bodyKind, result.contentLength];
  };
  assert.deepEqual(kindOf([]), ['none', 0]);
  assert.deepEqual(kindOf([['Content-Length', '007']]), ['length', 7]);
  assert.deepEqual(kindOf([['Transfer-Encoding', 'chunked']]), ['chunked', -1]);
});

test('Transfer-Encoding belongs to HTTP/1.1', () => {
  for (const version of ['1.0', '2', '3'] as const) {
    assert.equal(statusOf(request([['Transfer-Encoding', 'chunked']], { version })), 400);
  }
});

const heads: [string, RequestHead, number][] = [
  ['no Host', request([], { headers: [] }), 400],
  ['two Hosts', request([HOST]), 400],
  ['an empty Host', request([], { headers: ['host', ''] }), 400],
  ['a Host with two ports', request([], { headers: ['host', 'a:80:90'] }), 400],
  ['a Host with userinfo', request([], { headers: ['host', 'user@a'] }), 400],
  ['a Host with a path', request([], { headers: ['host', 'a/b'] }), 400],
  ['a Host list', request([], { headers: ['host', 'a, b'] }), 400],
  ['a method that is no token', request([], { method: 'GE T' }), 400],
  ['an empty method', request([], { method: '' }), 400],
  ['a nonsense method', request([], { method: 'NONSENSE' }), 501],
  ['a lowercase method', request([], { method: 'get' }), 501],
  ['CONNECT', request([], { method: 'CONNECT', target: 'a:443' }), 501],
  ['a WebDAV method', request([], { method: 'PROPFIND' }), 0],
  ['NUL in the path', request([], { target: '/a\u0000' }), 400],
  ['CR in the path', request([], { target: '/a\rb' }), 400],
  ['a space in the path', request([], { target: '/a b' }), 400],
  ['DEL in the path', request([], { target: '/\u007f' }), 400],
  ['a fragment', request([], { target: '/a#b' }), 400],
  ['bytes above ASCII in the path', request([], { target: '/caf\u00e9' }), 0],
  ['a character above latin1 in the path', request([], { target: '/\u0100' }), 400],
  ['an empty target', request([], { target: '' }), 400],
  ['a relative target', request([], { target: 'a/b' }), 400],
  ['an authority form', request([], { target: 'example.com:80' }), 400],
  ['the asterisk form', request([], { target: '*', method: 'OPTIONS' }), 0],
  ['the asterisk form of GET', request([], { target: '*' }), 400],
  ['the absolute form', request([], { target: 'http://EXAMPLE.com:80/a' }), 0],
  ['an absolute form without path', request([], { target: 'http://example.com?a' }), 0],
  ['an absolute form of another host', request([], { target: 'http://other.example/a' }), 400],
  ['an absolute form of another port', request([], { target: 'http://example.com:81/a' }), 400],
  ['an absolute form with userinfo', request([], { target: 'http://user@example.com/' }), 400],
  ['an absolute form of another scheme', request([], { target: 'ftp://example.com/' }), 400],
  ['a long target', request([], { target: `/${'a'.repeat(8192)}` }), 414],
  ['a large header section', request([['X', 'a'.repeat(33_000)]]), 431],
  ['many header lines', request(new Array(129).fill(['X', 'a'])), 431],
  ['a name with a space', request([], { headers: ['host', 'a', 'content-length ', '5'] }), 400],
  ['an empty name', request([], { headers: ['host', 'a', '', '5'] }), 400],
  ['a value with a line feed', request([], { headers: ['host', 'a', 'x', 'a\nb: c'] }), 400],
  ['a value with NUL', request([], { headers: ['host', 'a', 'x', '\u0000'] }), 400],
  ['an expectation', request([['Expect', '100-Continue']]), 0],
  ['another expectation', request([['Expect', 'miracle']]), 417],
  [':authority alone', request([], { headers: [], authority: 'a.example', version: '2' }), 0],
  [':authority beside the same Host', request([], { authority: 'example.com:443', secure: true, version: '2' }), 0],
  [':authority beside another Host', request([], { authority: 'a.example', version: '2' }), 400],
  [':authority with userinfo', request([], { headers: [], authority: 'u@a', version: '2' }), 400],
];
for (const [name, head, status] of heads) test(`head: ${name}`, () => assert.equal(statusOf(head), status));

test('the target is taken apart as sent', () => {
  const result = checkRequest(request([], { target: '/a%2f//../b?x=1?&y' }));
  assert.ok(!isRefusal(result));
  assert.equal(result.target.path, '/a%2f//../b');
  assert.equal(result.target.query, 'x=1?&y');
  assert.deepEqual(result.host, { host: 'example.com', port: -1 });
});

test('any input is answered with a verdict, and what passes has one Host and one framing', () => {
  const name = fc.constantFrom('host', 'content-length', 'transfer-encoding', 'x');
  const value = fc.constantFrom('a', '5', '6', 'chunked', 'gzip', '', 'a:80', 'chunked, chunked', '5, 5');
  const headers = fc.array(fc.tuple(name, value)).map((pairs): HeaderList => pairs.flat());
  const head = fc.record({
    method: fc.constantFrom('GET', 'POST', 'X Y'),
    target: fc.string({ unit: 'binary' }),
    headers,
  });
  fc.assert(
    fc.property(head, fc.boolean(), (generated, slash) => {
      const target = slash ? '/' : generated.target;
      const result = checkRequest({ ...generated, target });
      if (isRefusal(result)) return;
      const count = (wanted: string) => generated.headers.filter((text, i) => i % 2 === 0 && text === wanted).length;
      assert.equal(count('host'), 1);
      assert.ok(count('content-length') + count('transfer-encoding') <= 1);
      assert.equal(result.bodyKind === 'none', count('content-length') + count('transfer-encoding') === 0);
    }),
  );
});
