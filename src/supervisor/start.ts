import { type ChildProcess, spawn } from 'node:child_process';

/** Standard input, output and error go through, and a channel for messages. */
const STDIO = ['inherit', 'inherit', 'inherit', 'ipc'] as const;

/** How long a successor may take until it serves, in ms. */
export const START_TIMEOUT = 60_000;

/** What is said of one that takes longer. */
export function lateReason(timeout: number): string {
  return `the new process did not serve within ${timeout / 1000} seconds`;
}

/**
 * Starts lb with a channel to it. It leads a session of its own, so that a ^C at the terminal is not heard twice.
 * @param env goes over this process's environment; what is undefined is left out
 */
export function startLb(command: readonly string[], env: Record<string, string | undefined>): ChildProcess {
  const [file, ...args] = command;
  return spawn(file, args, { stdio: [...STDIO], detached: true, env: { ...process.env, ...env } });
}

/** The command line of the running process, as it was given. */
export function ownCommand(): string[] {
  return [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
}
