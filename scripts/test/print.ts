import { relative } from 'node:path';
import type { CheckResult } from './checks.ts';
import type { FileResult } from './test-file.ts';

const OUTPUT_LINES = 60;

export function printCheck({ name, ok, output, milliseconds }: CheckResult): void {
  console.log(`${mark(ok)} ${name}  ${seconds(milliseconds)}`);
  if (!ok) console.log(indent(output));
}

export function printFile({ path, tests, trouble, output, milliseconds }: FileResult): void {
  const failures = tests.filter((test) => test.outcome === 'failed');
  const ok = failures.length === 0 && trouble === undefined;
  console.log(`${mark(ok)} ${path}  ${tests.length} tests  ${seconds(milliseconds)}`);
  if (ok) return;
  for (const { name, location, detail = '' } of failures) {
    console.log(indent(`${name}\n${indent(`${relative('.', location)}\n${detail}`)}`));
  }
  if (trouble !== undefined) console.log(indent(`the file ${trouble}`));
  if (output.trim() !== '') console.log(indent(`printed:\n${indent(lastLines(output))}`));
}

/** Prints the totals, the counts of passed and failed as the last line. */
export function printSummary(checks: readonly CheckResult[], files: readonly FileResult[]): { failed: number } {
  const tests = files.flatMap((file) => file.tests);
  const count = (outcome: string): number => tests.filter((test) => test.outcome === outcome).length;
  const failedChecks = checks.filter((check) => !check.ok).length;
  const troubles = files.filter((file) => file.trouble !== undefined).length;
  const passed = count('passed') + checks.length - failedChecks;
  const failed = count('failed') + failedChecks + troubles;
  for (const { name, location, detail } of tests.filter((test) => test.outcome === 'skipped')) {
    console.log(`skip ${relative('.', location)}  ${name}${detail === undefined ? '' : ` (${detail})`}`);
  }
  for (const { path, milliseconds } of slowest(files)) console.log(`slow ${path}  ${seconds(milliseconds)}`);
  console.log(`${passed} passed, ${failed} failed`);
  return { failed };
}

function slowest(files: readonly FileResult[]): FileResult[] {
  return files
    .filter((file) => file.milliseconds > 10_000)
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, 5);
}

function mark(ok: boolean): string {
  return ok ? 'ok  ' : 'FAIL';
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, '     ');
}

function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n');
  const kept = lines.slice(-OUTPUT_LINES);
  return kept.length < lines.length ? ['...', ...kept].join('\n') : kept.join('\n');
}
