import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

export interface Finished {
  /** null when a signal ended it. */
  code: number | null;
  timedOut: boolean;
  /** stdout and stderr, as they came. */
  output: string;
  milliseconds: number;
}

const running = new Set<number>();

/**
 * The environment of every child: the project's own tools, Node 24 among them, come first on PATH. Each process loads
 * much the same modules; compiled once, they cost it a third less. Coverage needs them compiled by each.
 */
function childEnvironment(): NodeJS.ProcessEnv {
  const modules = join(import.meta.dirname, '..', '..', 'node_modules');
  const path = `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}`;
  const compiled = process.env.NODE_V8_COVERAGE === undefined ? join(modules, '.cache', 'node-compile') : undefined;
  return { ...process.env, PATH: path, ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }) };
}

/**
 * Runs a command to its end, in a process group of its own, and collects what it prints. After `timeoutMs` the whole
 * group is killed, so that nothing that it started outlives it.
 */
export async function runChild(command: string, args: readonly string[], timeoutMs: number): Promise<Finished> {
  const started = performance.now();
  const child = spawn(command, args, { detached: true, env: childEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  let output = '';
  const collect = (chunk: string): void => {
    output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (pid !== undefined) killGroup(pid);
  }, timeoutMs);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      resolve(127);
    });
    child.once('close', resolve);
    // A process that it left behind may hold its pipes open for ever.
    child.once('exit', () => setTimeout(() => pid !== undefined && killGroup(pid), 2000).unref());
  });
  clearTimeout(timer);
  if (pid !== undefined) running.delete(pid);
  return { code, timedOut, output, milliseconds: performance.now() - started };
}

/** Ends every child that still runs; for the signals that end the run itself. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the group is gone already
  }
}
