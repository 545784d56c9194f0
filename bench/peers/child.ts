import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { which } from './which.ts';

const KEPT_OUTPUT = 4000;
const GRACE_MS = 3000;

export interface SpawnOptions {
  argv: readonly string[];
  cwd: string;
  env?: Record<string, string>;
  /** Core to pin to; undefined leaves it to the scheduler. */
  core?: number;
  /** Where standard output goes: kept for error messages together with standard error, or /dev/null. */
  stdout: 'keep' | 'null';
}

/** A child process that ends with the run: at `stop`, and where `setpriv` exists also when the run is killed. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';
  #failure: Error | undefined;

  constructor({ argv, cwd, env, core, stdout }: SpawnOptions) {
    const [command, ...args] = pinned(argv, core);
    this.#process = spawn(command, args, {
      cwd,
      env: { ...inherited(), ...env },
      stdio: ['ignore', stdout === 'keep' ? 'pipe' : 'ignore', 'pipe'],
    });
    this.#process.on('error', (error) => {
      this.#failure = error;
    });
    this.#exited = once(this.#process, 'close').catch(() => undefined);
    this.#process.stdout?.on('data', (data) => this.#keep(data));
    this.#process.stderr?.on('data', (data) => this.#keep(data));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get alive(): boolean {
    return this.#failure === undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The last lines that it wrote. */
  get output(): string {
    return this.#failure?.message ?? this.#output.trim();
  }

  /** Waits for its end; gives the exit code, or 1 when a signal ended it. */
  async exit(): Promise<number> {
    await this.#exited;
    return this.#process.exitCode ?? 1;
  }

  /** SIGTERM, then SIGKILL when it has not ended after a grace. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    this.#process.kill('SIGTERM');
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), GRACE_MS);
    await this.#exited;
    clearTimeout(kill);
  }

  #keep(data: Buffer): void {
    this.#output = (this.#output + data.toString('latin1')).slice(-KEPT_OUTPUT);
  }
}

/** The environment without the settings of servers, which would make a run depend on the shell that started it. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(LB|TS|UWS|NODE)_/.test(name)));
}

function pinned(argv: readonly string[], core: number | undefined): string[] {
  const die = which('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'TERM'];
  const pin = core === undefined ? [] : ['taskset', '-c', String(core)];
  return [...die, ...pin, ...argv];
}
