import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from '../cases.ts';
import { Child } from '../child.ts';
import type { Load } from '../load.ts';
import type { WrkResult } from '../wrk.ts';

/** Latencies in microseconds of requests at a steady rate. */
export interface Steady {
  /** Requests a second. */
  rate: number;
  requests: number;
  /** Requests that had no answer two seconds after the end. */
  missing: number;
  p50: number;
  p99: number;
  p999: number;
}

export interface ClientOptions {
  work: Case;
  port: number;
  /** Requests a second; 0 for as many as can be. */
  rate: number;
  seconds: number;
  core: number | undefined;
  cwd: string;
}

type Answer = Omit<WrkResult, 'failed' | 'statuses'> & { missing: number };

/** Builds the client into `dir`; undefined where there is no C compiler. */
export function buildClient(dir: string): string | undefined {
  const program = join(dir, 'steady-client');
  const run = spawnSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'client.c')]);
  return run.status === 0 ? program : undefined;
}

/** Starts the client against one server; `finish` throws when it failed, also at an answer of another status. */
export function startClient(program: string, { work, port, rate, seconds, core, cwd }: ClientOptions): Load<Answer> {
  const numbers = [work.connections, Math.round(rate), seconds, work.status ?? 200].map(String);
  const argv = [program, String(port), work.path, ...numbers, ...(work.headers ?? [])];
  const child = new Child({ argv, cwd, core, stdout: 'keep' });
  const finish = async (): Promise<Answer> => {
    await child.exit();
    try {
      return JSON.parse(child.output) as Answer;
    } catch {
      throw new Error(`bench/peers/steady/client.c: ${child.output}`);
    }
  };
  return { child, finish };
}
