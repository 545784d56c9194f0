/** The compiled form of rules: what the transaction walks through. It holds data, no logic. */
import type { Rule } from '../lang/rule.ts';
import type { Operator } from '../operator/operator.ts';
import type { Run } from './actions.ts';
import type { Chain } from './chain.ts';
import type { Text } from './macro.ts';
import type { ScreenItem } from './screen.ts';
import type { Source } from './source.ts';
import type { State } from './state.ts';

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
  /** Whether all its values are fixed, so that the phase's screen tells of it by the operator's bit in the candidates. */
  readonly screened: boolean;
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

/** A phase. */
export interface Program {
  readonly phase: number;
  /** In order. */
  readonly rules: readonly ProgramRule[];
  /** What its rules look at. */
  readonly screen: readonly ScreenItem[];
}
