/** Runs rules over a transaction's state. */
import type { Rule } from '../lang/rule.ts';
import { hasAny } from './byte-sets.ts';
import { type Entry, fullName } from './entry.ts';
import type { FactBook, Facts } from './facts.ts';
import type { Group, Link, Pair, Program, ProgramRule, SourceList } from './program.ts';
import type { Source } from './source.ts';
import type { State, Summary } from './state.ts';
import type { MatchedRule } from './waf.ts';

/** What a rule that matched asks for. */
export interface Decision {
  readonly rule: Rule;
  readonly location: string;
}

/** Told of what happens while a program runs. */
export interface Listener {
  matched(rule: MatchedRule): void;
  /** True: the phase ends here. */
  decided(decision: Decision): boolean;
  /** Asked after operators have run; true: no more rules. */
  overBudget(): boolean;
}

export class Runner {
  readonly #book: FactBook;

  constructor(book: FactBook) {
    this.#book = book;
  }

  run(program: Program, state: State, listener: Listener, from = 0): void {
    for (let at = from; at < program.length; ) {
      const rule = program[at];
      const matched = this.#mayMatch(rule.first, state) && this.#matches(rule, state);
      if (matched && this.#report(rule, state, listener)) return;
      if (state.worked) {
        state.worked = false;
        if (listener.overBudget()) return;
      }
      if (state.mode === 'off') return;
      at = matched ? rule.nextAfterMatch : at + 1;
    }
  }

  /** Whether a rule without values of the request matches now; its actions run. */
  matchesNow(rule: ProgramRule, state: State): boolean {
    return this.#matches(rule, state);
  }

  /** False where no value has what the operator needs. */
  #mayMatch(link: Link, state: State): boolean {
    const { group } = link;
    if (group === undefined) return true;
    const bits = state.gathered.groupBits[group.number] ?? this.#groupBits(group, state);
    return (bits[link.word] & link.bit) !== 0;
  }

  #groupBits(group: Group, state: State): readonly number[] {
    const { triggers } = group;
    let bits = NONE;
    if (triggers !== undefined) {
      const summary = state.gathered.listSummaries[group.list.number] ?? this.#listSummary(group.list, state);
      if (!hasAny(summary, triggers)) {
        state.gathered.groupBits[group.number] = summary.bits;
        return summary.bits;
      }
    }
    for (const pair of group.pairs)
      bits = union(bits, state.gathered.pairBits[pair.number] ?? this.#pairBits(pair, state));
    state.gathered.groupBits[group.number] = bits;
    return bits;
  }

  #listSummary({ number, sources }: SourceList, state: State): Summary {
    let a = 0;
    let b = 0;
    let c = 0;
    let bits = NONE;
    for (const source of sources) {
      const summary = this.#summary(source, state);
      a |= summary.a;
      b |= summary.b;
      c |= summary.c;
      bits = union(bits, summary.bits);
    }
    const result: Summary = { a, b, c, bits };
    state.gathered.listSummaries[number] = result;
    return result;
  }

  #summary(source: Source, state: State): Summary {
    const known = state.gathered.summaries[source.number];
    if (known !== undefined) return known;
    const entries = entriesOf(source, state);
    let result = NOTHING;
    if (entries.length > 0) {
      let a = 0;
      let b = 0;
      let c = 0;
      let bits = NONE;
      for (const entry of entries) {
        entry.facts ??= this.#book.of(entry.value);
        a |= entry.facts.a;
        b |= entry.facts.b;
        c |= entry.facts.c;
        bits = union(bits, this.#book.candidates(entry.facts));
      }
      result = { a, b, c, bits };
    }
    state.gathered.summaries[source.number] = result;
    return result;
  }

  #pairBits({ number, source, chains }: Pair, state: State): readonly number[] {
    const summary = this.#summary(source, state);
    let bits = NONE;
    for (const chain of chains) {
      if (chain.triggers !== undefined && !hasAny(summary, chain.triggers)) {
        bits = union(bits, summary.bits);
        continue;
      }
      for (const entry of entriesOf(source, state)) {
        entry.facts ??= this.#book.of(entry.value);
        bits = union(bits, this.#book.candidates(this.#book.through(entry.facts, chain)));
      }
    }
    state.gathered.pairBits[number] = bits;
    return bits;
  }

  /** Whether the rule with all links of its chain matches; their actions run. */
  #matches({ first }: ProgramRule, state: State): boolean {
    if (state.removedRules !== undefined && state.removedRules[first.number] === 1) return false;
    state.rule = first.rule;
    state.ruleMessage = '';
    state.ruleData = '';
    if (state.matchedNames.length > 0) {
      state.matchedNames = [];
      state.matchedVars = [];
      state.matchedVar = '';
      state.matchedName = '';
    }
    return this.#linkMatches(first, state);
  }

  #linkMatches(link: Link, state: State): boolean {
    if (!this.#anyValue(link, state)) return false;
    if (link.next !== undefined && !(this.#mayMatch(link.next, state) && this.#linkMatches(link.next, state)))
      return false;
    for (const run of link.afterMatch) run(state);
    return true;
  }

  /** Tries the operator on all values; each that matches runs the actions that set variables. */
  #anyValue(link: Link, state: State): boolean {
    const { operator } = link;
    if (operator === undefined) {
      this.#runEach(link, state);
      return true;
    }
    let any = false;
    for (const source of link.sources) {
      const entries = source.fixed ? entriesOf(source, state) : source.collect(state);
      for (const entry of entries) {
        if (state.targetRemovals !== undefined && isRemoved(state, link, entry)) continue;
        if (link.group === undefined) any = this.#tryChanging(link, entry, state) || any;
        else any = this.#tryFixed(link, entry, state) || any;
      }
    }
    return any;
  }

  #tryFixed(link: Link, entry: Entry, state: State): boolean {
    entry.facts ??= this.#book.of(entry.value);
    let any = false;
    let last: Facts | undefined;
    for (const chain of link.chains) {
      const facts = this.#book.through(entry.facts, chain);
      if (facts === last) continue;
      last = facts;
      const candidates = this.#book.candidates(facts);
      if ((candidates[link.word] & link.bit) === 0) continue;
      state.worked = true;
      state.captured = 0;
      if ((link.operator as NonNullable<Link['operator']>).test(facts.value, state)) {
        this.#match(link, entry, facts.value, state);
        any = true;
      } else if (link.pure) {
        candidates[link.word] &= ~link.bit;
      }
    }
    return any;
  }

  #tryChanging(link: Link, entry: Entry, state: State): boolean {
    let any = false;
    let last: string | undefined;
    for (const chain of link.chains) {
      let { value } = entry;
      for (const step of chain.steps) value = step(value);
      if (value === last) continue;
      last = value;
      if (!this.#answer(link, value, state)) continue;
      this.#match(link, entry, value, state);
      any = true;
    }
    return any;
  }

  #answer(link: Link, value: string, state: State): boolean {
    if (link.lastValue === value) return link.lastAnswer;
    if (value.length > LONGEST_LAST) state.worked = true;
    state.captured = 0;
    const answer = (link.operator as NonNullable<Link['operator']>).test(value, state);
    if (link.pure && !link.rule.capture && value.length <= LONGEST_LAST) {
      link.lastValue = value;
      link.lastAnswer = answer;
    }
    return answer;
  }

  #match(link: Link, entry: Entry, value: string, state: State): void {
    if (link.rule.capture) {
      for (let group = 0; group < state.captured; group++) {
        const text = state.captures[group];
        if (text !== undefined) state.tx.set(group, text);
      }
    }
    state.matchedVar = value;
    state.matchedName = fullName(entry);
    if (state.matchedNames.length < MOST_MATCHED) {
      state.matchedNames.push(state.matchedName);
      state.matchedVars.push(value === entry.value ? entry : withValue(entry, value));
    }
    this.#runEach(link, state);
  }

  #runEach(link: Link, state: State): void {
    for (const run of link.eachMatch) run(state);
    if (link.message !== undefined) state.ruleMessage = link.message(state);
    if (link.data !== undefined) state.ruleData = link.data(state);
  }

  /** Tells of a rule that has matched; true: the phase is over. */
  #report({ first, redirectUrl, tags, tagMacros }: ProgramRule, state: State, listener: Listener): boolean {
    const { rule } = first;
    if (rule.severity >= 0 && rule.severity < state.highestSeverity) state.highestSeverity = rule.severity;
    if (rule.log || rule.auditlog) {
      listener.matched({
        id: rule.id,
        phase: rule.phase,
        place: rule.place,
        message: cut(state.ruleMessage),
        data: cut(state.ruleData),
        variable: state.matchedNames[0] ?? '',
        tags: tagMacros ? tags.map((tag) => tag(state)) : rule.tags,
        severity: rule.severity,
        version: rule.ver,
      });
    }
    if (rule.disruptive === 'pass') return false;
    return listener.decided({ rule, location: rule.redirectUrl === '' ? '' : redirectUrl(state) });
  }
}

/** No bits: no values. */
const NONE: readonly number[] = [];
const NOTHING: Summary = { a: 0, b: 0, c: 0, bits: NONE };
/** Longer values are not compared with the last one. */
const LONGEST_LAST = 256;
const MOST_MATCHED = 1000;
/** Of messages and data of a rule that matched, in bytes. */
const LONGEST_TEXT = 4096;

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
}

/** Either of the two where the other adds nothing, else a new set. */
function union(x: readonly number[], y: readonly number[]): readonly number[] {
  if (x === y || y.length === 0) return x;
  if (x.length === 0) return y;
  let added = 0;
  for (let i = 0; i < x.length; i++) added |= y[i] & ~x[i];
  if (added === 0) return x;
  const both = x.slice();
  for (let i = 0; i < both.length; i++) both[i] |= y[i];
  return both;
}

function entriesOf(source: Source, state: State): readonly Entry[] {
  const { entriesOf: all } = state.gathered;
  let entries = all[source.number];
  if (entries === undefined) {
    entries = source.collect(state);
    all[source.number] = entries;
  }
  return entries;
}

function isRemoved(state: State, link: Link, entry: Entry): boolean {
  for (const removal of state.targetRemovals ?? []) {
    if (removal.rules[link.number] === 1 && removal.matches(entry)) return true;
  }
  return false;
}

function withValue(entry: Entry, value: string): Entry {
  return { collection: entry.collection, key: entry.key, value, facts: undefined };
}
