import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFieldValue, isToken } from './chars.ts';
import {
  combineHeader,
  compactList,
  getAllHeaders,
  getHeader,
  headerBlockBytes,
  headerList,
  listHasToken,
  splitList,
  withHeader,
} from './headers.ts';
import { connectionOptions, stripHopByHop } from './hop-by-hop.ts';

const list = headerList([
  ['Accept', 'a'],
  ['X-Two', ' 1\t'],
  ['X-Two', '2'],
]);

test('header lists are read by lowercase name', () => {
  assert.equal(getHeader(list, 'accept'), 'a');
  assert.equal(getHeader(list, 'x-two'), '1');
  assert.equal(getHeader(list, 'missing'), undefined);
  assert.deepEqual(getAllHeaders(list, 'x-two'), ['1', '2']);
  assert.equal(combineHeader(list, 'x-two'), '1, 2');
  assert.deepEqual(withHeader(list, 'x-two', '3'), ['accept', 'a', 'x-two', '3']);
  assert.deepEqual(withHeader(list, 'accept', undefined), ['x-two', '1', 'x-two', '2']);
  assert.equal(headerBlockBytes(['ab', 'c']), 'ab: c\r\n'.length);
});

const lists: [string, string[]][] = [
  ['a, b ,\tc', ['a', 'b', 'c']],
  ['', []],
  [', ,a,,', ['a']],
  ['a="x, y", b', ['a="x, y"', 'b']],
  ['a="x\\", y", b', ['a="x\\", y"', 'b']],
  ['a="never closed, b', ['a="never closed', 'b']],
];
for (const [value, members] of lists) test(`splitList(${value})`, () => assert.deepEqual(splitList(value), members));

test('splitList gives back what was joined', () => {
  const member = fc.stringMatching(/^[a-z0-9]{1,5}(="[a-z, ]{0,6}")?$/);
  fc.assert(fc.property(fc.array(member), (members) => assert.deepEqual(splitList(members.join(' , ')), members)));
});

test('compactList leaves quoted text alone', () => assert.equal(compactList(' a ,  b="x , y",'), 'a,b="x , y"'));

test('listHasToken compares whole members without case', () => {
  assert.equal(listHasToken('Foo, BAR', 'bar'), true);
  assert.equal(listHasToken('foobar', 'bar'), false);
  assert.equal(listHasToken(undefined, 'bar'), false);
});

test('tokens and field values', () => {
  for (const good of ['a', 'X-Y', "!#$%&'*+-.^_`|~09"]) assert.equal(isToken(good), true, good);
  for (const bad of ['', 'a b', 'a:', 'é', 'a\u0000', '"a"', 'a/b']) assert.equal(isToken(bad), false, bad);
  for (const good of ['', 'a b\tc', 'caf\u00e9']) assert.equal(isFieldValue(good), true, good);
  for (const bad of ['\r', 'a\nb', '\u0000', '\u007f', '\u0100', '\u001b']) assert.equal(isFieldValue(bad), false, bad);
});

test('hop-by-hop and nominated fields go', () => {
  const headers = headerList([
    ['Connection', 'close, A'],
    ['connection', '"quoted", b'],
    ['A', '1'],
    ['B', '2'],
    ['C', '3'],
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authenticate', 'Basic'],
    ['Proxy-Authorization', 'x'],
    ['Proxy-Authentication-Info', 'x'],
    ['TE', 'trailers'],
    ['Trailer', 'x'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'x'],
  ]);
  assert.deepEqual(connectionOptions(headers), ['close', 'a', 'b']);
  assert.deepEqual(stripHopByHop(headers), ['c', '3']);
});

test('Connection cannot take end-to-end fields away', () => {
  const kept = [
    'host',
    'content-length',
    'cache-control',
    'authorization',
    'cookie',
    'set-cookie',
    'vary',
    'cdn-loop',
    'x-forwarded-for',
  ];
  const headers = headerList([['Connection', kept.join(', ')], ...kept.map((name): [string, string] => [name, '1'])]);
  assert.deepEqual(
    stripHopByHop(headers),
    kept.flatMap((name) => [name, '1']),
  );
});
