/** The configuration that commands about rules go by. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, SiteConfig } from '../../config/config.ts';
import { formatErrors } from '../../config/errors.ts';
import { loadConfig } from '../../config/load.ts';
import type { WafConfig } from '../../config/waf-config.ts';
import { EXIT, fail } from '../exit.ts';
import { type Io, painter } from '../io.ts';

/** A file of settings that says nothing but what it has to. */
const NOTHING_SAID = '{"origins": ["127.0.0.1:80"], "addons": {"waf": {}}}';

/** Whether settings are given by a file; without one the defaults are meant. */
export function hasSettings(file: string | undefined, io: Io): boolean {
  return file !== undefined || Boolean(io.env.LB_CONFIG) || existsSync(resolve(io.cwd, 'lb.json'));
}

/** The configuration, or the command ends with its mistakes. */
export function configFor(file: string | undefined, io: Io): Config {
  // rules have no need of an origin
  const env = hasSettings(file, io) ? io.env : { LB_ORIGINS: 'origin.invalid:80', ...io.env };
  const result = loadConfig({ flags: [], env, cwd: io.cwd, file });
  if (!('errors' in result)) return result.config;
  io.stderr.write(`${formatErrors(result.errors, painter(io))}\n\n`);
  return fail('the configuration has mistakes', EXIT.usage);
}

/** The site of a name, or the command ends. */
export function siteNamed({ sites }: Config, name: string): SiteConfig {
  const site = sites.find((one) => one.name === name);
  return site ?? fail(`--site ${name}: sites are ${sites.map((one) => one.name).join(', ')}`, EXIT.usage);
}

/** A firewall of which nothing is said. */
export function defaultWaf(): WafConfig {
  const result = loadConfig({ flags: [], env: {}, cwd: '/', readFile: () => NOTHING_SAID });
  if ('errors' in result || result.config.sites[0].waf === undefined) throw new Error('the defaults are wrong');
  return result.config.sites[0].waf;
}
