import { KINDS, type Kind, kindOf, type RawResults, type SuiteGroup, type SuiteTest } from './suite.ts';

/**
 * What a result amounts to: `passed`; `failed`; `setup`, something that had to work before did not; `dependency`, a test
 * that this one builds on did not pass; `untested`.
 */
export type Outcome = 'passed' | 'failed' | 'setup' | 'dependency' | 'untested';

export interface Verdict {
  test: SuiteTest;
  kind: Kind;
  group: string;
  outcome: Outcome;
  /** Why it is not `passed`, in the suite's words or the id of the test that it depends on. */
  why: string;
}

/** Passed and all tests of a kind. */
export type Score = Readonly<Record<Kind, { passed: number; of: number }>>;

/**
 * Judges results as the suite's own pages do: a test counts as passed when it and all that it depends on did. Its raw
 * result alone would count answers that are right by accident, such as not reusing what was never stored.
 */
export function verdicts(groups: readonly SuiteGroup[], results: RawResults): Map<string, Verdict> {
  const tests = new Map(groups.flatMap((group) => group.tests.map((test) => [test.id, { test, group: group.id }])));
  const judged = new Map<string, Verdict>();

  const judge = (id: string): Verdict => {
    const known = judged.get(id);
    if (known !== undefined) return known;
    const found = tests.get(id);
    if (found === undefined) throw new Error(`the suite has no test ${id}`);
    const { test, group } = found;
    const verdict: Verdict = { test, kind: kindOf(test), group, ...outcomeOf(test) };
    judged.set(id, verdict);
    return verdict;
  };

  const outcomeOf = (test: SuiteTest): { outcome: Outcome; why: string } => {
    const result = results[test.id];
    if (result === undefined) return { outcome: 'untested', why: 'was not run' };
    const missing = test.depends_on?.find((id) => judge(id).outcome !== 'passed');
    if (missing !== undefined) return { outcome: 'dependency', why: `depends on ${missing}` };
    if (result === true) return { outcome: 'passed', why: '' };
    return { outcome: result[0] === 'Setup' ? 'setup' : 'failed', why: result[1] };
  };

  for (const id of tests.keys()) judge(id);
  return judged;
}

/** How many of each kind passed. */
export function scoreOf(verdicts: Iterable<Verdict>): Score {
  const score = Object.fromEntries(KINDS.map((kind) => [kind, { passed: 0, of: 0 }])) as Record<
    Kind,
    { passed: number; of: number }
  >;
  for (const { kind, outcome } of verdicts) {
    score[kind].of++;
    if (outcome === 'passed') score[kind].passed++;
  }
  return score;
}
