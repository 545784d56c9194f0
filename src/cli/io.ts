/** What a command reads and writes besides its arguments. Tests pass their own. */

import { styleText } from 'node:util';
import type { Paint } from '../config/errors.ts';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Data. */
  readonly stdout: Output;
  /** Everything else. */
  readonly stderr: Output;
}

/** The real process. */
export function processIo(): Io {
  return { env: process.env, cwd: process.cwd(), stdout: process.stdout, stderr: process.stderr };
}

/** Whether to colour: as NO_COLOR and FORCE_COLOR say, else only on a terminal. */
export function hasColor(output: Output, env: Io['env']): boolean {
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return !env.NO_COLOR && output.isTTY === true && env.TERM !== 'dumb';
}

const STYLES = { place: 'bold', error: 'red', dim: 'dim', fix: 'green' } as const;

/** Colours for configuration errors on stderr. */
export function painter(io: Io): Paint {
  if (!hasColor(io.stderr, io.env)) return (_, text) => text;
  return (style, text) => styleText(STYLES[style], text, { validateStream: false });
}
