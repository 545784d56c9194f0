import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentReads } from './recent.ts';

const MB = 1 << 20;

test('what is read again before as much as memory holds was read in between is recent', () => {
  const recent = new RecentReads(16 * MB);
  assert.equal(recent.use(1, 2, 64 << 10), false);
  assert.equal(recent.use(1, 2, 64 << 10), true);
  assert.equal(recent.use(1, 3, 64 << 10), false, 'both words count');
  for (let i = 0; i < 200; i++) assert.equal(recent.use(2 + i, 7, 64 << 10), false);
  assert.equal(recent.use(1, 3, 64 << 10), true);
  for (let i = 0; i < 300; i++) recent.use(2 + i, 8, 64 << 10);
  assert.equal(recent.use(1, 3, 64 << 10), false);
});

test('a scan has nothing recent, and the count of bytes may wrap', () => {
  const recent = new RecentReads(16 * MB);
  for (let i = 1; i < 3 * 2 ** 14; i++) assert.equal(recent.use(i, -i, 256 << 10), false);
  assert.equal(recent.use(5, -5, MB), false);
  assert.equal(recent.use(5, -5, MB), true);
});
