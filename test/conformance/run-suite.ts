/**
 * Runs the suite's own client against a cache and writes its results as JSON to stdout: a process of its own, since the
 * client keeps its results in module scope.
 *
 *     node test/conformance/run-suite.ts http://127.0.0.1:8080 [TEST-ID...]
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadGroups, type RawResults, SUITE, type SuiteGroup } from './suite.ts';

type Fetch = (url: string, init: unknown) => Promise<unknown>;

interface Runner {
  runTests(groups: readonly SuiteGroup[], fetch: Fetch, browser: boolean, base: string, atOnce: number): Promise<void>;
  getResults(): RawResults;
}

/** All tests at once: each spends its time in pauses of its own. */
const TESTS_AT_ONCE = 1000;
/** Few requests at once, so that none takes long: answers tell ages, in seconds. */
const REQUESTS_AT_ONCE = 8;

const [base, ...ids] = process.argv.slice(2);
const wanted = new Set(ids);
const groups = (await loadGroups()).map((group) => ({
  ...group,
  tests: wanted.size === 0 ? group.tests : group.tests.filter(({ id }) => wanted.has(id)),
}));
const runner = (await import(join(SUITE, 'client/runner.mjs'))) as Runner;
// the client that the published results were made with
const fetch = createRequire(join(SUITE, 'cli.mjs'))('node-fetch') as Fetch;
await runner.runTests(groups, inTurn(fetch), false, base, TESTS_AT_ONCE);
process.stdout.write(`${JSON.stringify(runner.getResults())}\n`);

/** `fetch` for a few requests at a time. Tests that have begun go first: the next request of a test counts on the last. */
function inTurn(fetch: Fetch): Fetch {
  const begun: (() => void)[] = [];
  const beginning: (() => void)[] = [];
  let free = REQUESTS_AT_ONCE;
  return async (url, init) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => (url.startsWith(`${base}/config/`) ? beginning : begun).push(resolve));
    try {
      return await fetch(url, init);
    } finally {
      const next = begun.shift() ?? beginning.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
