import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from './suggest.ts';

test('edit distance counts swaps of neighbours as one', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('match', 'match'), 0);
  assert.equal(editDistance('macth', 'match'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});

test('only a near word is suggested', () => {
  const words = ['listen', 'admin', 'workers', 'cache'];
  assert.equal(nearest('lisen', words), 'listen');
  assert.equal(nearest('CACHE', words), 'cache');
  assert.equal(nearest('wrokers', words), 'workers');
  assert.equal(nearest('timeout', words), undefined);
  assert.equal(nearest('x', ['y']), undefined);
});
