/** Rules as main reads them once and all threads compile them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConfigError } from '../../config/errors.ts';
import type { WafConfig } from '../../config/waf-config.ts';
import { compileWaf } from '../engine/compile.ts';
import { WafCompileError, type WafPlan } from '../engine/waf.ts';
import { RuleErrors } from '../lang/mistakes.ts';
import type { Rule, RuleSet } from '../lang/rule.ts';
import { NoRuleSet, type Places } from './find.ts';
import { loadWafRules } from './waf-rules.ts';

/** What a thread needs to compile the rules of a site; plain data, so that it goes from thread to thread. */
export interface SharedRules {
  /** The same for the same rules and data. */
  readonly id: string;
  readonly rules: RuleSet;
  /** Files of operators by their absolute names, as binary strings. */
  readonly data: ReadonlyMap<string, string>;
  /** Milliseconds. */
  readonly timeBudget: number;
}

/** Rules that cannot be had or used, as mistakes in the configuration. */
export class WafRulesError extends Error {
  readonly mistakes: readonly ConfigError[];

  constructor(mistakes: readonly ConfigError[], further: number) {
    const lines = mistakes.map(({ source, line, message, fix }) =>
      [line > 0 ? `${source}:${line}` : source, message, ...(fix === undefined ? [] : [fix])].join(': '),
    );
    super([...lines, ...(further > 0 ? [`and ${further} more`] : [])].join('\n'));
    this.name = 'WafRulesError';
    this.mistakes = mistakes;
  }
}

/** Whether a site's requests are inspected on any path. */
export function isInspecting(waf: WafConfig | undefined): waf is WafConfig {
  return waf !== undefined && [waf, ...waf.paths].some(({ mode }) => mode !== 'off');
}

/** Tells apart what sites want to be loaded: modes and redaction are each site's own. */
export function rulesKey(waf: WafConfig): string {
  return JSON.stringify({ ...waf, mode: 'block', paths: [], customRules: [], redact: [] });
}

/**
 * Reads the rules of a site, and compiles them to see that they can be.
 *
 * @param former of the same key: what is unchanged is not compiled again
 * @throws WafRulesError
 */
export function shareRules(waf: WafConfig, places: Omit<Places, 'path'>, former?: SharedRules): SharedRules {
  try {
    // each request has its mode
    const { rules } = loadWafRules({ ...waf, mode: 'block' }, places);
    const { timeBudget } = waf;
    if (former !== undefined && idOf(rules, reread(former.data), timeBudget) === former.id) return former;
    const data = new Map<string, string>();
    const readFile = (path: string): string => {
      const text = readFileSync(path, 'latin1');
      data.set(path, text);
      return text;
    };
    compileWaf(rules, { readFile, rememberedValues: 0, everyRule: true });
    return { id: idOf(rules, data, timeBudget), rules, data, timeBudget };
  } catch (error) {
    throw asMistakes(error);
  }
}

/** Whether some rule looks up the country of an address. */
export function asksForCountries({ rules }: SharedRules): boolean {
  const isLookup = ({ operator, chain }: Rule): boolean =>
    operator?.name === 'geolookup' || (chain !== undefined && isLookup(chain));
  return rules.items.some((item) => item.kind === 'rule' && isLookup(item));
}

/** The rules for one thread. @param countryOf for geoLookup; undefined for what is not known */
export function compileShared(
  { rules, data, timeBudget }: SharedRules,
  countryOf?: (address: string) => string | undefined,
): WafPlan {
  return compileWaf(rules, {
    ...{ timeBudget, countryOf },
    readFile: (path) => {
      const text = data.get(path);
      if (text === undefined) throw new Error(`${path} has not been read`);
      return text;
    },
  });
}

function idOf(rules: RuleSet, data: ReadonlyMap<string, string>, timeBudget: number): string {
  const hash = createHash('sha256').update(JSON.stringify([rules, timeBudget]));
  for (const [path, text] of data) hash.update(path).update(text, 'latin1');
  return hash.digest('hex');
}

function reread(data: ReadonlyMap<string, string>): Map<string, string> {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return '';
    }
  };
  return new Map([...data.keys()].map((path) => [path, read(path)]));
}

function asMistakes(error: unknown): unknown {
  const mistake = (source: string, line: number, message: string, fix?: string): ConfigError => ({
    ...{ source, line, column: line > 0 ? 1 : 0, text: '', width: 1 },
    ...{ message, fix },
  });
  if (error instanceof NoRuleSet) return new WafRulesError([mistake('addons.waf', 0, error.message, error.fix)], 0);
  if (error instanceof RuleErrors) {
    const mistakes = error.mistakes.map(({ place, message, fix }) => mistake(place.file, place.line, message, fix));
    return new WafRulesError(mistakes, error.further);
  }
  if (!(error instanceof WafCompileError)) return error;
  const { file, line } = error.place;
  return new WafRulesError([mistake(file, line, error.message.slice(`${file}:${line}: `.length))], 0);
}
