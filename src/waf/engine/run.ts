/** Runs rules over a transaction's state. */
import type { Rule } from '../lang/rule.ts';
import type { Operator } from '../operator/operator.ts';
import { Entry, fullName } from './entry.ts';
import type { FactBook, Facts } from './facts.ts';
import type { Link, Program, ProgramRule } from './program.ts';
import { setFor } from './screen.ts';
import { gathered, type State } from './state.ts';
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
    const { rules } = program;
    const possible = this.#possible(program, state);
    for (let at = 0; at < rules.length; ) {
      const rule = rules[at];
      const { first } = rule;
      if (first.screened && (possible[first.word] & first.bit) === 0) {
        at++;
        continue;
      }
      const matched = this.#matches(rule, state, possible);
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
    return this.#matches(rule, state, NONE);
  }

  /** The operators that may match any value that rules of the phase look at. */
  #possible({ phase, screen }: Program, state: State): readonly number[] {
    const known = state.gathered.possible[phase];
    if (known !== undefined) return known;
    const bits = this.#book.noOperators();
    for (const item of screen) {
      for (const entry of item.entries(state)) {
        const set = setFor(item, entry);
        if (set === undefined) continue;
        const some = this.#book.screen(this.#factsOf(entry), set);
        for (let i = 0; i < bits.length; i++) bits[i] |= some[i];
      }
    }
    state.gathered.possible[phase] = bits;
    return bits;
  }

  #factsOf(entry: Entry): Facts {
    if (entry.facts === undefined)
      entry.facts = entry.same === undefined ? this.#book.of(entry.value) : this.#factsOf(entry.same);
    return entry.facts;
  }

  /** Whether the rule with all links of its chain matches; their actions run. */
  #matches({ first }: ProgramRule, state: State, possible: readonly number[]): boolean {
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
    return this.#linkMatches(first, state, possible);
  }

  #linkMatches(link: Link, state: State, possible: readonly number[]): boolean {
    if (!this.#anyValue(link, state)) return false;
    const { next } = link;
    if (next !== undefined) {
      if (next.screened && (possible[next.word] & next.bit) === 0) return false;
      if (!this.#linkMatches(next, state, possible)) return false;
    }
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
    if (operator.clears !== undefined && link.screened && link.pure) this.#clear(link, operator.clears, state);
    let any = false;
    for (const source of link.sources) {
      const entries = source.fixed ? gathered(source, state) : source.collect(state);
      for (const entry of entries) {
        if (state.targetRemovals !== undefined && isRemoved(state, link, entry)) continue;
        if (link.screened) any = this.#tryFixed(link, entry, state) || any;
        else any = this.#tryChanging(link, entry, state) || any;
      }
    }
    return any;
  }

  /** Strikes the operator off for all values at once, where there are several and it matches none. */
  #clear(link: Link, clears: NonNullable<Operator['clears']>, state: State): void {
    const { word, bit } = link;
    const wanted = new Map<Facts, Facts>();
    for (const source of link.sources) {
      for (const entry of gathered(source, state)) {
        for (const chain of link.chains) {
          const before = this.#factsOf(entry);
          const facts = this.#book.through(before, chain);
          if ((this.#book.candidates(facts)[word] & bit) !== 0) wanted.set(facts, before);
        }
      }
    }
    if (wanted.size < 2) return;
    state.worked = true;
    if (!clears(Array.from(wanted.keys(), ({ value }) => value))) return;
    for (const [facts, before] of wanted) this.#book.strike(before, facts, word, bit);
  }

  #tryFixed(link: Link, entry: Entry, state: State): boolean {
    const known = this.#factsOf(entry);
    let any = false;
    let last: Facts | undefined;
    for (const chain of link.chains) {
      const facts = this.#book.through(known, chain);
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
        this.#book.strike(known, facts, link.word, link.bit);
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

/** For rules that no screen tells of. */
const NONE: readonly number[] = [];
/** Longer values are not compared with the last one. */
const LONGEST_LAST = 256;
const MOST_MATCHED = 1000;
/** Of messages and data of a rule that matched, in bytes. */
const LONGEST_TEXT = 4096;

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
}

function isRemoved(state: State, link: Link, entry: Entry): boolean {
  for (const removal of state.targetRemovals ?? []) {
    if (removal.rules[link.number] === 1 && removal.matches(entry)) return true;
  }
  return false;
}

function withValue(entry: Entry, value: string): Entry {
  return new Entry(entry.collection, entry.key, value);
}
