/** Numbers for operators, and tables that tell from a value which of them may match it. */
import type { Operator, OperatorContext } from '../operator/operator.ts';
import type { LiteralMatcher } from '../regex/literals.ts';
import { type ByteSets, bytesOfBits } from './byte-sets.ts';
import type { CandidateTables } from './facts.ts';

/** Operators that need a value at least so long are told apart from those that do not. */
const LENGTHS = 16;

export class OperatorBits<C extends OperatorContext> {
  readonly #operators: Operator<C>[] = [];
  readonly #byKey = new Map<string, number>();

  /**
   * The element and the bit of an operator in sets of candidates.
   *
   * @param shared whether operators of the same key are one: their answer depends on the value alone
   */
  bitOf(operator: Operator<C>, shared: boolean, key: string): { word: number; bit: number } {
    let number = shared ? this.#byKey.get(key) : undefined;
    if (number === undefined) {
      number = this.#operators.length;
      this.#operators.push(operator);
      if (shared) this.#byKey.set(key, number);
    }
    return { word: number >> 5, bit: 1 << (number & 31) };
  }

  tables(sets: ByteSets, matcherOf: (literals: readonly string[]) => LiteralMatcher): CandidateTables {
    const words = (this.#operators.length + 31) >> 5;
    const always = new Array<number>(words).fill(0);
    const needs: CandidateTables['needs'][number][] = [];
    const literals = new Map<string, number[]>();
    const byLength = Array.from({ length: LENGTHS + 1 }, () => new Array<number>(words).fill(0));
    for (const [number, { prefilter }] of this.#operators.entries()) {
      const word = number >> 5;
      const bit = 1 << (number & 31);
      if (prefilter.literals === undefined || prefilter.literals.includes('')) always[word] |= bit;
      else for (const literal of prefilter.literals) addTo(literals, literal, word, bit);
      const mask = prefilter.bytes === undefined ? undefined : sets.bitOf(bytesOfBits(prefilter.bytes));
      if (mask !== undefined) needs.push({ mask, word, bit });
      for (let length = 0; length <= LENGTHS; length++) {
        if (length === LENGTHS || prefilter.minLength <= length) byLength[length][word] |= bit;
      }
    }
    return {
      words,
      always,
      byLength,
      needs,
      matcher: matcherOf([...literals.keys()]),
      operatorsOf: [...literals.values()],
    };
  }
}

function addTo(literals: Map<string, number[]>, literal: string, word: number, bit: number): void {
  const operators = literals.get(literal) ?? [];
  literals.set(literal, operators);
  operators.push(word, bit);
}
