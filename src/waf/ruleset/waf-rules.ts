/** All rules of a site: lb's own, the rule set with its setup, and what lb.json and its files add. */

import type { WafConfig, WafMode } from '../../config/waf-config.ts';
import { compileGlobs } from '../../http/glob.ts';
import { pathForms } from '../../http/path-forms.ts';
import { compileNames } from '../../http/query-key.ts';
import { DEFAULT_ENGINE } from '../lang/engine-directives.ts';
import { loadRules, type RuleSource } from '../lang/load.ts';
import type { EngineSettings, RuleSet } from '../lang/rule.ts';
import { findRuleSet, type Places, type RuleSetFiles } from './find.ts';
import { baseRules, exclusionRules, setupOf, setupRules } from './own-rules.ts';

export interface WafRules {
  readonly rules: RuleSet;
  readonly found: RuleSetFiles;
}

/**
 * Reads the rules of one site.
 *
 * @throws NoRuleSet where there is no rule set, RuleErrors where rules cannot be used
 */
export function loadWafRules(waf: WafConfig, places: Omit<Places, 'path'>): WafRules {
  const found = findRuleSet({ ...places, path: waf.path });
  const setup = setupRules(waf);
  const sources: RuleSource[] = [
    baseRules(),
    ...setupOf(found),
    ...(setup === undefined ? [] : [setup]),
    ...included(waf.setup, 'addons.waf.setup'),
    ...exclusionRules(waf.exclusions),
    ...found.rules.map((file) => ({ file })),
    ...included(waf.rules, 'addons.waf.rules'),
  ];
  const loaded = loadRules(sources, { engine: engineOf(waf) });
  const mode = waf.mode === 'block' ? 'on' : waf.mode === 'log' ? 'detection-only' : 'off';
  return { rules: { ...loaded, engine: { ...loaded.engine, mode } }, found };
}

function included(names: readonly string[], from: string): RuleSource[] {
  return names.map((files) => ({ files, from }));
}

/** What lb.json says of the engine; directives in files go over it. */
function engineOf({ requestBody, responseBody, argumentsLimit }: WafConfig): EngineSettings {
  const action = { reject: 'reject', partial: 'process-partial' } as const;
  return {
    ...DEFAULT_ENGINE,
    requestBody: {
      ...DEFAULT_ENGINE.requestBody,
      access: requestBody.enabled,
      limit: requestBody.limit,
      noFilesLimit: requestBody.noFilesLimit,
      limitAction: action[requestBody.atLimit],
    },
    responseBody: {
      access: responseBody.enabled,
      limit: responseBody.limit,
      limitAction: action[responseBody.atLimit],
      mimeTypes: responseBody.types,
    },
    argumentsLimit,
  };
}

const STRICTEST: readonly WafMode[] = ['block', 'log', 'off'];

/** The mode for a path, by the first of `addons.waf.paths` that matches; of several ways to read it the strictest. */
export function compileModes({ mode, paths }: Pick<WafConfig, 'mode' | 'paths'>): (path: string) => WafMode {
  if (paths.length === 0) return () => mode;
  const compiled = paths.map(({ match, mode: own }) => ({ matches: compileGlobs(match), mode: own }));
  const modeOf = (path: string): WafMode => compiled.find(({ matches }) => matches(path))?.mode ?? mode;
  return (path) => {
    const modes = pathForms(path).map(modeOf);
    return STRICTEST.find((one) => modes.includes(one)) ?? mode;
  };
}

/** Whether the value of a variable, such as `ARGS:password`, is not to be logged. */
export function compileRedaction({ redact }: Pick<WafConfig, 'redact'>): (name: string) => boolean {
  const matches = compileNames(redact.map((name) => name.toLowerCase()));
  return (name) => matches(name.toLowerCase());
}
