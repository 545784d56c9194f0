import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from '../cases.ts';
import { Child } from '../child.ts';

/** Latencies in microseconds of requests at a steady rate, each counted from when it was due. */
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

/** Builds the client into `dir`; undefined where there is no C compiler. */
export function buildSteadyClient(dir: string): string | undefined {
  const program = join(dir, 'steady-client');
  const run = spawnSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'client.c')]);
  return run.status === 0 ? program : undefined;
}

/** Starts it against one server; `finishSteady` waits for what it measured. */
export function startSteady(
  program: string,
  options: { work: Case; port: number; rate: number; seconds: number; core: number | undefined; cwd: string },
): Child {
  const { work, port, rate, seconds, core, cwd } = options;
  const numbers = [work.connections, Math.round(rate), seconds].map(String);
  return new Child({ argv: [program, String(port), work.path, ...numbers], cwd, core, stdout: 'keep' });
}

/** Throws when the client failed. */
export async function finishSteady(client: Child, rate: number): Promise<Steady> {
  await client.exit();
  try {
    return { rate, ...(JSON.parse(client.output) as Omit<Steady, 'rate'>) };
  } catch {
    throw new Error(`the client at a steady rate: ${client.output}`);
  }
}
