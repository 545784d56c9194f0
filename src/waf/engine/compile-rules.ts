/** From a set of rules to programs, one a phase, with everything that rules share in one place. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Rule, RuleSet } from '../lang/rule.ts';
import { compileOperator } from '../operator/compile.ts';
import type { OperatorEnvironment } from '../operator/operator.ts';
import { LiteralMatcher } from '../regex/literals.ts';
import { compileActions } from './actions.ts';
import { ByteSets } from './byte-sets.ts';
import { type Chain, Chains } from './chain.ts';
import { type CandidateTables, FactBook } from './facts.ts';
import { foldConstants } from './fold.ts';
import { compileMacro, compileText } from './macro.ts';
import { OperatorBits } from './operator-bits.ts';
import { type Outlined, outlineOf } from './outline.ts';
import type { Link, Program, ProgramRule } from './program.ts';
import { RuleNumbers } from './rule-book.ts';
import { Runner } from './run.ts';
import { Screens } from './screen.ts';
import { nobody, runSetup } from './setup.ts';
import { Sources } from './source.ts';
import type { Shared, State } from './state.ts';
import { TxNames } from './tx-store.ts';
import { WafCompileError, type WafOptions } from './waf.ts';

export interface CompiledRules {
  /** By phase, 1 to 5; element 0 is empty. */
  readonly programs: readonly Program[];
  readonly sets: ByteSets;
  readonly tables: CandidateTables;
  readonly names: TxNames;
  readonly sources: number;
  /** What TX holds when a transaction begins. */
  readonly txStart: readonly (string | undefined)[];
}

/**
 * @param sharedOf what transactions share, before the rules are compiled; TX is empty
 * @throws WafCompileError for a rule that cannot be compiled
 */
export function compileRules(
  ruleSet: RuleSet,
  options: WafOptions,
  sharedOf: (names: TxNames) => Shared,
): CompiledRules {
  return new RuleCompiler(ruleSet, options).compile(sharedOf);
}

class RuleCompiler {
  readonly #items: RuleSet['items'];
  readonly #options: WafOptions;
  readonly #names = new TxNames();
  readonly #sets = new ByteSets();
  readonly #bits = new OperatorBits<State>();
  readonly #sources: Sources;
  readonly #chains: Chains;
  readonly #numbers: RuleNumbers;
  readonly #screens = new Screens();
  readonly #links = new Map<Rule, Link>();

  constructor(ruleSet: RuleSet, options: WafOptions) {
    this.#items = ruleSet.items;
    this.#options = options;
    this.#sources = new Sources(this.#names);
    this.#chains = new Chains(this.#sets, ruleSet.engine.unicodeMap);
    this.#numbers = new RuleNumbers(ruleSet.items.filter((item) => item.kind === 'rule'));
  }

  compile(sharedOf: (names: TxNames) => Shared): CompiledRules {
    const outlines = [0, 1, 2, 3, 4, 5].map((phase) => outlineOf(this.#items, phase));
    if (this.#options.everyRule) for (const outlined of outlines.flat()) this.#rule(outlined);
    // the rules that are tried here have no values that a screen would tell of
    const runner = new Runner(new FactBook(this.#sets, new OperatorBits<State>().tables(this.#sets, matcherOf), 0));
    const shared = sharedOf(this.#names);
    const setup = runSetup(outlines[1], (outlined) => this.#rule(outlined), runner, shared);
    const state = nobody({ ...shared, txStart: setup.values });
    const folded = foldConstants({
      outlines: outlines.with(1, setup.outline),
      answer: (link) => runner.matchesNow(this.#bare(link), state),
      select: (selection) => this.#numbers.select(selection),
    });
    const rules = folded.map((outline) => outline.map((outlined) => this.#rule(outlined)));
    for (const [phase, list] of rules.entries()) for (const { first } of list) this.#screenLinks(first, phase);
    const tables = this.#tables();
    const screens = this.#screens.items(tables.words);
    return {
      programs: rules.map((list, phase): Program => ({ phase, rules: list, screen: screens[phase] })),
      sets: this.#sets,
      tables,
      names: this.#names,
      sources: this.#sources.all.length,
      txStart: this.#names.names.map((_, slot) => setup.values[slot]),
    };
  }

  #tables(): CandidateTables {
    return this.#bits.tables(this.#sets, matcherOf);
  }

  #screenLinks(link: Link, phase: number): void {
    this.#screens.add(link, phase);
    if (link.next !== undefined) this.#screenLinks(link.next, phase);
  }

  /** The first link alone, without actions. */
  #bare(rule: Rule): ProgramRule {
    const alone = { ...rule, actions: [], chain: undefined, capture: false, log: false, auditlog: false };
    return this.#rule({ rule: alone, number: 0, nextAfterMatch: 0 });
  }

  #rule({ rule, number, nextAfterMatch }: Outlined): ProgramRule {
    try {
      let first = this.#links.get(rule);
      if (first === undefined) {
        first = this.#link(rule, rule, number);
        this.#links.set(rule, first);
      }
      return {
        first,
        nextAfterMatch,
        redirectUrl: compileText(rule.redirectUrl, this.#names),
        tags: rule.tags.map((tag) => compileText(tag, this.#names)),
        tagMacros: rule.tags.some((tag) => tag.includes('%{')),
      };
    } catch (error) {
      if (error instanceof WafCompileError) throw error;
      throw new WafCompileError(rule.place, error instanceof Error ? error.message : String(error));
    }
  }

  #link(rule: Rule, first: Rule, number: number): Link {
    const sources = this.#sources.of(rule.targets);
    const chains = this.#chainsOf(rule);
    const call = rule.operator;
    const environment = this.#environment(rule);
    const operator = call === undefined ? undefined : compileOperator(call, environment, { capture: rule.capture });
    const pure = call !== undefined && call.name !== 'geolookup' && environment.macro(call.argument) === undefined;
    const screened = operator !== undefined && sources.length > 0 && sources.every((source) => source.fixed);
    const { word, bit } = screened
      ? this.#bits.bitOf(operator, pure, JSON.stringify([call, rule.capture, dirname(rule.place.file)]))
      : { word: 0, bit: 0 };
    const logged = first.log || first.auditlog;
    const actions = compileActions(rule.actions, { names: this.#names, numbers: this.#numbers });
    return {
      rule,
      number,
      sources,
      chains,
      operator,
      pure,
      screened,
      word,
      bit,
      eachMatch: actions.eachMatch,
      afterMatch: actions.afterMatch,
      message: logged && rule.msg !== '' ? compileText(rule.msg, this.#names) : undefined,
      data: logged && rule.logdata !== '' ? compileText(rule.logdata, this.#names) : undefined,
      next: rule.chain === undefined ? undefined : this.#link(rule.chain, first, number),
      lastValue: undefined,
      lastAnswer: false,
    };
  }

  #environment(rule: Rule): OperatorEnvironment<State> {
    const { countryOf, readFile = readBinary } = this.#options;
    const folder = dirname(rule.place.file);
    return {
      macro: (text) => compileMacro(text, this.#names),
      readFile: (path) => readFile(isAbsolute(path) ? path : join(folder, path)),
      geo: {
        lookup: (address, state) => {
          const { clientAddress, country } = state.request;
          state.country = address === clientAddress && country !== undefined ? country : countryOf?.(address);
          return state.country !== undefined;
        },
      },
    };
  }

  #chainsOf({ transformations, multiMatch }: Rule): Chain[] {
    if (!multiMatch) return [this.#chains.of(transformations)];
    return [0, ...transformations.map((_, i) => i + 1)].map((steps) =>
      this.#chains.of(transformations.slice(0, steps)),
    );
  }
}

function matcherOf(literals: readonly string[]): LiteralMatcher {
  return new LiteralMatcher(literals, { caseless: true, approximate: true });
}

function readBinary(path: string): string {
  return readFileSync(path, 'latin1');
}
