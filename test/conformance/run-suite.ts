/**
 * Runs the suite's own client against a cache and writes its results as JSON to stdout: a process of its own, since the
 * client keeps its results in module scope.
 *
 *     node test/conformance/run-suite.ts http://127.0.0.1:8080 [TEST-ID...]
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadGroups, type RawResults, SUITE, type SuiteGroup } from './suite.ts';

interface Runner {
  runTests(
    groups: readonly SuiteGroup[],
    fetch: unknown,
    browser: boolean,
    base: string,
    atOnce: number,
  ): Promise<unknown>;
  getResults(): RawResults;
}

/** All tests at once: each spends its time in pauses of its own. */
const AT_ONCE = 1000;

const [base, ...ids] = process.argv.slice(2);
const wanted = new Set(ids);
const groups = (await loadGroups()).map((group) => ({
  ...group,
  tests: wanted.size === 0 ? group.tests : group.tests.filter(({ id }) => wanted.has(id)),
}));
const runner = (await import(join(SUITE, 'client/runner.mjs'))) as Runner;
// the client that the published results were made with
const fetch = createRequire(join(SUITE, 'cli.mjs'))('node-fetch') as unknown;
await runner.runTests(groups, fetch, false, base, AT_ONCE);
process.stdout.write(`${JSON.stringify(runner.getResults())}\n`);
