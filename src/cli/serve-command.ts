import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { SUPERVISED, SUPERVISED_CHILD } from '../supervisor/messages.ts';
import { supervise } from '../supervisor/run.ts';
import { ownCommand } from '../supervisor/start.ts';
import { workerFile } from '../threads/spawn.ts';
import type { Io } from './io.ts';
import { addSettingFlags, type GivenFlags } from './setting-flags.ts';
import { loadOptions, loadOrFail } from './settings.ts';

/** `lb serve`: the proxy. `lb -b HOST:PORT` is the same. */
export function serveCommand(io: Io, given: GivenFlags): Command {
  const command = new Command('serve')
    .description('Run the proxy')
    .addHelpText(
      'before',
      'Examples:\n  lb serve\n  lb serve -c site.json\n  lb serve -b example.com:443 --cache-static "*.js,*.css" --ttl 3600\n',
    )
    .action(() => runServe(io, given, command));
  return addSettingFlags(command, given).addOption(supervisedOption());
}

/** The flag of `lb serve` and of `lb` alone. */
export function supervisedOption(): Option {
  return new Option('--supervised', 'start lb again when its process dies (LB_SUPERVISED=1)');
}

/**
 * Loads the configuration and serves until the process is told to stop.
 * @param command the one that was given, with its flags
 */
export async function runServe(io: Io, given: GivenFlags, command: Command): Promise<void> {
  const loaded = loadOrFail(given, io);
  const { supervised } = command.optsWithGlobals<{ supervised?: boolean }>();
  if (io.env[SUPERVISED] !== SUPERVISED_CHILD && (supervised || io.env[SUPERVISED] === '1')) return becomeSupervisor();
  const { serve } = await import('./serve.ts');
  await serve(loaded, () => loadConfig(loadOptions(given, io)));
}

/** The supervisor takes the place of this process, whose configuration is known to be right. */
async function becomeSupervisor(): Promise<void> {
  const program = fileURLToPath(workerFile('supervisor'));
  // a fresh program takes a fifth of the memory that this one has by now; Windows knows no such call
  process.execve?.(process.execPath, [process.execPath, program, ...ownCommand()], process.env);
  process.exit(await supervise(ownCommand()));
}
