import { Admin } from '../support/admin.ts';
import { type Cleanup, until } from '../support/cleanup.ts';
import { freePort } from '../support/origin.ts';
import { type Child, spawnLb } from '../support/process.ts';

/** lb on ports that stay the same over all its processes. */
export interface Served {
  port: number;
  admin: Admin;
  /** The process that was started; others may serve. */
  child: Child;
  /** Process ids of all that have served, in order. */
  pids: () => number[];
}

/** Starts `lb serve` and waits until it serves. Whatever of it still runs after the test is killed. */
export async function startServed(
  t: Cleanup,
  origin: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Served> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const places = ['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`];
  const settings = ['--cache-memory', '16MB', '--log-access', 'off'];
  const admin = new Admin(adminPort);
  let stdout = () => '';
  const pids = () => [...stdout().matchAll(/^.*"lb serves".*$/gm)].map(([line]) => pidOf(line));
  t.after(() => {
    for (const pid of pids()) kill(pid);
  });
  // its own clean-up waits for all who write where it writes
  const child = spawnLb(t, ['serve', '-b', origin, ...places, ...settings, ...args], {
    LB_TEST_HOOKS: '1',
    LB_SHUTDOWN_TIMEOUT: '2s',
    ...env,
  });
  stdout = () => child.stdout;
  await Promise.race([
    until(() => pids().length > 0, 'lb to serve', 30_000),
    child.ended.then(() => {
      throw new Error(`lb ended: ${child.stderr}`);
    }),
  ]);
  return { port, admin, child, pids };
}

function pidOf(line: string): number {
  return (JSON.parse(line) as { pid: number }).pid;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended, as it should
  }
}

export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
