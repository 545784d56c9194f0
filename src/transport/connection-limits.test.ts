import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createConnectionCounts } from './connection-counts.ts';
import { ConnectionLimits } from './connection-limits.ts';

const FREE = { connections: 0, connectionsPerAddress: 0 };
const TWO = { connections: 0, connectionsPerAddress: 2 };
const address = () => '192.0.2.1';

test('a cap by address that comes and goes by reloads counts what stands, and nothing else', () => {
  const limits = new ConnectionLimits(createConnectionCounts(), 1, FREE, true);
  for (let i = 0; i < 3; i++) ok(limits.opened(address));
  limits.update(TWO);
  equal(limits.opened(address), false);
  for (let i = 0; i < 4; i++) limits.closed('192.0.2.1');
  ok(limits.opened(address));
  ok(limits.opened(address));
  limits.update(FREE);
  for (let i = 0; i < 2; i++) limits.closed('192.0.2.1');
  limits.update(TWO);
  deepEqual([limits.opened(address), limits.opened(address), limits.opened(address)], [true, true, false]);
});

test('a connection counts by the address that it is known by later', () => {
  const limits = new ConnectionLimits(createConnectionCounts(), 1, TWO, true);
  for (let i = 0; i < 5; i++) ok(limits.opened());
  deepEqual(
    [1, 2, 3].map(() => limits.identified('192.0.2.1')),
    [true, true, false],
  );
  ok(limits.identified('192.0.2.2'));
  limits.closed('192.0.2.1');
  limits.closed();
  limits.closed('192.0.2.1');
  ok(limits.opened());
  ok(limits.identified('192.0.2.1'));
  equal(limits.own, 3);
});
