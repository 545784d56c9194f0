import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, readBaseline } from './baseline.ts';
import { measure } from './measure.ts';
import { PROFILES } from './profiles.ts';
import { loadGroups, SUITE_VERSION } from './suite.ts';
import { verdicts } from './verdict.ts';

const UPDATE = 'run `npm run conformance -- --update` and commit what it changes';

test('the stored list is of the installed version of the suite', () => {
  assert.equal(readBaseline().suite, SUITE_VERSION, UPDATE);
});

for (const { id, title, settings } of PROFILES) {
  test(`http-cache-tests, ${title}: nothing is lost, and what is won is in the stored list`, async (t) => {
    const judged = verdicts(await loadGroups(), await measure(t, settings));
    const { regressions, improvements } = compare(readBaseline().profiles[id], judged);
    assert.deepEqual(regressions, [], 'tests that passed do so no longer');
    assert.deepEqual(improvements, [], `tests pass that did not: ${UPDATE}`);
  });
}
