import type { ByteSet } from './byte-set.ts';

/** A pattern as a tree over bytes. Flags are resolved: a set that is matched without case holds both cases. */
export type Pattern =
  /** One byte of the set. */
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'concat'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'alternatives'; readonly branches: readonly Pattern[] }
  | {
      readonly kind: 'repeat';
      readonly body: Pattern;
      readonly min: number;
      /** Infinity: without an end. */
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    }
  /** A capturing group by its number from 1. */
  | { readonly kind: 'group'; readonly body: Pattern; readonly index: number }
  | { readonly kind: 'atomic'; readonly body: Pattern }
  | { readonly kind: 'look'; readonly body: Pattern; readonly ahead: boolean; readonly negated: boolean }
  | { readonly kind: 'assertion'; readonly what: Assertion }
  | { readonly kind: 'back-reference'; readonly index: number; readonly caseless: boolean };

/**
 * `line-start` and `line-end` as PCRE's multi-line `^` and `$`; `start` and `end` of the value; `last-line-end` also
 * before a line feed that ends the value; `word` and `not-word` as `\b` and `\B`.
 */
export type Assertion = 'line-start' | 'line-end' | 'start' | 'end' | 'last-line-end' | 'word' | 'not-word';

/** What is wrong with a pattern, and where (an offset into its source). */
export class PatternError extends Error {
  constructor(message: string, offset: number) {
    super(`${message} at offset ${offset}`);
  }
}

export interface ParsedPattern {
  readonly root: Pattern;
  /** How many groups capture. */
  readonly groups: number;
}
