/** `lb waf rules`. */

import { resolve } from 'node:path';
import { Misuse, RuleErrors } from '../../waf/lang/mistakes.ts';
import type { Rule } from '../../waf/lang/rule.ts';
import { compileSelection, parseRanges } from '../../waf/lang/selection.ts';
import { NoRuleSet } from '../../waf/ruleset/find.ts';
import { loadWafRules, type WafRules } from '../../waf/ruleset/waf-rules.ts';
import { safeText, tableLines } from '../columns.ts';
import { EXIT, fail } from '../exit.ts';
import type { Io } from '../io.ts';
import type { RulesOptions } from '../waf-command.ts';
import { configFor, defaultWaf, siteNamed } from './site.ts';

const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'];

/** A rule as the command tells of it. */
interface Listed {
  readonly id: number;
  readonly phase: number;
  /** Paranoia level by its tag; undefined for rules of every level. */
  readonly level: number | undefined;
  readonly severity: string | undefined;
  readonly message: string;
  readonly tags: readonly string[];
  readonly file: string;
  readonly line: number;
}

/** Prints the rules that fit. */
export function listRules(ids: readonly string[], options: RulesOptions, io: Io): void {
  const chosen = chooser(ids, options);
  const { rules, found } = load(options, io);
  const all = rules.items.filter((item): item is Rule => item.kind === 'rule');
  const listed = all.filter(chosen).map(listedRule);
  if (options.json) {
    io.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
    return;
  }
  const columns = [
    { title: 'ID', right: true },
    { title: 'PHASE', right: true },
    { title: 'LEVEL', right: true },
    { title: 'SEVERITY' },
    { title: 'FILE' },
    { title: 'MESSAGE', fills: true },
  ];
  const rows = listed.map(({ id, phase, level, severity, message, file, line }) => [
    String(id),
    String(phase),
    level === undefined ? '' : String(level),
    severity ?? '',
    `${file.slice(file.lastIndexOf('/') + 1)}:${line}`,
    safeText(message),
  ]);
  io.stdout.write(`${tableLines(columns, rows, io.stdout.isTTY ? io.stdout.columns : undefined).join('\n')}\n`);
  io.stderr.write(`${listed.length} of ${all.length} rules; OWASP CRS ${found.version} in ${found.folder}\n`);
}

function listedRule({ id, phase, severity, msg, tags, place }: Rule): Listed {
  return { id, phase, level: levelOf(tags), severity: SEVERITIES[severity], message: msg, tags, ...place };
}

function levelOf(tags: readonly string[]): number | undefined {
  const tag = tags.find((one) => /^paranoia-level\/[1-4]$/.test(one));
  return tag === undefined ? undefined : Number(tag.at(-1));
}

function chooser(ids: readonly string[], { tag, phase, level, severity }: RulesOptions): (rule: Rule) => boolean {
  const wanted = severity === undefined ? -1 : SEVERITIES.indexOf(severity.toLowerCase());
  if (severity !== undefined && wanted < 0)
    fail(`--severity ${severity}: one of ${SEVERITIES.join(', ')} is wanted`, EXIT.usage);
  const isMeant = ids.length === 0 ? () => true : selection(ids);
  return (rule) =>
    isMeant(rule) &&
    (phase === undefined || rule.phase === phase) &&
    (wanted < 0 || rule.severity === wanted) &&
    (tag === undefined || rule.tags.some((one) => one.includes(tag))) &&
    (level === undefined || (levelOf(rule.tags) ?? 1) <= level);
}

function selection(ids: readonly string[]): (rule: Rule) => boolean {
  try {
    return compileSelection({ by: 'id', ranges: parseRanges(ids.join(' ')) });
  } catch (error) {
    if (error instanceof Misuse) fail(`${error.message}: ${error.fix}`, EXIT.usage);
    throw error;
  }
}

function load({ config: file, site: name, path }: RulesOptions, io: Io): WafRules {
  const config = configFor(file, io);
  const site = name === undefined ? config.sites.find(({ waf }) => waf) : siteNamed(config, name);
  const waf = site?.waf ?? defaultWaf();
  try {
    return loadWafRules(
      { ...waf, path: path === undefined ? waf.path : resolve(io.cwd, path) },
      { env: io.env, dataDir: config.dataDir },
    );
  } catch (error) {
    if (error instanceof NoRuleSet) return fail(`${error.message}: ${error.fix}`, EXIT.usage);
    if (error instanceof RuleErrors) return fail(`the rules cannot be used:\n${error.message}`, EXIT.usage);
    throw error;
  }
}
