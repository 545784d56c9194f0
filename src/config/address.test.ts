import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, formatOrigin, isLoopback, parseHostPattern, parseListen, parseOrigin } from './address.ts';
import { Problem } from './errors.ts';

test('addresses to listen on', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['0.0.0.0:8080', '0.0.0.0:8080'],
    [':8080', '0.0.0.0:8080'],
    ['8080', '0.0.0.0:8080'],
    ['*:80', '0.0.0.0:80'],
    ['[::]:80', '[::]:80'],
    ['LocalHost:0', 'localhost:0'],
  ];
  for (const [text, address] of cases) {
    const parsed = parseListen(text);
    assert.ok(!(parsed instanceof Problem), text);
    assert.equal(formatAddress(parsed), address);
  }
  for (const text of [
    '',
    ':',
    'a',
    'a:',
    'a:b',
    '1.2.3:80',
    '::1',
    '[::1]',
    '[x]:80',
    '-a:80',
    '0.0.0.0:65536',
    'unix:/x',
  ])
    assert.ok(parseListen(text) instanceof Problem, text);
});

test('origins', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['example.com:443', 'https://example.com:443'],
    ['example.com:80', 'http://example.com:80'],
    ['my_app:3000', 'http://my_app:3000'],
    ['http://example.com', 'http://example.com:80'],
    ['https://Example.com/', 'https://example.com:443'],
    ['https://example.com:8443', 'https://example.com:8443'],
    ['http://example.com:443', 'http://example.com:443'],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]:443'],
    ['http://[::1]', 'http://[::1]:80'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['example.com.:80', 'http://example.com:80'],
  ];
  for (const [text, url] of cases) {
    const parsed = parseOrigin(text);
    assert.ok(!(parsed instanceof Problem), text);
    assert.equal(formatOrigin(parsed), url);
  }
  for (const text of [
    '',
    'a',
    ':80',
    'a:0',
    'http://',
    'http://a:0',
    'http://a/b',
    'a:80/b',
    'a b:80',
    'http://u@a',
    '//a:80',
    'https://::1',
  ])
    assert.ok(parseOrigin(text) instanceof Problem, text);
});

test('hosts of a site', () => {
  assert.equal(parseHostPattern('*'), '*');
  assert.equal(parseHostPattern('Example.COM'), 'example.com');
  assert.equal(parseHostPattern('*.Example.com'), '*.example.com');
  assert.equal(parseHostPattern('[2001:DB8::0:1]'), '[2001:db8::1]');
  for (const text of ['', '**', 'a.*', '*a.com', '*.', 'a.com:80', 'http://a.com', 'a b'])
    assert.ok(parseHostPattern(text) instanceof Problem, text);
});

test('loopback', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) assert.equal(isLoopback(host), true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.com']) assert.equal(isLoopback(host), false);
});

test('any text is an address or a problem within the text', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('a', '1', '.', ':', '[', ']', '/', '*', '@', '-', 'h') }),
  );
  fc.assert(
    fc.property(text, (input) => {
      for (const parse of [parseListen, parseOrigin, parseHostPattern]) {
        const parsed = parse(input);
        if (parsed instanceof Problem) assert.ok((parsed.at ?? 0) <= input.length, `${input} at ${parsed.at}`);
      }
    }),
  );
});
