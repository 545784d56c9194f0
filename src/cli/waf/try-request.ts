/** `lb waf test`. */

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Config, SiteConfig } from '../../config/config.ts';
import type { WafConfig } from '../../config/waf-config.ts';
import { CountryDatabaseError } from '../../geo/country.ts';
import { parseHost } from '../../http/host.ts';
import { HostNames } from '../../site/host-names.ts';
import type { WafPlan } from '../../waf/engine/waf.ts';
import { compileShared, isInspecting, shareRules, WafRulesError } from '../../waf/ruleset/shared-rules.ts';
import { compileModes, compileRedaction } from '../../waf/ruleset/waf-rules.ts';
import { CliError, EXIT, fail } from '../exit.ts';
import type { Io } from '../io.ts';
import { hasColor } from '../io.ts';
import type { TryOptions } from '../waf-command.ts';
import { curlRequest } from './curl.ts';
import { observedRules } from './observed-rules.ts';
import { rawRequest, rawResponse } from './raw-message.ts';
import { ShellError, shellWords } from './shell-words.ts';
import { configFor, defaultWaf, hasSettings, siteNamed } from './site.ts';
import { RequestError, type TestedRequest } from './tested-request.ts';
import { runTrial } from './trial.ts';
import { describeTrial } from './trial-result.ts';
import { trialText } from './trial-text.ts';

/** Rules run cold here; in a running lb they have a fraction of it. Milliseconds. */
const TIME_BUDGET = 60_000;

/** Tells what lb would make of a request. The command ends with 1 where it would be refused. */
export function tryRequest(words: readonly string[], options: TryOptions, io: Io): void {
  const config = configFor(options.config, io);
  const { request, site, response } = given(words, options, config, io);
  const waf = wafFor(site, options, io);
  const settings = { ...site, waf };
  const client = options.client ?? '127.0.0.1';
  if (isIP(client) === 0) fail(`--client ${client}: an IP address is wanted`, EXIT.usage);
  const { plan, trial } = attempt(() => {
    const compiled = planFor(waf, config, io);
    return { plan: compiled, trial: runTrial(config, settings, request, { client, plan: compiled, response }) };
  });
  const path = request.target.split('?', 1)[0];
  const result = describeTrial(trial, {
    ...{ request, site: site.name, mode: plan === undefined ? 'off' : compileModes(waf)(path) },
    isSecret: compileRedaction(waf),
  });
  io.stdout.write(
    options.json ? `${JSON.stringify(result, null, 2)}\n` : trialText(result, hasColor(io.stdout, io.env)),
  );
  if (result.decision.action === 'refused' || result.decision.action === 'response_refused')
    throw new CliError('', EXIT.failure);
}

function given(words: readonly string[], { raw, response, site: name }: TryOptions, config: Config, io: Io) {
  const readFile = (file: string): Buffer => read(file, io);
  const wanted = name === undefined ? undefined : siteNamed(config, name);
  if (raw !== undefined && words.length > 0) fail('a request is given by --raw or by words, not by both', EXIT.usage);
  try {
    const request =
      raw === undefined
        ? curlRequest(split(words), hostOf(wanted ?? config.sites[0]), readFile)
        : rawRequest(readFile(raw), raw);
    return {
      ...{ request, site: wanted ?? siteOf(config, request) },
      response: response === undefined ? undefined : rawResponse(readFile(response), response),
    };
  } catch (error) {
    if (error instanceof RequestError || error instanceof ShellError) return fail(error.message, EXIT.usage);
    throw error;
  }
}

/** A whole command may be one word, or a URL with blanks in it. */
function split(words: readonly string[]): readonly string[] {
  const [first = ''] = words;
  if (words.length !== 1 || !/\s/.test(first)) return words;
  const isUrl = /^(?:\/|https?:\/\/)/i.test(first) && !/\s-{1,2}[a-zA-Z]/.test(first);
  return isUrl ? words : shellWords(first);
}

function read(file: string, io: Io): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : resolve(io.cwd, file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail(`cannot read ${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`, EXIT.usage);
  }
}

/** A host that leads to a site. */
function hostOf({ hosts }: SiteConfig): string {
  const [name] = hosts;
  if (name === undefined || name === '*') return 'localhost';
  return name.startsWith('*.') ? `www${name.slice(1)}` : name;
}

/** As a running lb finds it. */
function siteOf({ sites }: Config, { headers }: TestedRequest): SiteConfig {
  const names = new HostNames<SiteConfig>();
  for (const site of sites) names.add(site.hosts, site);
  const field = headers[headers.indexOf('host') + 1] ?? '';
  const host = parseHost(field);
  const site = host && names.find(host.host);
  return (
    site ??
    fail(
      `no site is configured for the host "${field}": names are ${names.names().join(', ')}; or use --site`,
      EXIT.usage,
    )
  );
}

/** What the site says of its firewall, with what options say in place of it. */
function wafFor({ name, waf }: SiteConfig, { mode, level, config: file }: TryOptions, io: Io): WafConfig {
  const known = waf ?? (hasSettings(file, io) && mode === undefined ? undefined : defaultWaf());
  if (known === undefined)
    return fail(
      `the site ${name} has no addons.waf: write it, or give --mode block for one of no settings`,
      EXIT.usage,
    );
  return {
    ...known,
    ...(mode === undefined ? {} : { mode, paths: [] }),
    ...(level === undefined ? {} : { paranoiaLevel: level, detectionLevel: undefined }),
  };
}

function planFor(waf: WafConfig, { dataDir }: Config, io: Io): WafPlan | undefined {
  if (!isInspecting(waf)) return undefined;
  const shared = shareRules(waf, { env: io.env, dataDir });
  return compileShared({ ...shared, rules: observedRules(shared.rules), timeBudget: TIME_BUDGET });
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof WafRulesError) return fail(`the rules cannot be used:\n${error.message}`, EXIT.usage);
    if (error instanceof CountryDatabaseError) return fail(error.message, EXIT.usage);
    throw error;
  }
}
