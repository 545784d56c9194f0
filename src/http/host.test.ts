import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHost, parseHost, sameHost } from './host.ts';
import { parseIpv6 } from './ipv6.ts';

const good: [string, string, number][] = [
  ['Example.COM', 'example.com', -1],
  ['example.com.', 'example.com', -1],
  ['example.com:8080', 'example.com', 8080],
  ['example.com:', 'example.com', -1],
  ['localhost', 'localhost', -1],
  ['a_b.example', 'a_b.example', -1],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example', -1],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]', '[::1]', -1],
  ['[2001:DB8:0:0:0:0:0:1]:443', '[2001:db8::1]', 443],
  ['[::ffff:1.2.3.4]', '[::ffff:102:304]', -1],
];
for (const [value, host, port] of good) test(`host ${value}`, () => assert.deepEqual(parseHost(value), { host, port }));

const bad = [
  ...[
    '',
    ':80',
    'a:80:90',
    'user@a',
    'user:pw@a',
    'a/b',
    'a b',
    ' a',
    'a?b',
    'a#b',
    'a\\b',
    'a,b',
    'a..b',
    '.a',
    '-a.b',
  ],
  ...[
    'a:0',
    'a:65536',
    'a:+80',
    'a:8o',
    'a:000080',
    'a%20b',
    'caf\u00e9',
    'a\u0000',
    '::1',
    '[::1',
    '[::1]x',
    '[::1%25eth0]',
  ],
  ...['[1.2.3.4]', '[v1.a]', '[]', `${'a'.repeat(64)}.b`, 'a.'.repeat(140)],
];
for (const value of bad) test(`no host: ${value.slice(0, 30)}`, () => assert.equal(parseHost(value), undefined));

test('hosts are written and compared with their default port', () => {
  assert.equal(formatHost({ host: 'a', port: 443 }, 443), 'a');
  assert.equal(formatHost({ host: 'a', port: 8443 }, 443), 'a:8443');
  assert.equal(sameHost({ host: 'a', port: -1 }, { host: 'a', port: 80 }, 80), true);
  assert.equal(sameHost({ host: 'a', port: -1 }, { host: 'a', port: 80 }, 443), false);
});

test('a parsed host parses to itself', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((address) => `[${address}]`),
      ),
      (text) => {
        const host = parseHost(text);
        assert.ok(host !== undefined, text);
        assert.deepEqual(parseHost(host.host), host);
      },
    ),
  );
});

test('IPv6 is recognised as the system does', () => {
  const group = fc.constantFrom('', '0', '1', 'ffff', 'a0', '1.2.3.4', '12345', '256.1.1.1', 'g', '01.2.3.4');
  fc.assert(
    fc.property(fc.array(group, { maxLength: 9 }), (groups) => {
      const text = groups.join(':');
      const address = parseIpv6(text);
      assert.equal(address !== undefined, isIPv6(text), text);
      if (address !== undefined) assert.equal(new URL(`http://[${text}]/`).hostname, `[${address}]`);
    }),
    { numRuns: 2000 },
  );
});
