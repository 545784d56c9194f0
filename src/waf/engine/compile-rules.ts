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
import type { CandidateTables } from './facts.ts';
import { compileMacro, compileText } from './macro.ts';
import { OperatorBits } from './operator-bits.ts';
import type { Group, Link, Pair, Program, ProgramRule, SourceList } from './program.ts';
import { RuleNumbers } from './rule-book.ts';
import { type Source, Sources } from './source.ts';
import type { State } from './state.ts';
import { TxNames } from './tx-store.ts';
import { WafCompileError, type WafOptions } from './waf.ts';

export interface CompiledRules {
  /** By phase, 1 to 5; element 0 is empty. */
  readonly programs: readonly Program[];
  readonly sets: ByteSets;
  readonly tables: CandidateTables;
  readonly names: TxNames;
  readonly sources: number;
  readonly pairs: number;
  readonly groups: number;
  readonly lists: number;
}

/** @throws WafCompileError for the first rule that cannot be compiled */
export function compileRules(ruleSet: RuleSet, options: WafOptions): CompiledRules {
  return new RuleCompiler(ruleSet, options).compile();
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
  readonly #pairs = new Map<string, Pair>();
  readonly #groups = new Map<string, Group>();
  readonly #lists = new Map<string, SourceList>();

  constructor(ruleSet: RuleSet, options: WafOptions) {
    this.#items = ruleSet.items;
    this.#options = options;
    this.#sources = new Sources(this.#names);
    this.#chains = new Chains(this.#sets, ruleSet.engine.unicodeMap);
    this.#numbers = new RuleNumbers(ruleSet.items.filter((item) => item.kind === 'rule'));
  }

  compile(): CompiledRules {
    const programs = [0, 1, 2, 3, 4, 5].map((phase) => this.#program(phase));
    return {
      programs,
      sets: this.#sets,
      tables: this.#bits.tables(this.#sets, (literals) => new LiteralMatcher(literals, { caseless: true })),
      names: this.#names,
      sources: this.#sources.all.length,
      pairs: this.#pairs.size,
      groups: this.#groups.size,
      lists: this.#lists.size,
    };
  }

  #program(phase: number): Program {
    const rules: ProgramRule[] = [];
    const positions = new JumpTargets(this.#items, phase);
    let number = 0;
    for (const [at, item] of this.#items.entries()) {
      if (item.kind !== 'rule') continue;
      if (item.phase === phase) rules.push(this.#rule(item, number, positions.after(item, at, rules.length)));
      number++;
    }
    return rules;
  }

  #rule(rule: Rule, number: number, nextAfterMatch: number): ProgramRule {
    try {
      return {
        first: this.#link(rule, rule, number),
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
    const grouped = operator !== undefined && sources.length > 0 && sources.every((source) => source.fixed);
    const { word, bit } =
      grouped && operator !== undefined
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
      group: grouped ? this.#group(sources, chains) : undefined,
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

  #group(sources: readonly Source[], chains: readonly Chain[]): Group {
    const pairs = sources.map((source) => this.#pair(source, chains));
    const key = pairs.map(({ number }) => number).join();
    let group = this.#groups.get(key);
    if (group === undefined) {
      const triggers = chains.length === 1 ? chains[0].triggers : undefined;
      group = { number: this.#groups.size, list: this.#list(sources), pairs, triggers };
      this.#groups.set(key, group);
    }
    return group;
  }

  #list(sources: readonly Source[]): SourceList {
    const key = sources.map(({ number }) => number).join();
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = { number: this.#lists.size, sources };
      this.#lists.set(key, list);
    }
    return list;
  }

  #pair(source: Source, chains: readonly Chain[]): Pair {
    const key = `${source.number} ${chains.map(({ index }) => index).join()}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { number: this.#pairs.size, source, chains };
      this.#pairs.set(key, pair);
    }
    return pair;
  }
}

function readBinary(path: string): string {
  return readFileSync(path, 'latin1');
}

/** Where `skip` and `skipAfter` lead to within a phase. */
class JumpTargets {
  readonly #items: RuleSet['items'];
  readonly #phase: number;

  constructor(items: RuleSet['items'], phase: number) {
    this.#items = items;
    this.#phase = phase;
  }

  /**
   * The position in the phase's program after `rule` has matched.
   *
   * @param at the rule's place among all items
   * @param position its position in the program
   */
  after(rule: Rule, at: number, position: number): number {
    if (rule.skipAfter === '') return position + 1 + rule.skip;
    let next = position + 1;
    for (const item of this.#items.slice(at + 1)) {
      if (item.kind === 'marker') {
        if (item.name === rule.skipAfter) return next;
      } else if (item.phase === this.#phase) {
        next++;
        if (String(item.id) === rule.skipAfter) return next;
      }
    }
    return next;
  }
}
