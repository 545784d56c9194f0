/** The compiled form of rules: what the transaction walks through. It holds data, no logic. */
import type { Rule } from '../lang/rule.ts';
import type { Operator } from '../operator/operator.ts';
import type { Run } from './actions.ts';
import type { Mask } from './byte-sets.ts';
import type { Chain } from './chain.ts';
import type { Text } from './macro.ts';
import type { Source } from './source.ts';
import type { State } from './state.ts';

/** A source seen through chains of transformations: many rules share one. */
export interface Pair {
  readonly number: number;
  readonly source: Source;
  /** One, or with multiMatch also those of fewer steps, from none on. */
  readonly chains: readonly Chain[];
}

/** The sources of rules that look at the same. */
export interface SourceList {
  readonly number: number;
  readonly sources: readonly Source[];
}

/** The pairs of a rule; rules that have the same share a group. */
export interface Group {
  readonly number: number;
  readonly list: SourceList;
  readonly pairs: readonly Pair[];
  /** Of the only chain, where there is one: values without these bytes pass it unchanged. */
  readonly triggers: Mask | undefined;
}

/** A rule, or a link of a chain. */
export interface Link {
  readonly rule: Rule;
  /** The number of the rule that the link belongs to. */
  readonly number: number;
  /** Empty of SecAction. */
  readonly sources: readonly Source[];
  /** One, or with multiMatch also those of fewer steps, from none on. */
  readonly chains: readonly Chain[];
  readonly operator: Operator<State> | undefined;
  /** Whether the operator's answer depends on the value alone. */
  readonly pure: boolean;
  /** Of rules whose values are all fixed: the group, and the operator's bit in the candidates. */
  readonly group: Group | undefined;
  readonly word: number;
  readonly bit: number;
  readonly eachMatch: readonly Run[];
  readonly afterMatch: readonly Run[];
  /** Undefined where the rule has none, or is not logged. */
  readonly message: Text | undefined;
  readonly data: Text | undefined;
  readonly next: Link | undefined;
  /** The last value tried where values are not fixed, and what came of it: control rules see the same ones again and again. */
  lastValue: string | undefined;
  lastAnswer: boolean;
}

/** A first link and where to go on. */
export interface ProgramRule {
  readonly first: Link;
  /** Where the phase goes on after a match; the next rule where neither skip nor skipAfter is said. */
  readonly nextAfterMatch: number;
  readonly redirectUrl: Text;
  readonly tags: readonly Text[];
  /** Whether any of the tags has macros. */
  readonly tagMacros: boolean;
}

/** The rules of a phase, in order. */
export type Program = readonly ProgramRule[];
