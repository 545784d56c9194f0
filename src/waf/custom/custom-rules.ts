/** Custom rules of a site: what the configuration says without SecLang. */

import type { Condition, CustomRuleConfig } from '../../config/waf-config.ts';
import { type CustomSubject, compileConditions, type Predicate } from './condition.ts';

/** What custom rules make of a request. */
export interface CustomOutcome {
  /** Rules that only tell, in order. */
  readonly logged: readonly CustomRuleConfig[];
  /** The rule that blocks, allows or challenges. */
  readonly decided: CustomRuleConfig | undefined;
}

/** Custom rules, compiled. */
export class CustomRules {
  /** Whether some rule is about countries. */
  readonly asksForCountries: boolean;
  readonly #rules: readonly { readonly rule: CustomRuleConfig; readonly holds: Predicate }[];

  constructor(rules: readonly CustomRuleConfig[]) {
    this.#rules = rules.map((rule) => ({ rule, holds: compileConditions(rule.when, rule.action !== 'allow') }));
    this.asksForCountries = rules.some(({ when }) => when.some(isAboutCountries));
  }

  /** The rules that match, up to the first that decides; undefined where none does. */
  apply(subject: CustomSubject): CustomOutcome | undefined {
    let logged: CustomRuleConfig[] | undefined;
    for (const { rule, holds } of this.#rules) {
      if (!holds(subject)) continue;
      if (rule.action !== 'log') return { logged: logged ?? [], decided: rule };
      logged ??= [];
      logged.push(rule);
    }
    return logged === undefined ? undefined : { logged, decided: undefined };
  }
}

function isAboutCountries({ countries, any, all, not }: Condition): boolean {
  return countries.length > 0 || [...any, ...all, ...not].some(isAboutCountries);
}
