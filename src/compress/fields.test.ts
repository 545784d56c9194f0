import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { confirmedFields, recodedFields, variedFields, weakTag } from './fields.ts';

test('fields of the bytes go, the tag becomes weak, and others stay', () => {
  const headers = [
    ...['content-type', 'text/css', 'content-encoding', 'gzip', 'etag', '"a"', 'content-length', '7'],
    ...['content-md5', 'x', 'digest', 'x', 'repr-digest', 'x', 'content-digest', 'x', 'accept-ranges', 'bytes'],
    ...['last-modified', 'x', 'set-cookie', 'a', 'set-cookie', 'b', 'link', '<a>'],
  ];
  const kept = [
    'content-type',
    'text/css',
    'etag',
    'W/"a"',
    'last-modified',
    'x',
    'set-cookie',
    'a',
    'set-cookie',
    'b',
  ];
  const all = [...kept, 'link', '<a>'];
  deepEqual(recodedFields(headers, undefined), [...all, 'vary', 'Accept-Encoding']);
  deepEqual(recodedFields(headers, 'br'), [...all, 'content-encoding', 'br', 'vary', 'Accept-Encoding']);
});

test('Vary names Accept-Encoding once', () => {
  deepEqual(variedFields([]), ['vary', 'Accept-Encoding']);
  deepEqual(variedFields(['vary', 'a', 'x', 'y', 'vary', 'b']), ['x', 'y', 'vary', 'a, b, Accept-Encoding']);
  for (const vary of ['*', 'accept-encoding', 'Origin, ACCEPT-ENCODING']) {
    const headers = ['vary', vary];
    equal(variedFields(headers), headers);
  }
});

test('tags that are none stay as they are', () => {
  equal(weakTag('"a"'), 'W/"a"');
  for (const tag of ['W/"a"', 'a', '']) equal(weakTag(tag), tag);
});

test('a 304 names the tag that its client has', () => {
  const headers = ['etag', '"a"', 'date', 'x'];
  const weakened = ['date', 'x', 'etag', 'W/"a"', 'vary', 'Accept-Encoding'];
  deepEqual(confirmedFields(headers, 'W/"a"'), weakened);
  deepEqual(confirmedFields(headers, '"b", W/"a"'), weakened);
  equal(confirmedFields(headers, '"a"'), headers);
  equal(confirmedFields(headers, 'W/"a", "a"'), headers);
  equal(confirmedFields(headers, ''), headers);
  const weak = ['etag', 'W/"a"'];
  equal(confirmedFields(weak, 'W/"a"'), weak);
});
