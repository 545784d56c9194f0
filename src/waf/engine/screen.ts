/**
 * What the rules of a phase look at, put together by variable: before any rule runs, all values are screened once, and
 * what comes out is the set of operators that may match any of them. Rules of other operators need not be looked at.
 */
import type { Mask } from './byte-sets.ts';
import type { Chain } from './chain.ts';
import type { Entry } from './entry.ts';
import type { Link } from './program.ts';
import type { Source } from './source.ts';
import { gathered, type State } from './state.ts';
import { entriesOf } from './variables.ts';

/** What becomes of a value before operators see it, and which operators these are. */
export interface ScreenSet {
  readonly number: number;
  /** Those with steps. */
  readonly chains: readonly Chain[];
  /** A value without these bytes passes all chains unchanged; undefined: nothing is known. */
  readonly triggers: Mask | undefined;
  /** One bit an operator, 32 an element. */
  readonly operators: readonly number[];
}

/** A variable, or a source that is none. */
export interface ScreenItem {
  readonly entries: (state: State) => readonly Entry[];
  /** By the lower-case names of members that rules choose; the others are for `rest`. */
  readonly named: ReadonlyMap<string, ScreenSet> | undefined;
  /** Undefined: no rule looks at the other members. */
  readonly rest: ScreenSet | undefined;
}

/** The set for a member. */
export function setFor({ named, rest }: ScreenItem, entry: Entry): ScreenSet | undefined {
  if (named === undefined) return rest;
  return named.get(entry.key) ?? named.get(entry.key.toLowerCase()) ?? rest;
}

class Draft {
  readonly chains = new Set<Chain>();
  readonly operators = new Map<number, number>();

  add({ chains, word, bit }: Link): void {
    for (const chain of chains) if (chain.before !== undefined) this.chains.add(chain);
    this.operators.set(word, (this.operators.get(word) ?? 0) | bit);
  }

  addAll(other: Draft): void {
    for (const chain of other.chains) this.chains.add(chain);
    for (const [word, bits] of other.operators) this.operators.set(word, (this.operators.get(word) ?? 0) | bits);
  }
}

interface DraftItem {
  readonly source: Source;
  readonly named: Map<string, Draft>;
  readonly rest: Draft;
  readonly phases: Set<number>;
}

/** Gathers what links look at, over all phases, so that what is known of a value serves each of them. */
export class Screens {
  readonly #items = new Map<string, DraftItem>();
  #sets = 0;

  add(link: Link, phase: number): void {
    if (!link.screened) return;
    for (const source of link.sources) {
      const { reads } = source;
      const key = reads === undefined ? `source ${source.number}` : `variable ${reads.variable.number}`;
      let item = this.#items.get(key);
      if (item === undefined) {
        item = { source, named: new Map(), rest: new Draft(), phases: new Set() };
        this.#items.set(key, item);
      }
      item.phases.add(phase);
      if (reads?.name === undefined) item.rest.add(link);
      else this.#named(item, reads.name).add(link);
    }
  }

  #named({ named }: DraftItem, name: string): Draft {
    let draft = named.get(name);
    if (draft === undefined) {
      draft = new Draft();
      named.set(name, draft);
    }
    return draft;
  }

  /** By phase. @param words elements of a set of operators */
  items(words: number): ScreenItem[][] {
    const phases: ScreenItem[][] = [[], [], [], [], [], []];
    for (const draft of this.#items.values()) {
      const item = this.#item(draft, words);
      for (const phase of draft.phases) phases[phase].push(item);
    }
    return phases;
  }

  #item({ source, named, rest }: DraftItem, words: number): ScreenItem {
    const { reads } = source;
    for (const draft of named.values()) draft.addAll(rest);
    const variable = reads?.variable;
    return {
      entries: variable === undefined ? (state) => gathered(source, state) : (state) => entriesOf(variable, state),
      named: named.size === 0 ? undefined : new Map([...named].map(([name, draft]) => [name, this.#set(draft, words)])),
      rest: rest.operators.size === 0 ? undefined : this.#set(rest, words),
    };
  }

  #set({ chains, operators }: Draft, words: number): ScreenSet {
    const bits = new Array<number>(words).fill(0);
    for (const [word, some] of operators) bits[word] |= some;
    return { number: this.#sets++, chains: [...chains], triggers: triggersOf([...chains]), operators: bits };
  }
}

function triggersOf(chains: readonly Chain[]): Mask | undefined {
  let union: Mask = { a: 0, b: 0, c: 0 };
  for (const { triggers } of chains) {
    if (triggers === undefined) return undefined;
    union = { a: union.a | triggers.a, b: union.b | triggers.b, c: union.c | triggers.c };
  }
  return union;
}
