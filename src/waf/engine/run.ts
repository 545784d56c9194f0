/** Runs rules over a transaction's state. */
import type { Rule } from '../lang/rule.ts';
import { type Entry, fullName } from './entry.ts';
import type { FactBook, Facts } from './facts.ts';
import type { Group, Link, Pair, Program, ProgramRule } from './program.ts';
import type { State } from './state.ts';
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

  run(program: Program, state: State, listener: Listener): void {
    for (let at = 0; at < program.length; ) {
      const rule = program[at];
      if (!this.#mayMatch(rule.first, state) || !this.#matches(rule, state)) {
        at++;
        if (state.captured === WORKED) {
          state.captured = 0;
          if (listener.overBudget()) return;
        }
        continue;
      }
      if (this.#report(rule, state, listener)) return;
      if (state.mode === 'off') return;
      at = rule.nextAfterMatch;
    }
  }

  /** False where no value has what the operator needs. */
  #mayMatch(link: Link, state: State): boolean {
    const { group } = link;
    if (group === undefined) return true;
    const bits = state.groupBits[group.number] ?? this.#groupBits(group, state);
    return (bits[link.word] & link.bit) !== 0;
  }

  #groupBits(group: Group, state: State): readonly number[] {
    let bits: readonly number[] = NONE;
    let own: number[] | undefined;
    for (const pair of group.pairs) {
      const more = state.pairBits[pair.number] ?? this.#pairBits(pair, state);
      if (more.length === 0) continue;
      if (bits.length === 0) bits = more;
      else {
        own ??= bits.slice();
        for (let i = 0; i < own.length; i++) own[i] |= more[i];
      }
    }
    const result = own ?? bits;
    state.groupBits[group.number] = result;
    return result;
  }

  #pairBits({ number, source, chains }: Pair, state: State): readonly number[] {
    let result: number[] = NONE;
    for (const entry of entriesOf(source.number, source.collect, state)) {
      entry.facts ??= this.#book.of(entry.value);
      for (const chain of chains) {
        const bits = this.#book.candidates(this.#book.through(entry.facts, chain));
        if (result.length === 0) result = bits.slice();
        else for (let i = 0; i < result.length; i++) result[i] |= bits[i];
      }
    }
    state.pairBits[number] = result;
    return result;
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
      const entries = source.fixed ? entriesOf(source.number, source.collect, state) : source.collect(state);
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
      state.captured = 0;
      if ((link.operator as NonNullable<Link['operator']>).test(facts.value, state)) {
        this.#match(link, entry, facts.value, state);
        any = true;
      } else {
        if (link.pure) candidates[link.word] &= ~link.bit;
        state.captured = WORKED;
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
    state.captured = 0;
    if (rule.severity >= 0 && rule.severity < state.highestSeverity) state.highestSeverity = rule.severity;
    if (rule.log || rule.auditlog) {
      listener.matched({
        id: rule.id,
        phase: rule.phase,
        place: rule.place,
        message: state.ruleMessage,
        data: state.ruleData,
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

/** In `captured` between rules: an operator has run, so that time may have passed. */
const WORKED = -1;
/** No bits: no values. */
const NONE: number[] = [];
/** Longer values are not compared with the last one. */
const LONGEST_LAST = 256;
const MOST_MATCHED = 1000;

function entriesOf(number: number, collect: (state: State) => readonly Entry[], state: State): readonly Entry[] {
  let entries = state.entriesOf[number];
  if (entries === undefined) {
    entries = collect(state);
    state.entriesOf[number] = entries;
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
