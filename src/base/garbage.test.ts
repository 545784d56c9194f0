import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { countPassing } from './garbage.ts';

test('a thread that begins to collect leaves the flag on: another one may be between setting and using it', () => {
  countPassing(8 << 20);
  assert.equal(runInNewContext('typeof gc'), 'function');
  countPassing(8 << 20);
});
