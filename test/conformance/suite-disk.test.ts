import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, readBaseline } from './baseline.ts';
import { measureWith } from './measure.ts';
import { PROFILES } from './profiles.ts';
import { loadGroups } from './suite.ts';
import { verdicts } from './verdict.ts';

const [{ id, settings }] = PROFILES;

test('http-cache-tests with the disk tier on: nothing is other than in the stored list', async (t) => {
  const { results, fromDisk } = await measureWith(t, settings, ['disk']);
  assert.deepEqual(compare(readBaseline().profiles[id], verdicts(await loadGroups(), results)), {
    regressions: [],
    improvements: [],
  });
  assert.ok(fromDisk > 100, `only ${fromDisk} answers came from the disk`);
});
