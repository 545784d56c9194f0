/** Entry to the command line. */

import { Command, CommanderError } from 'commander';
import { CliError, EXIT } from './exit.ts';
import { type Io, processIo } from './io.ts';
import { buildProgram } from './program.ts';

/**
 * Runs the command line and returns its exit code. `argv` is without Node and the script: `process.argv.slice(2)`.
 * On the real process it also sets `process.exitCode`. Never rejects for what users do wrong; a bug is printed with
 * its stack and gives 1.
 */
export async function runCli(argv: readonly string[], io?: Io): Promise<number> {
  if (!io) process.stdout.on('error', ignoreClosedPipe);
  const code = await run(argv, io ?? processIo());
  if (!io) process.exitCode = code;
  return code;
}

/** `lb config print | head` closes the pipe early, which is no failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = buildProgram(io, await purgeFor(argv, io));
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, io);
  }
}

/** The real command only where it runs, is described or completed: it brings the HTTP client along. */
async function purgeFor(argv: readonly string[], io: Io): Promise<Command> {
  if (!argv.includes('purge') && !argv.includes('completion')) return new Command('purge').description(PURGE);
  const { purgeCommand } = await import('./purge.ts');
  return purgeCommand(io).description(PURGE);
}

const PURGE = 'Drop cached responses by path, wildcard, tag or all';

function report(error: unknown, io: Io): number {
  if (error instanceof CliError) {
    if (error.message) io.stderr.write(`lb: ${error.message}\n`);
    return error.code;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  io.stderr.write(`lb: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failure;
}
