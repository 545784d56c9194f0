import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkTest } from './networks.ts';

test('addresses and networks of both families', () => {
  const within = networkTest(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);
  for (const address of ['10.1.2.3', '192.0.2.7', '2001:db8:1::9', '::1', '::ffff:10.0.0.1']) {
    assert.ok(within(address), address);
  }
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::2', '', 'host', '10.1.2.3:80', 'unix:']) {
    assert.ok(!within(address), address);
  }
});

test('no network holds no address', () => {
  assert.ok(!networkTest([])('127.0.0.1'));
});
