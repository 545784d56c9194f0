import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
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
    .action(() => runServe(io, given));
  return addSettingFlags(command, given);
}

/** Loads the configuration and serves until the process is told to stop. */
export async function runServe(io: Io, given: GivenFlags): Promise<void> {
  const loaded = loadOrFail(given, io);
  const { serve } = await import('./serve.ts');
  await serve(loaded, () => loadConfig(loadOptions(given, io)));
}
