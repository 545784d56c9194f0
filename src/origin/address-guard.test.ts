import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isProhibited } from './address-guard.ts';

const PROHIBITED =
  '0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.0.1 169.254.169.254 172.16.0.1 ' +
  '172.31.255.255 192.168.0.1 192.0.0.192 198.18.0.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 ' +
  ':: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 0:0:0:0:0:ffff:a00:1 ' +
  'fe80::1 fe80::1%eth0 febf::1 fec0::1 fc00::1 fd00:ec2::254 fdff::1 ff02::1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 ' +
  '64:ff9b:1::1 2002:7f00:1::1 2002:a00:1:: 2002:a9fe:a9fe::1 2001:0:1:2::3 100::1';

const PUBLIC =
  '1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.0.1 ' +
  '169.255.0.1 172.15.255.255 172.32.0.1 192.167.0.1 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 ' +
  '2001:4860:4860::8888 2a00::1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1';

test('addresses that strangers may not reach', () => {
  for (const address of PROHIBITED.split(' ')) assert.equal(isProhibited(address), true, address);
  for (const address of PUBLIC.split(' ')) assert.equal(isProhibited(address), false, address);
  for (const text of ['', 'localhost', '127.1', '0x7f.1', '2130706433']) assert.equal(isProhibited(text), true, text);
});

test('an IPv4 address counts as itself in each form that holds it', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), ([a, b, c, d]) => {
      const plain = `${a}.${b}.${c}.${d}`;
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      const forms = [`::ffff:${plain}`, `::ffff:${hex}`, `64:ff9b::${plain}`, `2002:${hex}::1`];
      for (const form of forms) assert.equal(isProhibited(form), isProhibited(plain), form);
    }),
  );
});
