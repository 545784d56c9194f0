import assert from 'node:assert/strict';
import test from 'node:test';
import { TaskQueue } from './queue.ts';

test('tasks run in order, so many at a time, none twice, and those over the limit are dropped', async () => {
  const queue = new TaskQueue(2, 2);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string) =>
    queue.add(name, () => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
  for (const name of ['a', 'b', 'a', 'c', 'c', 'd', 'e']) add(name);
  assert.deepEqual(begun, ['a', 'b']);
  assert.deepEqual([queue.waiting, queue.dropped], [2, 1]);
  ends.get('b')?.();
  await new Promise(setImmediate);
  assert.deepEqual(begun, ['a', 'b', 'c']);
  assert.equal(queue.has('b'), false);
  add('b');
  queue.close();
  ends.get('a')?.();
  ends.get('c')?.();
  await new Promise(setImmediate);
  add('f');
  assert.deepEqual(begun, ['a', 'b', 'c']);
});
