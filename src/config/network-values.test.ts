import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { networkTest } from '../http/networks.ts';
import { Problem } from './errors.ts';
import { parseDomain, parseNameServer, parseNetwork, parseUrl } from './network-values.ts';
import { parseStatusRange } from './statuses.ts';

/** What is read, or what is said against it. */
const read = (result: string | Problem) => (result instanceof Problem ? result.message : result);

test('networks', () => {
  for (const text of ['10.0.0.0/8', '127.0.0.1', '2001:db8::/32', '::1', '0.0.0.0/0', '::/0'])
    assert.equal(read(parseNetwork(text)), text);
  assert.equal(read(parseNetwork('[::1]')), '::1');
  assert.equal(read(parseNetwork('10.0.0.0/08')), '10.0.0.0/8');
  assert.match(read(parseNetwork('10.0.0.0/33')), /no length/);
  assert.match(read(parseNetwork('::/129')), /no length/);
  assert.match(read(parseNetwork('10.0.0.0/')), /no length/);
  assert.match(read(parseNetwork('10.0.0.0/255.0.0.0')), /mask/);
  for (const text of ['a', '10.0.0', '10.0.0.0-10.0.0.9', 'fe80::1%eth0', '/8'])
    assert.match(read(parseNetwork(text)), /no network/);
});

test('what passes for a network is one', () => {
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string());
  fc.assert(
    fc.property(text, fc.option(fc.integer({ min: 0, max: 200 })), (address, length) => {
      const result = parseNetwork(length === null ? address : `${address}/${length}`);
      if (!(result instanceof Problem)) networkTest([result])('192.0.2.1');
    }),
  );
});

test('name servers', () => {
  for (const text of ['10.0.0.2', '10.0.0.2:5353', '::1', '[::1]:53']) assert.equal(read(parseNameServer(text)), text);
  assert.equal(read(parseNameServer('[::1]')), '[::1]:53');
  assert.match(read(parseNameServer('ns.example.com')), /no name server/);
  assert.match(read(parseNameServer('10.0.0.2:0')), /out of range/);
  assert.match(read(parseNameServer('10.0.0.2:x')), /no name server/);
});

test('URLs', () => {
  assert.equal(read(parseUrl('https://a.example/b?c')), 'https://a.example/b?c');
  assert.match(read(parseUrl('ftp://a')), /no URL/);
  assert.match(read(parseUrl('https://u:p@a')), /user name/);
  assert.match(read(parseUrl('https://a/#b')), /fragment/);
});

test('domains', () => {
  assert.equal(read(parseDomain('A.Example.com')), 'a.example.com');
  assert.match(read(parseDomain('*.example.com')), /wildcards/);
  assert.match(read(parseDomain('192.0.2.1')), /is an address/);
  assert.match(read(parseDomain('::1')), /is an address/);
  assert.match(read(parseDomain('localhost')), /no public name/);
  assert.match(read(parseDomain('https://a.com/')), /is a URL/);
});

test('statuses and ranges', () => {
  assert.deepEqual(
    ['200', '200-299', '200 - 299'].map((text) => read(parseStatusRange(text))),
    ['200', '200-299', '200-299'],
  );
  for (const text of ['2xx', '20', '99', '600', '200-', '-200', '200-600'])
    assert.match(read(parseStatusRange(text)), /no status/);
  assert.match(read(parseStatusRange('299-200')), /is empty/);
});
