import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressesOf } from './census.ts';
import { ConnectionCounts, createConnectionCounts, networkOf } from './connection-counts.ts';

test('totals are those of all threads', () => {
  const memory = createConnectionCounts();
  const one = new ConnectionCounts(memory);
  const other = new ConnectionCounts(memory);
  one.add(1, 1);
  one.add(1, 1);
  other.add(2, 1);
  assert.equal(other.total(), 3);
  one.forget(1);
  assert.equal(other.total(), 1);
});

test('counts by address are never too low', () => {
  const addresses = fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1');
  fc.assert(
    fc.property(fc.array(fc.tuple(addresses, fc.boolean()), { maxLength: 60 }), (events) => {
      const counts = new ConnectionCounts(createConnectionCounts());
      const truth = new Map<string, number>();
      for (const [address, opens] of events) {
        const key = networkOf(address);
        const open = truth.get(key) ?? 0;
        if (opens) {
          truth.set(key, open + 1);
          assert.ok(counts.open(address) >= open + 1);
        } else if (open > 0) {
          truth.set(key, open - 1);
          counts.close(address);
        }
      }
      for (const [address] of events) assert.ok(counts.count(address) >= (truth.get(networkOf(address)) ?? 0));
    }),
    { numRuns: 20 },
  );
});

test('a census puts right what was not told, and keeps what comes meanwhile', () => {
  const counts = new ConnectionCounts(createConnectionCounts());
  for (let i = 0; i < 10; i++) counts.open('192.0.2.1');
  counts.correct(() => {
    counts.open('192.0.2.1');
    return ['192.0.2.1', '192.0.2.1', '192.0.2.9'];
  });
  assert.deepEqual([counts.count('192.0.2.1'), counts.count('192.0.2.9')], [3, 1]);
});

test('closing more than was opened leaves nothing below none', () => {
  const counts = new ConnectionCounts(createConnectionCounts());
  counts.close('192.0.2.1');
  assert.equal(counts.open('192.0.2.1'), 1);
});

test('what counts as one address', () => {
  assert.equal(networkOf('192.0.2.1'), '192.0.2.1');
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::');
  assert.equal(networkOf('2001:db8:0:0:ffff::'), '2001:db8:0:0::');
  assert.equal(networkOf('2001:db8:0:1:2:3:4:5'), '2001:db8:0:1::');
  assert.equal(networkOf('2001:db8:0:0:1:2:3:4'), '2001:db8:0:0::');
  assert.equal(networkOf('::1'), '0:0:0:0::');
});

test('ports are known to all threads', () => {
  const memory = createConnectionCounts();
  new ConnectionCounts(memory).setPorts([80, 443]);
  assert.deepEqual(new ConnectionCounts(memory).ports(), [80, 443]);
});

test('addresses in the tables of Linux', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1',
    '   2: 0100007F:1F90 0300007F:C350 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0',
    '   3: 0100007F:1F91 0400007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1',
    '   4: B80D0120000000000000000001000000:1F90 B80D0120000000000000000002000000:C350 08 00000000:00000000 00:0 0 0 0 4',
    '   5: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000500007F:C350 01 00000000:00000000 00:0 0 0 0 5',
  ].join('\n');
  assert.deepEqual([...addressesOf(table, new Set(['1F90']))], ['127.0.0.2', '2001:db8:0:0:0:0:0:2', '127.0.0.5']);
});
