import type { ByteSet } from './byte-set.ts';
import { ANY_BYTE } from './byte-set.ts';
import type { Assertion, Pattern } from './pattern.ts';

/** A pattern as the states of a nondeterministic automaton; `next` and `other` are states, -1 for none. */
export type State =
  | { readonly kind: 'byte'; readonly set: ByteSet; next: number }
  | { readonly kind: 'fork'; next: number; other: number }
  | { readonly kind: 'assert'; readonly what: Assertion; next: number }
  /** Goes on where the next byte is none of the set, or the value ends. */
  | { readonly kind: 'unless'; readonly set: ByteSet; next: number }
  | { readonly kind: 'match' };

export interface Program {
  readonly states: readonly State[];
  readonly start: number;
  /**
   * False where it finds more than the pattern does: look-around and back references are left out, atomic groups may
   * give back, `\Z` stands before any line feed. What it does not find, the pattern does not match.
   */
  readonly exact: boolean;
}

/** Repetitions are written out; a pattern that needs more states than this has no program. */
const MOST_STATES = 20_000;

/** The automaton of a pattern, undefined where it were too large. */
export function programOf(root: Pattern): Program | undefined {
  const builder = new Builder();
  const match = builder.add({ kind: 'match' });
  const start = builder.build(root, match);
  return builder.states.length > MOST_STATES ? undefined : { states: builder.states, start, exact: builder.exact };
}

class Builder {
  readonly states: State[] = [];
  exact = true;

  add(state: State): number {
    this.states.push(state);
    return this.states.length - 1;
  }

  /** Adds what matches the node and then goes on at `next`; returns where it begins. */
  build(node: Pattern, next: number): number {
    if (this.states.length > MOST_STATES) return next;
    switch (node.kind) {
      case 'set':
        return this.add({ kind: 'byte', set: node.set, next });
      case 'concat':
        return node.parts.reduceRight((to, part) => this.build(part, to), next);
      case 'alternatives':
        return node.branches
          .map((branch) => this.build(branch, next))
          .reduceRight((other, first) => this.add({ kind: 'fork', next: first, other }));
      case 'group':
        return this.build(node.body, next);
      case 'atomic':
        this.exact = false;
        return this.build(node.body, next);
      case 'look':
        this.exact = false;
        return next;
      case 'back-reference':
        this.exact = false;
        return this.loop({ kind: 'set', set: ANY_BYTE }, next);
      case 'assertion':
        if (node.what === 'last-line-end') this.exact = false;
        return this.add({ kind: 'assert', what: node.what, next });
      case 'repeat':
        return this.repeat(node, next);
    }
  }

  private repeat(node: Extract<Pattern, { kind: 'repeat' }>, next: number): number {
    let to = next;
    if (node.mode === 'possessive') {
      // a loop over bytes that gives none back ends before a byte that is no more of them
      if (node.body.kind === 'set' && node.max === Infinity)
        to = this.add({ kind: 'unless', set: node.body.set, next });
      else this.exact = false;
    }
    if (node.max === Infinity) to = this.loop(node.body, to);
    else {
      for (let i = node.min; i < node.max; i++) {
        to = this.add({ kind: 'fork', next: this.build(node.body, to), other: next });
        if (this.states.length > MOST_STATES) return next;
      }
    }
    for (let i = 0; i < node.min && this.states.length <= MOST_STATES; i++) to = this.build(node.body, to);
    return to;
  }

  private loop(body: Pattern, next: number): number {
    const fork: State = { kind: 'fork', next: -1, other: next };
    const at = this.add(fork);
    fork.next = this.build(body, at);
    return at;
  }
}
