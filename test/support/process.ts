import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Admin } from './admin.ts';
import { type Cleanup, within } from './cleanup.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** lb's program: the build, where whoever runs the tests has just made it, since it starts in two thirds of the time. */
export const MAIN = join(ROOT, process.env.LB_TEST_BUILT === '1' ? 'dist/main.js' : 'src/main.ts');

/** A program that runs, and all that it says. */
export class Child {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  stdout = '';
  stderr = '';
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;

  constructor(args: readonly string[], env: Record<string, string>) {
    this.process = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.process, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** As `ended`, which must not be far. */
  exit(): Promise<number | string> {
    return within(this.ended, 'the end of the process');
  }

  /** Resident memory in bytes; Linux only. */
  rss(): number {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'));
    if (match === null) throw new Error('the process has no VmRSS');
    return Number(match[1]) * 1024;
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }
}

/** Starts lb's command line. The process is killed after the test. */
export function spawnLb(t: Cleanup, args: readonly string[], env: Record<string, string> = {}): Child {
  const child = new Child([MAIN, ...args], env);
  t.after(async () => {
    child.signal('SIGKILL');
    await child.exit();
  });
  return child;
}

/** lb as a process of its own. */
export interface LbProcess {
  port: number;
  admin: Admin;
  child: Child;
}

/** Starts `lb serve` in front of an origin on ports of the system's choice, and waits until it serves. */
export async function serveLb(
  t: Cleanup,
  origin: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<LbProcess> {
  const own = ['-b', origin, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--cache-memory', '64MB'];
  const child = spawnLb(t, ['serve', ...own, ...args], { LB_TEST_HOOKS: '1', LB_LOG_ACCESS: 'off', ...env });
  return listening(child);
}

/** Waits until a process serves. */
export async function listening(child: Child): Promise<LbProcess> {
  const serving = () => /^.*"lb serves".*$/m.exec(child.stdout)?.[0];
  const started = (async () => {
    while (serving() === undefined) await Promise.race([once(child.process.stdout, 'data'), failure(child)]);
  })();
  await within(started, 'lb to serve');
  const { listen, admin } = JSON.parse(serving() ?? '') as { listen: string; admin: string };
  return { port: Number(new URL(listen).port), admin: new Admin(Number(new URL(admin).port)), child };
}

async function failure(child: Child): Promise<never> {
  throw new Error(`lb ended with ${await child.ended}: ${child.stderr}`);
}
