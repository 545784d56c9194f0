/** From a set of rules to a plan. */
import type { Rule, RuleSet } from '../lang/rule.ts';
import { compileRules } from './compile-rules.ts';
import { FactBook } from './facts.ts';
import { Collections } from './persistent.ts';
import { Runner } from './run.ts';
import { modeOf, type Shared } from './state.ts';
import { type TransactionPlan, WafTransaction } from './transaction.ts';
import type { TxNames } from './tx-store.ts';
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
    const sharedOf = (names: TxNames) => sharedState(engine, names, options);
    const rules = compileRules({ items, engine, files }, options, sharedOf);
    const inUse = engine.mode !== 'off';
    const all = items.filter((item) => item.kind === 'rule');
    this.ruleCount = all.length;
    this.needsRequestBody = inUse && engine.requestBody.access && all.some(({ phase }) => phase === 2);
    this.needsResponse = inUse && all.some(({ phase }) => phase === 3 || phase === 4);
    this.needsResponseBody = inUse && engine.responseBody.access && all.some(readsResponseBody);
    this.#plan = {
      programs: rules.programs,
      runner: new Runner(new FactBook(rules.sets, rules.tables, options.rememberedValues ?? DEFAULT_REMEMBERED)),
      shared: { ...sharedOf(rules.names), txStart: rules.txStart, sources: rules.sources },
      timeBudget: options.timeBudget ?? DEFAULT_TIME_BUDGET,
      needsRequestBody: this.needsRequestBody,
      needsResponseBody: this.needsResponseBody,
    };
  }

  begin(request: WafRequest): Transaction {
    return new WafTransaction(this.#plan, request);
  }
}

function sharedState(settings: RuleSet['engine'], txNames: TxNames, options: WafOptions): Shared {
  return {
    settings,
    txNames,
    txStart: [],
    collections: new Collections(MOST_COLLECTIONS, settings.collectionTimeout * 1000),
    sources: 0,
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

function readsResponseBody({ phase, targets, chain }: Rule): boolean {
  const reads = targets.some(
    ({ variable }) => variable.startsWith('response_body') || variable === 'stream_output_body',
  );
  return phase === 4 && (reads || (chain !== undefined && readsResponseBody(chain)));
}
