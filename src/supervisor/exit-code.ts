import { constants } from 'node:os';

/** The exit code that a shell would give for how a process ended. */
export function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Whether a process ended because someone told it to. */
export function wasTold(code: number | null, signal: NodeJS.Signals | null): boolean {
  const exit = exitCode(code, signal);
  return exit === 0 || exit === 128 + constants.signals.SIGTERM || exit === 128 + constants.signals.SIGINT;
}

/** How a process ended, in words. */
export function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
