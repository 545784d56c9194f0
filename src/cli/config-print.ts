import { Command } from 'commander';
import { jsonSchema } from '../config/json-schema.ts';
import type { Provenance } from '../config/picker.ts';
import type { Io } from './io.ts';
import { addSettingFlags, type GivenFlags } from './setting-flags.ts';
import { loadOrFail } from './settings.ts';

/** `lb config print` and `lb config schema`. */
export function configCommand(io: Io, given: GivenFlags): Command {
  const print = new Command('print')
    .description('Print the settings in effect, and where each comes from')
    .option('--resolved', 'also those that nobody set, with their defaults')
    .option('--json', 'print as JSON')
    .addHelpText(
      'before',
      'Examples:\n  lb config print\n  lb config print --resolved\n  lb config print --resolved --json | jq .settings\n',
    )
    .action((options: { resolved?: boolean; json?: boolean }) => {
      const { origins } = loadOrFail(given, io);
      const shown = options.resolved ? origins : origins.filter(({ from }) => from !== 'default');
      io.stdout.write(options.json ? `${JSON.stringify({ settings: shown }, null, 2)}\n` : table(shown));
    });
  const schema = new Command('schema')
    .description('Print the JSON Schema of lb.json')
    .addHelpText('before', 'Examples:\n  lb config schema > lb.schema.json\n')
    .action(() => {
      io.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
    });
  return new Command('config')
    .description('Show the configuration')
    .addHelpText('before', 'Examples:\n  lb config print --resolved\n  lb config schema > lb.schema.json\n')
    .addCommand(addSettingFlags(print, given))
    .addCommand(schema);
}

/** One setting a line: path, value, source. */
function table(settings: readonly Provenance[]): string {
  const rows = settings.map(({ path, value, from }) => [path, JSON.stringify(value), from]);
  const widths = [0, 1].map((column) => Math.min(48, Math.max(0, ...rows.map((row) => row[column].length))));
  return rows.map(([path, value, from]) => `${path.padEnd(widths[0])}  ${value.padEnd(widths[1])}  ${from}\n`).join('');
}
