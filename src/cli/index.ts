/** Entry to the command line. */

import type { Command } from 'commander';
import { CliError, EXIT } from './exit.ts';
import { type Io, processIo } from './io.ts';

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
    // asked every few seconds by whoever runs the container: it loads next to nothing
    if (argv[0] === 'health') return await (await import('./health.ts')).health(argv.slice(1), io);
    const { buildProgram } = await import('./program.ts');
    const program = buildProgram(io, await purgeFor(argv, io));
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, io);
  }
}

/** The real command only where it runs, is described or completed: it brings the HTTP client along. */
async function purgeFor(argv: readonly string[], io: Io): Promise<Command> {
  if (!argv.includes('purge') && !argv.includes('completion')) {
    const { Command } = await import('commander');
    return new Command('purge').description(PURGE);
  }
  const { purgeCommand } = await import('./purge.ts');
  return purgeCommand(io).description(PURGE);
}

const PURGE = 'Drop cached responses by path, wildcard, tag or all';

function report(error: unknown, io: Io): number {
  if (error instanceof CliError) {
    if (error.message) io.stderr.write(`lb: ${error.message}\n`);
    return error.code;
  }
  if (isUsage(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  io.stderr.write(`lb: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failure;
}

/** Whether commander has said what is wrong, or printed help. */
function isUsage(error: unknown): error is { exitCode: number } {
  return (
    error instanceof Error && 'exitCode' in error && String((error as { code?: unknown }).code).startsWith('commander.')
  );
}
