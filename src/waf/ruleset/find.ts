/** Where the rule set is, and which files of it are read. */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A rule set that was found, as absolute names of files in the order in which they are read. */
export interface RuleSetFiles {
  /** The folder that was asked for or found. */
  readonly folder: string;
  /** `3.3.4`, '' where the files do not say. */
  readonly version: string;
  /** crs-setup.conf, and the configuration of plugins; empty where there is neither. */
  readonly setup: readonly string[];
  readonly rules: readonly string[];
}

/** No rule set where one is looked for. Its message says where, and how to get one. */
export class NoRuleSet extends Error {
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.name = 'NoRuleSet';
    this.fix = fix;
  }
}

/** Where Debian's and Ubuntu's package modsecurity-crs puts its files. */
const DEBIAN = '/usr/share/modsecurity-crs';
const DEBIAN_SETUP = '/etc/modsecurity/crs';

/** Where other packages and the usual guides put theirs. */
const USUAL = ['/etc/crs4', '/etc/modsecurity.d/owasp-crs', '/usr/share/coreruleset', '/opt/owasp-crs'];

const HOW = 'run `lb waf install`, or install the package modsecurity-crs, or name its folder in addons.waf.path';

export interface Places {
  /** `addons.waf.path`. */
  readonly path: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
}

/** The folder under lb's data where `lb waf install` puts rules. */
export function installFolder(dataDir: string): string {
  return join(dataDir, 'waf', 'owasp-core');
}

/**
 * The rule set: where the configuration says, else LB_CRS_PATH, else what `lb waf install` has put into the data folder,
 * else what a package of the system has: what somebody has installed for lb goes over what an image or a system brings.
 *
 * @throws NoRuleSet
 */
export function findRuleSet({ path, env, dataDir }: Places): RuleSetFiles {
  const given = path ?? (env.LB_CRS_PATH || undefined);
  if (given !== undefined) {
    const found = rulesIn(given);
    if (found !== undefined) return found;
    const name = path === undefined ? 'LB_CRS_PATH' : 'addons.waf.path';
    throw new NoRuleSet(
      `${name}: there is no rule set in ${given}`,
      'name the folder that has rules/REQUEST-901-INITIALIZATION.conf; `lb waf install` gets one',
    );
  }
  const places = [installFolder(dataDir), DEBIAN, ...USUAL];
  for (const place of places) {
    const found = rulesIn(place);
    if (found !== undefined) return found;
  }
  throw new NoRuleSet(`the OWASP Core Rule Set is not there: looked in ${places.join(', ')}`, HOW);
}

/** What is always there in a release, of version 3 and 4. */
const LANDMARK = 'REQUEST-901-INITIALIZATION.conf';

/** The rule set of one folder, which is that of a release, of Debian's package, or `rules` itself. */
export function rulesIn(folder: string): RuleSetFiles | undefined {
  const rulesFolder = existsSync(join(folder, 'rules', LANDMARK)) ? join(folder, 'rules') : folder;
  if (!existsSync(join(rulesFolder, LANDMARK))) return undefined;
  const root = rulesFolder === folder && basename(folder) === 'rules' ? dirname(folder) : folder;
  const setupFolder = root === DEBIAN ? DEBIAN_SETUP : root;
  const setup = [join(setupFolder, 'crs-setup.conf'), join(root, 'crs-setup.conf.example')].find((file) =>
    existsSync(file),
  );
  const plugins = (kind: string): string[] => globSync(join(root, 'plugins', `*-${kind}.conf`)).sort();
  const named = (file: string): string[] => (existsSync(join(setupFolder, file)) ? [join(setupFolder, file)] : []);
  const rules = globSync(join(rulesFolder, '*.conf')).sort();
  const isDebian = setupFolder !== root;
  return {
    folder: root,
    version: versionOf(join(rulesFolder, LANDMARK)),
    setup: [...(setup === undefined ? [] : [setup]), ...plugins('config')],
    rules: [
      ...(isDebian ? named('REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf') : []),
      ...plugins('before'),
      ...rules,
      ...plugins('after'),
      ...(isDebian ? named('RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf') : []),
    ],
  };
}

function versionOf(file: string): string {
  const text = readFileSync(file, 'latin1');
  return (
    /^\s*SecComponentSignature\s+"?OWASP_CRS\/([\d.]+[\w.-]*)/m.exec(text)?.[1] ??
    /\bver:'OWASP_CRS\/([\d.]+[\w.-]*)'/.exec(text)?.[1] ??
    ''
  );
}
