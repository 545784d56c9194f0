import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turn } from './turns.ts';

test('each round has all items, begins with another one, and neighbours change places', () => {
  const rounds = Array.from({ length: 4 }, (_, round) => turn(['a', 'b', 'c', 'd'], round).join(''));
  assert.deepEqual(rounds, ['abcd', 'adcb', 'cdab', 'cbad']);
  assert.deepEqual(turn([], 3), []);
});
