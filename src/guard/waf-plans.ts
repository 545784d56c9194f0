import type { WafPlan } from '../waf/engine/waf.ts';
import { compileShared, type SharedRules } from '../waf/ruleset/shared-rules.ts';

/** Compiled rules of one thread: those that a new configuration has too are kept, with what they have learnt. */
export class WafPlans {
  readonly #countryOf: (address: string) => string | undefined;
  #plans: ReadonlyMap<string, WafPlan> = new Map();

  /** @param countryOf of the database in force; undefined for what is not known */
  constructor(countryOf: (address: string) => string | undefined) {
    this.#countryOf = countryOf;
  }

  /** @returns plans by the id of their rules, to be given to `keep` when they are in force */
  prepare(sets: readonly SharedRules[]): ReadonlyMap<string, WafPlan> {
    return new Map(sets.map((set) => [set.id, this.#plans.get(set.id) ?? compileShared(set, this.#countryOf)]));
  }

  keep(plans: ReadonlyMap<string, WafPlan>): void {
    this.#plans = plans;
  }
}
