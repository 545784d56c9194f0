import { existsSync } from 'node:fs';
import { runChild } from './child.ts';

export interface Check {
  name: string;
  command: readonly [string, ...string[]];
}

export interface CheckResult {
  name: string;
  ok: boolean;
  output: string;
  milliseconds: number;
}

const CHECK_TIMEOUT_MS = 120_000;

/** The checks, the longest first. The build is one of them, and what later tests run. */
export function allChecks(): Check[] {
  const checks: Check[] = [
    { name: 'build', command: ['sh', 'scripts/build.sh', '--logLevel', 'warn'] },
    { name: 'types', command: ['tsc', '-p', '.'] },
    { name: 'format and lint', command: ['biome', 'ci', '--colors=off', '.'] },
    { name: 'lint with types', command: ['oxlint'] },
    { name: 'imports', command: [process.execPath, 'scripts/check-imports.ts'] },
    { name: 'lockfile', command: [process.execPath, 'scripts/lockfile.ts', '--check'] },
    { name: 'unused code', command: ['knip', '--no-progress'] },
  ];
  if (existsSync('scripts/docs.ts')) {
    checks.push({ name: 'generated docs', command: [process.execPath, 'scripts/docs.ts', '--check'] });
  }
  return checks;
}

export async function runCheck({ name, command: [program, ...args] }: Check): Promise<CheckResult> {
  const { code, timedOut, output, milliseconds } = await runChild(program, args, CHECK_TIMEOUT_MS);
  const note = timedOut ? `stopped after ${CHECK_TIMEOUT_MS / 1000} s\n` : '';
  return { name, ok: code === 0 && !timedOut, output: output + note, milliseconds };
}
