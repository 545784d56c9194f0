/**
 * What a compiled operator is. Every value, argument and capture is a binary string: one UTF-16 unit (0..255) a byte.
 */

/** What an operator sees of the transaction that asks it. The transaction keeps one such object for its whole life. */
export interface OperatorContext {
  /**
   * Where an operator compiled with `capture` leaves its groups: after a `test` that returned true, the elements from 0
   * to `captured - 1` are new. `undefined` stands for a group that took no part in the match (the TX variable of that
   * number keeps its value). Only the first ten groups are given.
   */
  readonly captures: (string | undefined)[];
  /** How many elements of `captures` the last `test` set; the caller resets it to 0 before `test`. */
  captured: number;
}

/** A text with macros (`%{tx.x}`), compiled; gives the expanded text. */
export type Macro<C extends OperatorContext> = (context: C) => string;

/** Countries for geoLookup. */
export interface GeoSource<C extends OperatorContext> {
  /** True where the address is known; the variables of GEO are then set in the context. */
  lookup(address: string, context: C): boolean;
}

/** What operators are compiled with. */
export interface OperatorEnvironment<C extends OperatorContext> {
  /** Compiles a text with macros; undefined where the text has none. */
  macro(text: string): Macro<C> | undefined;
  /** Reads a data file (pmFromFile, ipMatchFromFile) named by a rule as a binary string; throws where it cannot be read. */
  readFile(path: string): string;
  /** The country data, where there is any; without it geoLookup never matches. */
  geo?: GeoSource<C>;
}

/** What must hold of a value for an operator to match it; where it does not hold, `test` need not be called. */
export interface Prefilter {
  /**
   * Lower-case literals, at least one of which occurs in each value that matches, ASCII letters compared without case.
   * An empty list: no value ever matches. Undefined: nothing is known.
   */
  readonly literals: readonly string[] | undefined;
  /** The bytes, at least one of which each value that matches has, as a set of 256 bits; undefined: nothing is known. */
  readonly bytes: Uint32Array | undefined;
  /** The least length of a value that matches. */
  readonly minLength: number;
}

/** An operator of a rule with its argument, compiled. */
export interface Operator<C extends OperatorContext = OperatorContext> {
  /** The operator's name as ModSecurity writes it, without `@` or `!`. */
  readonly name: string;
  /** Whether the value matches; a negated operator's answer is turned already. */
  test(value: string, context: C): boolean;
  /**
   * Whether none of the values matches, found out for all together at less cost than for one after the other; false where
   * one may, and each has to be tested.
   */
  readonly clears?: ((values: readonly string[]) => boolean) | undefined;
  /** What values must have to match. Nothing is known of a negated operator, nor of one whose argument has macros. */
  readonly prefilter: Prefilter;
}

/** A rule's operator as the language gives it: the name in lower case without `@`. */
export interface OperatorSource {
  readonly name: string;
  readonly negated: boolean;
  readonly argument: string;
}

/** An operator's argument that cannot be compiled; the message says what is wrong and the fix. */
export class OperatorError extends Error {}

/** Nothing is known of the values that match. */
export const ANYTHING: Prefilter = { literals: undefined, bytes: undefined, minLength: 0 };
