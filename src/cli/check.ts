import { Argument, Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { ConfigError } from '../config/errors.ts';
import { loadConfig } from '../config/load.ts';
import { CountryDatabaseError, loadCountries } from '../geo/country.ts';
import { CertificateError, FILES_FIX } from '../tls/certificates.ts';
import { TlsKeeper } from '../tls/keeper.ts';
import { isInspecting, rulesKey, shareRules, WafRulesError } from '../waf/ruleset/shared-rules.ts';
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
  const wrong = checkWafRules(config, io);
  if (wrong !== undefined) throw new CliError(wrong.message, EXIT.usage);
  const unusable = checkCountries(config);
  if (unusable !== undefined) throw new CliError(`${unusable.message}: ${unusable.fix}`, EXIT.usage);
  for (const text of [...announcements, ...warnings]) io.stderr.write(`note: ${text}\n`);
  const rules = config.sites.reduce((count, site) => count + site.cache.rules.length, 0);
  io.stdout.write(
    `${file ?? 'flags and environment'}: ok (${plural(config.sites.length, 'site')}, ${plural(rules, 'cache rule')})\n`,
  );
}

function printJson(given: GivenFlags, io: Io): void {
  const result = loadConfig(loadOptions(given, io));
  const errors = 'errors' in result ? result.errors : [];
  const shown = errors.map(shownMistake);
  const announcements = 'errors' in result ? [] : [...result.announcements];
  if ('config' in result) {
    const { error, warnings } = checkCertificates(result.config);
    announcements.push(...warnings);
    if (error !== undefined) shown.push({ source: 'tls', message: error, fix: FILES_FIX });
    for (const mistake of checkWafRules(result.config, io)?.mistakes ?? []) shown.push(shownMistake(mistake));
    const unusable = checkCountries(result.config);
    if (unusable !== undefined) shown.push({ source: 'geo.database', message: unusable.message, fix: unusable.fix });
  }
  io.stdout.write(`${JSON.stringify({ ok: shown.length === 0, errors: shown, announcements }, null, 2)}\n`);
  if (shown.length > 0) throw new CliError('', EXIT.usage);
}

function shownMistake({ source, line, column, message, fix }: ConfigError): Record<string, unknown> {
  return line > 0 ? { source, line, column, message, fix } : { source, message, fix };
}

/** What `lb serve` would say of the firewalls' rules. */
function checkWafRules({ sites, dataDir }: Config, io: Io): WafRulesError | undefined {
  const wanted = new Map(sites.flatMap(({ waf }) => (isInspecting(waf) ? [[rulesKey(waf), waf] as const] : [])));
  try {
    for (const waf of wanted.values()) shareRules(waf, { env: io.env, dataDir });
    return undefined;
  } catch (error) {
    if (error instanceof WafRulesError) return error;
    throw error;
  }
}

/** What `lb serve` would say of the database of countries. */
function checkCountries({ geo }: Config): CountryDatabaseError | undefined {
  if (geo.database === undefined) return undefined;
  try {
    loadCountries(geo.database);
    return undefined;
  } catch (error) {
    if (error instanceof CountryDatabaseError) return error;
    throw error;
  }
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
