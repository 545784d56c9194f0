/**
 * Where the values of rules come from: a variable, or some of its members, less those that the rule excludes. Rules that
 * say the same share one source.
 */
import { compileXmlPath } from '../body/xml.ts';
import type { Selector, Target } from '../lang/rule.ts';
import { Entry, NO_ENTRIES } from './entry.ts';
import type { State } from './state.ts';
import type { TxNames } from './tx-store.ts';
import { entriesOf, VARIABLES, type Variable } from './variables.ts';

export interface Source {
  readonly number: number;
  /** Whether its entries hold until the state forgets what it gathered. */
  readonly fixed: boolean;
  readonly collect: (state: State) => readonly Entry[];
  /** The variable that its entries are of, and their name in lower case where it is one; undefined of counts and XML. */
  readonly reads: { readonly variable: Variable; readonly name: string | undefined } | undefined;
}

type Test = (key: string) => boolean;

export class Sources {
  readonly all: Source[] = [];
  readonly #byKey = new Map<string, Source>();
  readonly #names: TxNames;

  constructor(names: TxNames) {
    this.#names = names;
  }

  /**
   * The sources of a rule's targets.
   *
   * @throws Error for what cannot be compiled
   */
  of(targets: readonly Target[]): Source[] {
    const excluded = targets.filter((target) => target.exclude);
    const wanted = targets.filter((target) => !target.exclude);
    return wanted
      .filter(({ variable }) => !excluded.some((other) => other.variable === variable && other.selector === undefined))
      .map((target) =>
        this.#of(
          target,
          excluded.filter(({ variable }) => variable === target.variable),
        ),
      );
  }

  #of(target: Target, exclusions: readonly Target[]): Source {
    const key = JSON.stringify([target, exclusions.map(({ selector }) => selector)]);
    let source = this.#byKey.get(key);
    if (source === undefined) {
      source = { number: this.all.length, ...this.#compile(target, exclusions), reads: readsOf(target) };
      this.#byKey.set(key, source);
      this.all.push(source);
    }
    return source;
  }

  #compile(target: Target, exclusions: readonly Target[]): Reader {
    const { collect, fixed } = this.#reader(target);
    const tests = exclusions.map(({ selector }) => selectorTest(selector));
    const kept =
      tests.length === 0
        ? collect
        : (state: State) => chosen(collect(state), (key) => !tests.some((test) => test(key)));
    if (!target.count) return { collect: kept, fixed };
    const name = target.variable.toUpperCase();
    // what is known of a count holds for every request
    const counts: (readonly Entry[] | undefined)[] = [];
    return {
      collect: (state) => {
        const { length } = kept(state);
        if (length >= MOST_COUNTS) return [new Entry(name, '', String(length))];
        counts[length] ??= [new Entry(name, '', String(length))];
        return counts[length];
      },
      fixed,
    };
  }

  #reader({ variable, selector }: Target): Reader {
    if (variable === 'xml') return { collect: xmlReader(selector), fixed: true };
    if (variable === 'tx' && selector?.kind === 'text') return { collect: this.#txReader(selector.text), fixed: false };
    const found = VARIABLES.get(variable);
    if (found === undefined) throw new Error(`there is no variable ${variable}`);
    if (selector === undefined) return { collect: (state) => entriesOf(found, state), fixed: found.fixed };
    if (variable === 'tx') {
      const pattern = selectorPattern(selector);
      const slots = this.#names.matching(pattern);
      return { collect: (state) => txEntries(state, pattern, slots()), fixed: false };
    }
    const test = selectorTest(selector);
    return { collect: (state) => chosen(entriesOf(found, state), test), fixed: found.fixed };
  }

  #txReader(name: string): Source['collect'] {
    const slot = this.#names.slot(name);
    return (state) => {
      const value = state.tx.values[slot];
      return value === undefined ? NO_ENTRIES : [new Entry('TX', name, value)];
    };
  }
}

/** The entries of these names; mostly all or none of them, so that nothing need be made. */
function chosen(entries: readonly Entry[], test: Test): readonly Entry[] {
  let list: Entry[] | undefined;
  let count = 0;
  for (const entry of entries) {
    if (!test(entry.key)) continue;
    count++;
    list ??= [];
    list.push(entry);
  }
  return count === entries.length ? entries : (list ?? NO_ENTRIES);
}

type Reader = Pick<Source, 'fixed' | 'collect'>;

/** Entries of smaller counts are kept. */
const MOST_COUNTS = 64;

function readsOf({ variable: name, selector, count }: Target): Source['reads'] {
  const variable = VARIABLES.get(name);
  if (variable === undefined || count) return undefined;
  return { variable, name: selector?.kind === 'text' ? selector.text.toLowerCase() : undefined };
}

function txEntries(state: State, pattern: RegExp, slots: readonly number[]): Entry[] {
  const entries: Entry[] = [];
  state.tx.eachOf(slots, pattern, (name, value) => entries.push(new Entry('TX', name, value)));
  return entries;
}

function selectorPattern(selector: Selector): RegExp {
  if (selector.kind === 'text') return new RegExp(`^${selector.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'i');
  try {
    return new RegExp(selector.regex, 'i');
  } catch {
    throw new Error(`the selector /${selector.regex}/ is no valid pattern`);
  }
}

/** Whether a member's name is chosen. Names are compared without case. */
export function selectorTest(selector: Selector | undefined): Test {
  if (selector === undefined) return () => true;
  if (selector.kind === 'text') {
    const wanted = selector.text.toLowerCase();
    return (key) => key.length === wanted.length && (key === wanted || key.toLowerCase() === wanted);
  }
  const pattern = selectorPattern(selector);
  return (key) => pattern.test(key);
}

function xmlReader(selector: Selector | undefined): Source['collect'] {
  const path = selector?.kind === 'text' ? selector.text : '/*';
  const select = compileXmlPath(path);
  if (select === undefined) {
    throw new Error(`XML:${path}: lb knows paths of names, *, @name, @* and text() after / and //`);
  }
  const key = path;
  return (state) => {
    const root = state.parsed?.xml;
    return root === undefined || state.xmlArguments === 'only-args'
      ? NO_ENTRIES
      : select(root).map((value) => new Entry('XML', key, value));
  };
}
