/**
 * What is known of a value: which bytes it has, what each chain of transformations makes of it, and which operators may
 * match it. An operator that was tried and did not match is struck off, so that a value that comes again is not tried
 * again; only operators whose answer depends on nothing but the value are.
 */
import type { LiteralMatcher } from '../regex/literals.ts';
import { type ByteSets, hasAny, type Mask } from './byte-sets.ts';
import type { Chain } from './chain.ts';
import type { ScreenSet } from './screen.ts';

export class Facts {
  readonly value: string;
  /** Of the value, seeded. */
  readonly hash: number;
  /** The sets of bytes that it has one of (ByteSets). */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** The operators whose literals the value may have, one bit an operator, 32 an element; undefined until asked for. */
  found: readonly number[] | undefined = undefined;
  /** The operators that may match it; undefined until asked for. */
  candidates: number[] | undefined = undefined;
  /** What chains have made of it: numbers of chains, and what has come of each. */
  chains: number[] | undefined = undefined;
  results: Facts[] | undefined = undefined;
  /** The number of a set of the screens, and its operators that may match what its chains make of the value. */
  screenSet = -1;
  screen: readonly number[] | undefined = undefined;
  /** The same for further sets. */
  screens: (readonly number[] | undefined)[] | undefined = undefined;

  constructor(value: string, hash: number, a: number, b: number, c: number) {
    this.value = value;
    this.hash = hash;
    this.a = a;
    this.b = b;
    this.c = c;
  }
}

/** What operators ask of values, all together; made by the compiler. */
export interface CandidateTables {
  /** Elements of a set of operators. */
  readonly words: number;
  /** Operators without literals. */
  readonly always: readonly number[];
  /** Operators, by the length of a value (up to the last), that a value so short may match. */
  readonly byLength: readonly (readonly number[])[];
  /** By operator: the sets of bytes of which a value needs one; empty of those that need none. */
  readonly needs: readonly Mask[];
  readonly matcher: LiteralMatcher;
  /** By literal: elements and bits of its operators in turn. */
  readonly operatorsOf: readonly (readonly number[])[];
}

/** Longer values are not remembered. */
const LONGEST_REMEMBERED = 1024;
/** In values from this length on literals are found so often that they are first gathered. */
const LONG = 256;
/** A request often has a value in several variables. */
const RECENT = 64;

/** What a value is made of, as the last look at one has found it. */
interface Look {
  hash: number;
  a: number;
  b: number;
  c: number;
}

export class FactBook {
  readonly #sets: ByteSets;
  readonly #tables: CandidateTables;
  /** Values that have come at least twice, in one of two places by their hash. */
  readonly #kept: (Facts | undefined)[];
  /** Hashes of values that came once, by their low bits. */
  readonly #seen: Int32Array;
  readonly #recent: (Facts | undefined)[] = new Array(RECENT).fill(undefined);
  readonly #seed = (Math.random() * 0x7fffffff) | 1;
  readonly #found: Uint32Array;
  readonly #look: Look = { hash: 0, a: 0, b: 0, c: 0 };
  #marked: number[] = [];
  readonly #mark = (literal: number): void => addOperators(this.#marked, this.#tables.operatorsOf[literal]);

  /** @param remembered about how many values are kept from one transaction to the next */
  constructor(sets: ByteSets, tables: CandidateTables, remembered: number) {
    this.#sets = sets;
    this.#tables = tables;
    this.#kept = new Array(remembered > 0 ? powerOfTwo(remembered) : 0).fill(undefined);
    this.#seen = new Int32Array(powerOfTwo(remembered * 4));
    this.#found = new Uint32Array((tables.matcher.count >> 5) + 1);
  }

  of(value: string): Facts {
    const { hash, a, b, c } = this.#lookAt(value);
    if (value.length > LONGEST_REMEMBERED) return new Facts(value, hash, a, b, c);
    const kept = this.#kept;
    const place = (hash ^ (hash >>> 15)) & (kept.length - 1);
    if (kept.length > 0) {
      const first = kept[place];
      if (first !== undefined && first.hash === hash && first.value === value) return first;
      const second = kept[place ^ 1];
      if (second !== undefined && second.hash === hash && second.value === value) return second;
    }
    const at = hash & (RECENT - 1);
    const recent = this.#recent[at];
    if (recent !== undefined && recent.hash === hash && recent.value === value) return recent;
    const remember = kept.length > 0 && this.#cameBefore(hash);
    const facts = new Facts(remember ? ownCopy(value) : value, hash, a, b, c);
    if (remember) {
      if (kept[place] !== undefined) kept[place ^ 1] = kept[place];
      kept[place] = facts;
    } else {
      this.#recent[at] = facts;
    }
    return facts;
  }

  #lookAt(value: string): Look {
    const { a: setsA, b: setsB, c: setsC } = this.#sets;
    let a = 0;
    let b = 0;
    let c = 0;
    let hash = this.#seed;
    for (let i = 0; i < value.length; i++) {
      const byte = value.charCodeAt(i) & 255;
      a |= setsA[byte];
      b |= setsB[byte];
      c |= setsC[byte];
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const look = this.#look;
    look.hash = hash;
    look.a = a;
    look.b = b;
    look.c = c;
    return look;
  }

  #cameBefore(hash: number): boolean {
    const slot = (hash ^ (hash >>> 15)) & (this.#seen.length - 1);
    if (this.#seen[slot] === hash) return true;
    this.#seen[slot] = hash;
    return false;
  }

  /** What the chain makes of the value. */
  through(facts: Facts, chain: Chain): Facts {
    const { before, triggers } = chain;
    if (before === undefined || (triggers !== undefined && !hasAny(facts, triggers))) return facts;
    if (facts.chains === undefined || facts.results === undefined) {
      facts.chains = [];
      facts.results = [];
    }
    const { chains, results } = facts;
    for (let i = 0; i < chains.length; i++) if (chains[i] === chain.index) return results[i];
    const input = this.through(facts, before);
    let result = input;
    if (chain.lastTriggers === undefined || hasAny(input, chain.lastTriggers)) {
      const value = chain.steps[chain.steps.length - 1](input.value);
      if (value !== input.value) {
        result = value === facts.value ? facts : this.#same(results, value);
        // literals are found in either case
        if (chain.changesCase && result.found === undefined) result.found = this.#foundIn(input);
      }
    }
    chains.push(chain.index);
    results.push(result);
    return result;
  }

  /** Other chains often come to the same value. */
  #same(results: readonly Facts[], value: string): Facts {
    for (const other of results) if (other.value === value) return other;
    const { hash, a, b, c } = this.#lookAt(value);
    return new Facts(value, hash, a, b, c);
  }

  #foundIn(facts: Facts): readonly number[] {
    if (facts.found !== undefined) return facts.found;
    const { always, matcher } = this.#tables;
    const bits = always.slice();
    if (facts.value.length < LONG) {
      this.#marked = bits;
      matcher.scan(facts.value, this.#mark);
    } else if (matcher.scanInto(facts.value, this.#found)) {
      this.#markFound(bits);
    }
    facts.found = bits;
    return bits;
  }

  /** The operators that may match the value. */
  candidates(facts: Facts): number[] {
    if (facts.candidates !== undefined) return facts.candidates;
    const { byLength, needs } = this.#tables;
    const found = this.#foundIn(facts);
    const lengths = byLength[Math.min(facts.value.length, byLength.length - 1)];
    const bits = found.slice();
    for (let word = 0; word < bits.length; word++) {
      let left = bits[word] & lengths[word];
      bits[word] = left;
      for (; left !== 0; left &= left - 1) {
        const bit = left & -left;
        const need = needs[(word << 5) + 31 - Math.clz32(bit)];
        if (!hasAny(facts, need) && (need.a | need.b | need.c) !== 0) bits[word] &= ~bit;
      }
    }
    facts.candidates = bits;
    return bits;
  }

  /** An empty set of operators. */
  noOperators(): number[] {
    return new Array<number>(this.#tables.words).fill(0);
  }

  /** The set's operators that may match the value, or what the set's chains make of it. */
  screen(facts: Facts, set: ScreenSet): readonly number[] {
    const known = facts.screenSet === set.number ? facts.screen : facts.screens?.[set.number];
    if (known !== undefined) return known;
    const bits = this.candidates(facts).slice();
    if (set.triggers === undefined || hasAny(facts, set.triggers)) {
      for (const chain of set.chains) {
        if (chain.triggers !== undefined && !hasAny(facts, chain.triggers)) continue;
        const result = this.through(facts, chain);
        if (result === facts) continue;
        const more = this.candidates(result);
        for (let i = 0; i < bits.length; i++) bits[i] |= more[i];
      }
    }
    for (let i = 0; i < bits.length; i++) bits[i] &= set.operators[i];
    if (facts.screen === undefined) {
      facts.screenSet = set.number;
      facts.screen = bits;
    } else {
      facts.screens ??= [];
      facts.screens[set.number] = bits;
    }
    return bits;
  }

  /** The operator did not match what a chain has made of the value. */
  strike(facts: Facts, result: Facts, word: number, bit: number): void {
    this.candidates(result)[word] &= ~bit;
    facts.screen = undefined;
    facts.screens = undefined;
  }

  #markFound(bits: number[]): void {
    const found = this.#found;
    for (let i = 0; i < found.length; i++) {
      for (let left = found[i]; left !== 0; left &= left - 1)
        addOperators(bits, this.#tables.operatorsOf[(i << 5) + 31 - Math.clz32(left & -left)]);
      found[i] = 0;
    }
  }
}

function addOperators(bits: number[], operators: readonly number[]): void {
  for (let k = 0; k < operators.length; k += 2) bits[operators[k]] |= operators[k + 1];
}

function powerOfTwo(atLeast: number): number {
  let number = 64;
  while (number < atLeast) number *= 2;
  return number;
}

/** A copy that does not hold on to the longer string that it may be a part of. */
function ownCopy(value: string): string {
  return Buffer.from(value, 'latin1').toString('latin1');
}
