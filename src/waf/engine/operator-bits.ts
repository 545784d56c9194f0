/** Numbers for operators, and tables that tell from a value which of them may match it. */
import type { Operator, OperatorContext } from '../operator/operator.ts';
import type { LiteralMatcher } from '../regex/literals.ts';
import { type ByteSets, bytesOfBits, type Mask } from './byte-sets.ts';
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
    const needs: Mask[] = [];
    const literals = new Map<string, number[]>();
    const byLength = Array.from({ length: LENGTHS + 1 }, () => new Array<number>(words).fill(0));
    for (const [number, { prefilter }] of this.#operators.entries()) {
      const word = number >> 5;
      const bit = 1 << (number & 31);
      if (prefilter.literals === undefined || prefilter.literals.includes('')) always[word] |= bit;
      else for (const literal of prefilter.literals) addTo(literals, pieceOf(literal), word, bit);
      const mask = prefilter.bytes === undefined ? undefined : sets.bitOf(bytesOfBits(prefilter.bytes));
      needs.push(mask ?? NOTHING);
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

const NOTHING: Mask = { a: 0, b: 0, c: 0 };

/** Bytes that are looked for of a literal: more tell little, and take memory that is gone through again and again. */
const LONGEST_PIECE = 6;
/** From the most frequent on. */
const FREQUENT = 'etaoinsrhldcumfpgwybvkxjqz';

/** The piece of a literal that other text has least often. */
function pieceOf(literal: string): string {
  let best = literal.slice(0, LONGEST_PIECE);
  for (let at = 1; at + LONGEST_PIECE <= literal.length; at++) {
    const piece = literal.slice(at, at + LONGEST_PIECE);
    if (rarity(piece) > rarity(best)) best = piece;
  }
  return best;
}

function rarity(text: string): number {
  let sum = 0;
  for (const char of text) {
    const rank = FREQUENT.indexOf(char);
    sum += rank === -1 ? FREQUENT.length : rank;
  }
  return sum;
}

function addTo(literals: Map<string, number[]>, literal: string, word: number, bit: number): void {
  const operators = literals.get(literal) ?? [];
  literals.set(literal, operators);
  const known = operators.indexOf(word);
  if (known !== -1 && known % 2 === 0) operators[known + 1] |= bit;
  else operators.push(word, bit);
}
