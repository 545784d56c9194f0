/** Exit codes, and how a command ends with one. */

export const EXIT = {
  ok: 0,
  failure: 1,
  /** Wrong use of the command line, or an invalid configuration. */
  usage: 2,
  auth: 3,
  network: 4,
  partial: 5,
  timeout: 124,
  interrupted: 130,
} as const;

/** Ends the command: `runCli` prints the message to stderr in one line and exits with the code. */
export class CliError extends Error {
  readonly code: number;

  constructor(message: string, code: number = EXIT.failure) {
    super(message);
    this.name = 'CliError';
    this.code = code;
  }
}

/**
 * Ends the command with one line on stderr, such as `fail('port 8080 is in use: choose another with --listen')`.
 * It throws, so that what is open gets closed on the way; call it on the path that `runCli` awaits.
 */
export function fail(message: string, code: number = EXIT.failure): never {
  throw new CliError(message, code);
}
