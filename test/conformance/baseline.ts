import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROFILES, type ProfileId } from './profiles.ts';
import { KINDS, type Kind, type RawResults, SUITE_VERSION, type SuiteGroup } from './suite.ts';
import { type Verdict, verdicts } from './verdict.ts';

/** Tests that did not pass, by kind, each with the reason that the suite gave. */
export type Shortfalls = Readonly<Record<Kind, Readonly<Record<string, string>>>>;

/** The stored list: what lb is known not to pass, by the way it is run. */
export interface Baseline {
  suite: string;
  profiles: Readonly<Record<ProfileId, Shortfalls>>;
}

/** What a run has in other ways than the stored list. Lines for people: the id of a test, and why. */
export interface Changes {
  /** Passed by the list, not by the run. */
  regressions: string[];
  /** Passed by the run, not by the list; or the suite no longer has the test. */
  improvements: string[];
}

const PATH = join(import.meta.dirname, 'baseline.json');

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(PATH, 'utf8')) as Baseline;
}

/** Stores the results of a run as what is known. */
export function writeBaseline(groups: readonly SuiteGroup[], results: Readonly<Record<ProfileId, RawResults>>): void {
  const profiles = Object.fromEntries(
    PROFILES.map(({ id }) => [id, shortfallsOf(verdicts(groups, results[id]).values())]),
  );
  writeFileSync(PATH, `${JSON.stringify({ suite: SUITE_VERSION, profiles }, null, 2)}\n`);
}

/** Compares verdicts with the stored list. */
export function compare(known: Shortfalls, judged: ReadonlyMap<string, Verdict>): Changes {
  const regressions: string[] = [];
  for (const { test, kind, outcome, why } of judged.values()) {
    if (outcome !== 'passed' && known[kind][test.id] === undefined) regressions.push(`${test.id} (${kind}): ${why}`);
  }
  const improvements = KINDS.flatMap((kind) =>
    Object.keys(known[kind])
      .filter((id) => (judged.get(id)?.outcome ?? 'passed') === 'passed')
      .map((id) => `${id} (${kind})`),
  );
  return { regressions, improvements };
}

/** Verdicts as if the stored list were a run. */
export function knownVerdicts(groups: readonly SuiteGroup[], known: Shortfalls): Map<string, Verdict> {
  const passed = Object.fromEntries(groups.flatMap(({ tests }) => tests.map(({ id }) => [id, true as const])));
  const judged = verdicts(groups, passed);
  for (const verdict of judged.values()) {
    const why = known[verdict.kind][verdict.test.id];
    if (why !== undefined) judged.set(verdict.test.id, { ...verdict, outcome: 'failed', why });
  }
  return judged;
}

function shortfallsOf(judged: Iterable<Verdict>): Shortfalls {
  const shortfalls: Record<Kind, Record<string, string>> = { required: {}, optimal: {}, check: {} };
  for (const { test, kind, outcome, why } of judged) {
    if (outcome !== 'passed') shortfalls[kind][test.id] = withoutTimes(why);
  }
  return shortfalls;
}

/** The same words in each run: dates and the ids of single runs are left out. */
function withoutTimes(why: string): string {
  return why
    .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/g, '(date)')
    .replaceAll(/[\da-f]{8}-[\da-f]{4,8}-[\da-f-]+/g, '(id)');
}
