import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryTable } from './memory.ts';

test('memory is told with what is beside the body, and without what was not seen', () => {
  const found = [
    { server: 'lb', idle: 2 ** 20, perObject: 1200, inFiles: 0, perConnection: 1500.4 },
    { server: 'caddy', idle: 2 ** 21, perConnection: -3 },
  ];
  const [, , lb, caddy] = memoryTable(found).split('\n');
  assert.match(lb, /^lb +1 +1,200 +176 +0 +1,500$/);
  assert.match(caddy, /^caddy +2 +- +- +- +under 200$/);
});
