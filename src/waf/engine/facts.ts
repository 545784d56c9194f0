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
  /** The sets of bytes that it has one of (ByteSets). */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** One bit an operator, 32 an element; undefined until asked for. */
  candidates: number[] | undefined = undefined;
  /** By the chain's index. */
  results: (Facts | undefined)[] | undefined = undefined;
  /** By the number of a set of the screens: its operators that may match what its chains make of the value. */
  screens: (readonly number[] | undefined)[] | undefined = undefined;

  constructor(value: string, a: number, b: number, c: number) {
    this.value = value;
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
  /** The operators that need a byte of a set, with the set's bit. */
  readonly needs: readonly { readonly mask: Mask; readonly word: number; readonly bit: number }[];
  readonly matcher: LiteralMatcher;
  /** By literal: elements and bits of its operators in turn. */
  readonly operatorsOf: readonly (readonly number[])[];
}

/** Longer values are not remembered. */
const LONGEST_REMEMBERED = 1024;
const BASES = 1024;
/** In values from this length on literals are found so often that they are first gathered. */
const LONG = 256;

interface Base {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly bits: readonly number[];
}

export class FactBook {
  readonly #sets: ByteSets;
  readonly #tables: CandidateTables;
  readonly #limit: number;
  /** Values that have come at least twice, in two generations. */
  #young = new Map<string, Facts>();
  #old = new Map<string, Facts>();
  /** Hashes of values that came once, by their low bits. */
  readonly #seen: Int32Array;
  readonly #seed = (Math.random() * 0x7fffffff) | 1;
  readonly #found: Uint32Array;
  #marked: number[] = [];
  readonly #mark = (literal: number): void => addOperators(this.#marked, this.#tables.operatorsOf[literal]);
  readonly #bases: (Base | undefined)[] = new Array(BASES).fill(undefined);

  /** @param remembered values kept from one transaction to the next */
  constructor(sets: ByteSets, tables: CandidateTables, remembered: number) {
    this.#sets = sets;
    this.#tables = tables;
    this.#limit = remembered;
    let slots = 64;
    while (slots < remembered * 4) slots *= 2;
    this.#seen = new Int32Array(slots);
    this.#found = new Uint32Array((tables.matcher.count >> 5) + 1);
  }

  of(value: string): Facts {
    const remember = this.#limit > 0 && value.length <= LONGEST_REMEMBERED;
    if (remember) {
      const known = this.#young.get(value) ?? this.#fromOld(value);
      if (known !== undefined) return known;
    }
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
    if (!remember || !this.#cameBefore(hash)) return new Facts(value, a, b, c);
    const facts = new Facts(ownCopy(value), a, b, c);
    this.#keep(facts);
    return facts;
  }

  #fromOld(value: string): Facts | undefined {
    const known = this.#old.get(value);
    if (known !== undefined) this.#keep(known);
    return known;
  }

  #keep(facts: Facts): void {
    if (this.#young.size >= this.#limit / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(facts.value, facts);
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
    facts.results ??= [];
    const known = facts.results[chain.index];
    if (known !== undefined) return known;
    const input = this.through(facts, before);
    let result = input;
    if (chain.lastTriggers === undefined || hasAny(input, chain.lastTriggers)) {
      const value = chain.steps[chain.steps.length - 1](input.value);
      if (value !== input.value) result = value === facts.value ? facts : this.#same(facts.results, value);
    }
    facts.results[chain.index] = result;
    return result;
  }

  /** Other chains often come to the same value. */
  #same(results: readonly (Facts | undefined)[], value: string): Facts {
    for (const other of results) if (other !== undefined && other.value === value) return other;
    const { a: setsA, b: setsB, c: setsC } = this.#sets;
    let a = 0;
    let b = 0;
    let c = 0;
    for (let i = 0; i < value.length; i++) {
      const byte = value.charCodeAt(i) & 255;
      a |= setsA[byte];
      b |= setsB[byte];
      c |= setsC[byte];
    }
    return new Facts(value, a, b, c);
  }

  /** The operators that may match the value. */
  candidates(facts: Facts): number[] {
    if (facts.candidates !== undefined) return facts.candidates;
    const { always, byLength, matcher, words } = this.#tables;
    const bits = always.slice();
    if (facts.value.length < LONG) {
      this.#marked = bits;
      matcher.scan(facts.value, this.#mark);
    } else if (matcher.scanInto(facts.value, this.#found)) {
      this.#markFound(bits);
    }
    const base = this.#base(facts);
    const lengths = byLength[Math.min(facts.value.length, byLength.length - 1)];
    for (let i = 0; i < words; i++) bits[i] &= base[i] & lengths[i];
    facts.candidates = bits;
    return bits;
  }

  /** An empty set of operators. */
  noOperators(): number[] {
    return new Array<number>(this.#tables.words).fill(0);
  }

  /** The set's operators that may match the value, or what the set's chains make of it. */
  screen(facts: Facts, set: ScreenSet): readonly number[] {
    const bits = this.candidates(facts).slice();
    if (set.triggers === undefined || hasAny(facts, set.triggers)) {
      for (const chain of set.chains) {
        const result = this.through(facts, chain);
        if (result === facts) continue;
        const more = this.candidates(result);
        for (let i = 0; i < bits.length; i++) bits[i] |= more[i];
      }
    }
    for (let i = 0; i < bits.length; i++) bits[i] &= set.operators[i];
    facts.screens ??= [];
    facts.screens[set.number] = bits;
    return bits;
  }

  #markFound(bits: number[]): void {
    const found = this.#found;
    for (let i = 0; i < found.length; i++) {
      for (let left = found[i]; left !== 0; left &= left - 1)
        addOperators(bits, this.#tables.operatorsOf[(i << 5) + 31 - Math.clz32(left & -left)]);
      found[i] = 0;
    }
  }

  /** The operators whose bytes the value has, or that ask for none. */
  #base(facts: Facts): readonly number[] {
    const { a, b, c } = facts;
    const slot = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35)) >>> 22;
    const known = this.#bases[slot];
    if (known !== undefined && known.a === a && known.b === b && known.c === c) return known.bits;
    const bits = new Array<number>(this.#tables.words).fill(-1);
    for (const { mask, word, bit } of this.#tables.needs) {
      if (((a & mask.a) | (b & mask.b) | (c & mask.c)) === 0) bits[word] &= ~bit;
    }
    this.#bases[slot] = { a, b, c, bits };
    return bits;
  }
}

function addOperators(bits: number[], operators: readonly number[]): void {
  for (let k = 0; k < operators.length; k += 2) bits[operators[k]] |= operators[k + 1];
}

/** A copy that does not hold on to the longer string that it may be a part of. */
function ownCopy(value: string): string {
  return Buffer.from(value, 'latin1').toString('latin1');
}
