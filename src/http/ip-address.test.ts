import { equal } from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainAddress } from './ip-address.ts';

test('one address is one text', () => {
  for (const [text, plain] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:FFFF:C000:0201', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    ['::', '::'],
    ['::1.2.3.4', '::102:304'],
    ['fe80::1%eth0', ''],
    ['192.0.2.256', ''],
    ['site.test', ''],
    ['', ''],
  ]) {
    equal(plainAddress(text), plain, text);
  }
});

test('whatever Node takes for an address is one, and stays what it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const plain = plainAddress(text);
      return isIP(plain) !== 0 && plainAddress(plain) === plain;
    }),
  );
});
