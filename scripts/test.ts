/**
 * Runs the checks, then the test files, each in a process of its own, and prints `N passed, N failed` as the last line.
 *
 *     npm test                          everything
 *     npm test -- cache framing         test files whose path contains one of the words
 *     npm test -- --tests               all test files, no check
 *     npm test -- --checks              the checks alone
 *
 * Exits with 1 when anything failed, with 2 when no test file matches.
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allChecks, type CheckResult, runCheck } from './test/checks.ts';
import { killAll } from './test/child.ts';
import { inParallel } from './test/pool.ts';
import { printCheck, printFile, printSummary } from './test/print.ts';
import { type FileResult, runTestFile } from './test/test-file.ts';

const TEST_FILES = '{test,src,workers,native-bindings,scripts,bench,loadtest}/**/*.test.ts';

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { checks: { type: 'boolean', default: false }, tests: { type: 'boolean', default: false } },
});
process.chdir(join(import.meta.dirname, '..'));

const scratch = mkdtempSync(join(tmpdir(), 'lb-test-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(code);
  });
}

const width = availableParallelism();
/** Scenarios wait more than they compute. */
const fileWidth = Math.ceil(width * 1.5);
const checks = values.tests || words.length > 0 ? [] : await runChecks();
// what lb's threads and processes run is then the build, which starts faster than the sources
if (checks.some(({ name, ok }) => name === 'build' && ok)) process.env.LB_TEST_BUILT = '1';
const files = values.checks ? [] : await runFiles();
const { failed } = printSummary(checks, files);
process.exitCode = failed > 0 ? 1 : 0;

function runChecks(): Promise<CheckResult[]> {
  return inParallel(allChecks(), width, async (check) => {
    const result = await runCheck(check);
    printCheck(result);
    return result;
  });
}

function runFiles(): Promise<FileResult[]> {
  const paths = testFiles();
  if (paths.length === 0) {
    console.error(`no test file has ${words.join(' or ')} in its path`);
    process.exit(2);
  }
  return inParallel(paths, fileWidth, async (path) => {
    const result = await runTestFile(path, scratch);
    printFile(result);
    return result;
  });
}

/** Scenarios, which take longest, come first. */
function testFiles(): string[] {
  const found = globSync(TEST_FILES, { exclude: ['**/node_modules/**'] });
  const matching = words.length === 0 ? found : found.filter((path) => words.some((word) => path.includes(word)));
  return matching.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function rank(path: string): number {
  return path.startsWith('test/') ? 0 : 1;
}
