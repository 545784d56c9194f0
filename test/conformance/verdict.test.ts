import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, knownVerdicts } from './baseline.ts';
import { conformancePage, namedTests } from './page.ts';
import { REASONS } from './reasons.ts';
import { loadGroups, type SuiteGroup } from './suite.ts';
import { scoreOf, verdicts } from './verdict.ts';

const GROUPS: SuiteGroup[] = [
  {
    id: 'letters',
    name: 'Letters',
    tests: [
      { id: 'a', name: 'A' },
      { id: 'b', name: 'B', kind: 'optimal', depends_on: ['a'] },
      { id: 'c', name: 'C', kind: 'check', depends_on: ['b'] },
    ],
  },
];

test('a test counts as passed when all that it builds on passed', () => {
  const outcomes = (a: true | [string, string]) =>
    [...verdicts(GROUPS, { a, b: true, c: true }).values()].map(({ outcome }) => outcome);
  assert.deepEqual(outcomes(true), ['passed', 'passed', 'passed']);
  assert.deepEqual(outcomes(['Assertion', 'no']), ['failed', 'dependency', 'dependency']);
  assert.deepEqual(outcomes(['Setup', 'no']), ['setup', 'dependency', 'dependency']);
});

test('a test that was not run is not passed', () => {
  assert.equal(verdicts(GROUPS, { a: true }).get('b')?.outcome, 'untested');
  assert.deepEqual(scoreOf(verdicts(GROUPS, { a: true }).values()).optimal, { passed: 0, of: 1 });
});

test('what is lost and what is won is told by name', () => {
  const known = { required: { a: 'once' }, optimal: { gone: 'once' }, check: {} };
  const judged = verdicts(GROUPS, { a: true, b: ['Assertion', 'too late'], c: true });
  assert.deepEqual(compare(known, judged), {
    regressions: ['b (optimal): too late', 'c (check): depends on b'],
    improvements: ['a (required)', 'gone (optimal)'],
  });
});

test('a stored list reads as the run that it came from', () => {
  const judged = knownVerdicts(GROUPS, { required: {}, optimal: { b: 'too late' }, check: { c: 'depends on b' } });
  assert.deepEqual(
    [...judged.values()].map(({ outcome, why }) => [outcome, why]),
    [
      ['passed', ''],
      ['failed', 'too late'],
      ['failed', 'depends on b'],
    ],
  );
});

test('docs/conformance.md is what the stored list says', async () => {
  const { current, expected } = await conformancePage();
  assert.equal(current, expected, 'run `npm run conformance -- --docs`');
});

test('nothing on the page lacks its reason', async () => {
  const { expected } = await conformancePage();
  assert.deepEqual(
    expected.split('\n').filter((line) => line.includes('Not done.')),
    [],
  );
});

test('names of tests are told from the strings before them', () => {
  // with other brackets here, or these names would be on the page
  const source = "['-5', 'bytes 5-9/10', '56789', 'A part answers <part-one, part-two>'],\n test(`It is <three=1>`, f)";
  assert.deepEqual(namedTests(source.replaceAll('<', '[').replaceAll('>', ']')), [
    { name: 'A part answers', ids: ['part-one', 'part-two'] },
    { name: 'It is', ids: ['three=1'] },
  ]);
});

test('reasons are given for tests that exist', async () => {
  const ids = new Set((await loadGroups()).flatMap(({ tests }) => tests.map(({ id }) => id)));
  assert.deepEqual(
    Object.keys(REASONS).filter((id) => !ids.has(id)),
    [],
  );
});
