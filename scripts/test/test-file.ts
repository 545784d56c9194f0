import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.ts';
import type { TestRecord } from './reporter.ts';

export interface FileResult {
  path: string;
  tests: TestRecord[];
  /** What went wrong with the file as a whole: it crashed, hung, or declares no test. */
  trouble?: string;
  output: string;
  milliseconds: number;
}

const TEST_TIMEOUT_MS = 120_000;
const FILE_TIMEOUT_MS = 240_000;

/**
 * Runs one test file in a process of its own.
 *
 * @param scratch an existing folder for the report's file
 * @param timeoutMs how long the file may take in all, before it and what it started are killed
 */
export async function runTestFile(path: string, scratch: string, timeoutMs = FILE_TIMEOUT_MS): Promise<FileResult> {
  const report = join(scratch, `${path.replaceAll(/[^\w.-]/g, '_')}.jsonl`);
  const args = [
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    `--test-reporter=${join(import.meta.dirname, 'reporter.ts')}`,
    `--test-reporter-destination=${report}`,
    path,
  ];
  const { code, timedOut, output, milliseconds } = await runChild(process.execPath, args, timeoutMs);
  const tests = readReport(report);
  rmSync(report, { force: true });
  const failed = tests.some((test) => test.outcome === 'failed');
  let trouble: string | undefined;
  if (timedOut) trouble = `did not end within ${timeoutMs / 1000} s`;
  else if (code !== 0 && !failed) trouble = code === null ? 'was ended by a signal' : `ended with exit code ${code}`;
  else if (tests.length === 0) trouble = 'declares no test';
  return { path, tests, trouble, output, milliseconds };
}

function readReport(path: string): TestRecord[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // the file's process ended before it made one
  }
  // A killed process can leave half a line at the end.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TestRecord);
}
