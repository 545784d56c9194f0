import assert from 'node:assert/strict';
import test from 'node:test';
import { Remembered } from './remembered.ts';

test('what is remembered ends by time, and by the number of others', () => {
  const memory = new Remembered(2, 10);
  memory.add('a', 0);
  assert.deepEqual([memory.has('a', 9), memory.has('a', 10), memory.has('b', 0)], [true, false, false]);
  for (const name of ['a', 'b', 'a', 'c']) memory.add(name, 0);
  assert.deepEqual([memory.has('a', 0), memory.has('b', 0), memory.has('c', 0)], [true, false, true]);
});

test('what has ended is not held until there are too many', () => {
  const memory = new Remembered(1000, 10);
  for (let now = 0; now < 500; now++) memory.add(`each one is new: ${now}`, now);
  assert.equal(memory.size, 10);
});
