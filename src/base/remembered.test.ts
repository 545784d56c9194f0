import assert from 'node:assert/strict';
import test from 'node:test';
import { Remembered } from './remembered.ts';

test('what is remembered ends by time, and by the number of others', () => {
  const memory = new Remembered(2);
  memory.add('a', 10);
  assert.deepEqual([memory.has('a', 9), memory.has('a', 10), memory.has('b', 0)], [true, false, false]);
  for (const name of ['a', 'b', 'a', 'c']) memory.add(name, 10);
  assert.deepEqual([memory.has('a', 0), memory.has('b', 0), memory.has('c', 0)], [true, false, true]);
});
