import { Argument, Command } from 'commander';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { CertificateError, FILES_FIX } from '../tls/certificates.ts';
import { TlsKeeper } from '../tls/keeper.ts';
import { CliError, EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { addSettingFlags, type GivenFlags } from './setting-flags.ts';
import { loadOptions, loadOrFail } from './settings.ts';

/** `lb check`: tests the configuration as `lb serve` would read it, and starts nothing. */
export function checkCommand(io: Io, given: GivenFlags): Command {
  const command = new Command('check')
    .description('Test the configuration, showing every mistake')
    .addArgument(new Argument('[FILE]', 'settings file, instead of -c'))
    .option('--json', 'print the result as JSON')
    .addHelpText('before', 'Examples:\n  lb check\n  lb check site.json\n  lb check --json | jq .errors\n')
    .action((file: string | undefined, options: { json?: boolean }) => {
      if (file !== undefined) given.file = file;
      if (options.json) printJson(given, io);
      else printText(given, io);
    });
  return addSettingFlags(command, given);
}

function printText(given: GivenFlags, io: Io): void {
  const { config, announcements, file } = loadOrFail(given, io);
  const { error, warnings } = checkCertificates(config);
  if (error !== undefined) throw new CliError(error, EXIT.usage);
  for (const text of [...announcements, ...warnings]) io.stderr.write(`note: ${text}\n`);
  const rules = config.sites.reduce((count, site) => count + site.cache.rules.length, 0);
  io.stdout.write(
    `${file ?? 'flags and environment'}: ok (${plural(config.sites.length, 'site')}, ${plural(rules, 'cache rule')})\n`,
  );
}

function printJson(given: GivenFlags, io: Io): void {
  const result = loadConfig(loadOptions(given, io));
  const errors = 'errors' in result ? result.errors : [];
  const shown = errors.map(({ source, line, column, message, fix }) =>
    line > 0 ? { source, line, column, message, fix } : { source, message, fix },
  );
  const announcements = 'errors' in result ? [] : [...result.announcements];
  if ('config' in result) {
    const { error, warnings } = checkCertificates(result.config);
    announcements.push(...warnings);
    if (error !== undefined) shown.push({ source: 'tls', message: error, fix: FILES_FIX });
  }
  io.stdout.write(`${JSON.stringify({ ok: shown.length === 0, errors: shown, announcements }, null, 2)}\n`);
  if (shown.length > 0) throw new CliError('', EXIT.usage);
}

/** What `lb serve` would say of the certificates. */
function checkCertificates(config: Config): { error?: string; warnings: string[] } {
  const warnings: string[] = [];
  try {
    new TlsKeeper((warning) => warnings.push(warning)).termsFor(config);
    return { warnings };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { error: error.message, warnings };
  }
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
