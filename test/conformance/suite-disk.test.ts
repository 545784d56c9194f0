import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, readBaseline } from './baseline.ts';
import { measureWith } from './measure.ts';
import { PROFILES } from './profiles.ts';
import { loadGroups } from './suite.ts';
import { verdicts } from './verdict.ts';

const [{ id, settings }] = PROFILES;

/** Where the machine is busy something may leave memory before it is written to disk: only what is worse each time counts. */
const RUNS = 3;

test('http-cache-tests with the disk tier on: nothing is worse than in the stored list', async (t) => {
  const groups = await loadGroups();
  let regressions: string[] | undefined;
  for (let run = 0; run < RUNS && regressions?.length !== 0; run++) {
    const { results, fromDisk } = await measureWith(t, settings, ['disk']);
    const found = compare(readBaseline().profiles[id], verdicts(groups, results));
    regressions = found.regressions.filter((line) => regressions?.includes(line) !== false);
    assert.ok(fromDisk > 100, `only ${fromDisk} answers came from the disk`);
  }
  assert.deepEqual(regressions, []);
});
