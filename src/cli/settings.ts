/** Loads the configuration for a command, or ends it with every mistake shown. */

import { formatErrors } from '../config/errors.ts';
import { type Loaded, type LoadOptions, loadConfig } from '../config/load.ts';
import { CliError, EXIT } from './exit.ts';
import { type Io, painter } from './io.ts';
import type { GivenFlags } from './setting-flags.ts';

export function loadOptions(given: GivenFlags, io: Io): LoadOptions {
  return { flags: given.flags, file: given.file, env: io.env, cwd: io.cwd };
}

/** The configuration; mistakes go to stderr, and the command ends with exit code 2. */
export function loadOrFail(given: GivenFlags, io: Io): Loaded {
  const result = loadConfig(loadOptions(given, io));
  if (!('errors' in result)) return result;
  io.stderr.write(`${formatErrors(result.errors, painter(io))}\n\n`);
  const count = result.errors.length;
  throw new CliError(
    count === 1 ? '1 mistake in the configuration' : `${count} mistakes in the configuration`,
    EXIT.usage,
  );
}
