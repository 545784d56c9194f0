/** From a set of rules to a plan. */
import type { Rule, RuleSet } from '../lang/rule.ts';
import { type CompiledRules, compileRules } from './compile-rules.ts';
import { FactBook } from './facts.ts';
import { Collections } from './persistent.ts';
import type { Program } from './program.ts';
import { Runner } from './run.ts';
import { runSetup } from './setup.ts';
import { modeOf, type Shared } from './state.ts';
import { type TransactionPlan, WafTransaction } from './transaction.ts';
import type { Transaction, WafOptions, WafPlan, WafRequest } from './waf.ts';

/** Milliseconds. */
const DEFAULT_TIME_BUDGET = 250;
const DEFAULT_REMEMBERED = 4096;
/** Persistent collections of a plan and thread. */
const MOST_COLLECTIONS = 10_000;

/**
 * Compiles rules for one thread. What was compiled before goes on working; nothing is changed on an error.
 *
 * @throws WafCompileError with the place of the first rule that cannot be compiled
 */
export function compileWaf(ruleSet: RuleSet, options: WafOptions = {}): WafPlan {
  return new CompiledPlan(ruleSet, options);
}

class CompiledPlan implements WafPlan {
  readonly needsRequestBody: boolean;
  readonly needsResponse: boolean;
  readonly needsResponseBody: boolean;
  readonly ruleCount: number;
  readonly #plan: TransactionPlan;

  constructor({ items, engine, files }: RuleSet, options: WafOptions) {
    const rules = compileRules({ items, engine, files }, options);
    const inUse = engine.mode !== 'off';
    this.ruleCount = items.filter((item) => item.kind === 'rule').length;
    this.needsRequestBody = inUse && engine.requestBody.access && rules.programs[2].length > 0;
    this.needsResponse = inUse && rules.programs[3].length + rules.programs[4].length > 0;
    this.needsResponseBody = inUse && engine.responseBody.access && readsResponseBody(rules.programs[4]);
    const book = new FactBook(rules.sets, rules.tables, options.rememberedValues ?? DEFAULT_REMEMBERED);
    const runner = new Runner(book);
    const plain = sharedState(engine, rules, options);
    const start = runSetup(rules.programs[1], runner, plain);
    this.#plan = {
      programs: [[], start.program, ...rules.programs.slice(2)],
      firstRule: start.from,
      runner,
      shared: { ...plain, txStart: start.values },
      timeBudget: options.timeBudget ?? DEFAULT_TIME_BUDGET,
      needsRequestBody: this.needsRequestBody,
      needsResponseBody: this.needsResponseBody,
    };
  }

  begin(request: WafRequest): Transaction {
    return new WafTransaction(this.#plan, request);
  }
}

function sharedState(settings: RuleSet['engine'], rules: CompiledRules, options: WafOptions): Shared {
  return {
    settings,
    txNames: rules.names,
    txStart: new Array(rules.names.names.length).fill(undefined),
    collections: new Collections(MOST_COLLECTIONS, settings.collectionTimeout * 1000),
    sizes: rules,
    spare: [],
    mode: modeOf(settings.mode, options.mode),
    now: options.now ?? Date.now,
    elapsed: options.elapsed ?? (() => performance.now()),
    processorTime: options.elapsed ?? processorTime,
  };
}

function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function readsResponseBody(program: Program): boolean {
  const reads = (rule: Rule | undefined): boolean =>
    rule !== undefined &&
    (rule.targets.some(({ variable }) => variable.startsWith('response_body') || variable === 'stream_output_body') ||
      reads(rule.chain));
  return program.some(({ first }) => reads(first.rule));
}
