/**
 * How long V8, which backtracks, may take for a pattern, judged from its loops. The search for a place to begin is a loop
 * over any byte itself. Two loops of which a repeated word could be shared out between them in many ways multiply the
 * time by the value's length; a loop whose body can match one word in two ways doubles it with every repetition.
 */
import { ANY_BYTE, type ByteSet, emptySet, intersects, union } from './byte-set.ts';
import type { Pattern } from './pattern.ts';
import { programOf, type State } from './program.ts';

export interface Judgement {
  /** The time grows at most with this power of the value's length; Infinity: it may double with every byte. */
  readonly degree: number;
}

/** Loops that one repeated word may pass, one after another. */
interface Chain {
  /** The bytes that all of the loops take. */
  readonly bytes: ByteSet;
  readonly loops: number;
  /** What stands between the loops: the word has a byte of each of these sets. */
  readonly needs: readonly ByteSet[];
}

/** More are not remembered, which can only make a judgement harsher. */
const MOST_NEEDS = 12;

/** More repetitions than this count as a loop. */
const FEW = 6;
/** Chains that are looked at; with more the pattern counts as one that doubles. */
const MOST_CHAINS = 64;

/** With `oneLine` for values without a line feed, where a pattern that begins with `^` has one place to begin. */
export function judge(root: Pattern, oneLine: boolean): Judgement {
  const judging = new Judging();
  judging.walk(root, startsAtStart(root, oneLine) ? [] : [{ bytes: ANY_BYTE, loops: 1, needs: [] }]);
  return { degree: judging.degree };
}

class Judging {
  degree = 1;

  /** The chains after the node, from those before it. */
  walk(node: Pattern, chains: readonly Chain[]): readonly Chain[] {
    switch (node.kind) {
      case 'set':
        return chains.filter((chain) => intersects(chain.bytes, node.set)).map((chain) => passed(chain, node.set));
      case 'concat':
        return node.parts.reduce<readonly Chain[]>((before, part) => this.walk(part, before), chains);
      case 'alternatives':
        return this.join(node.branches.flatMap((branch) => this.walk(branch, chains)));
      case 'group':
      case 'atomic':
        return this.walk(node.body, chains);
      case 'look':
        this.walk(node.body, [...chains, { bytes: ANY_BYTE, loops: 0, needs: [] }]);
        return chains;
      case 'assertion':
        return chains;
      case 'back-reference':
        return this.loop({ kind: 'set', set: ANY_BYTE }, chains);
      case 'repeat': {
        const skipped = node.min === 0 ? chains : [];
        if (node.max > FEW) return this.join([...skipped, ...this.loop(node.body, chains)]);
        let after = chains;
        const ends = [...skipped];
        for (let i = 1; i <= node.max; i++) {
          after = this.walk(node.body, after);
          if (i >= node.min) ends.push(...after);
        }
        return this.join(ends);
      }
    }
  }

  /** What a loop adds: it ends chains of its own, and lengthens those whose word it can take over. */
  private loop(body: Pattern, before: readonly Chain[]): readonly Chain[] {
    const bytes = alphabet(body);
    const own: Chain = { bytes, loops: 1, needs: needsOf(body) };
    if (body.kind !== 'set') {
      if (isAmbiguous(body)) this.degree = Infinity;
      this.walk(body, this.walk(body, [...before, own]));
    }
    const longer = before
      .map(({ bytes: all, loops, needs }) => ({
        bytes: all.map((word, i) => word & bytes[i]),
        loops: loops + 1,
        needs,
      }))
      .filter((chain) => intersects(chain.bytes, ANY_BYTE) && chain.needs.every((set) => intersects(chain.bytes, set)));
    return this.join([...before.filter((chain) => intersects(chain.bytes, bytes)), ...longer, own]);
  }

  /** One chain for each set of bytes: the longest, with the needs that all of them have. */
  private join(chains: readonly Chain[]): readonly Chain[] {
    const kept = new Map<string, Chain>();
    for (const chain of chains) {
      this.degree = Math.max(this.degree, chain.loops);
      const key = chain.bytes.join();
      const other = kept.get(key);
      kept.set(key, other ? merged(chain, other) : chain);
    }
    if (kept.size > MOST_CHAINS) this.degree = Infinity;
    return [...kept.values()].slice(0, MOST_CHAINS);
  }
}

function merged(a: Chain, b: Chain): Chain {
  const needs = a.needs.filter((set) => b.needs.includes(set));
  return { bytes: a.bytes, loops: Math.max(a.loops, b.loops), needs };
}

/** Sets of which every match of the node has a byte. */
function needsOf(node: Pattern): readonly ByteSet[] {
  switch (node.kind) {
    case 'set':
      return [node.set];
    case 'concat':
      return node.parts.flatMap(needsOf).slice(0, MOST_NEEDS);
    case 'group':
    case 'atomic':
      return needsOf(node.body);
    case 'repeat':
      return node.min > 0 ? needsOf(node.body) : [];
    default:
      return [];
  }
}

/** The chain after a byte of the set. */
function passed(chain: Chain, set: ByteSet): Chain {
  if (chain.needs.length === MOST_NEEDS || chain.needs.includes(set)) return chain;
  return { ...chain, needs: [...chain.needs, set] };
}

/** All bytes that the node may take. */
function alphabet(node: Pattern): ByteSet {
  switch (node.kind) {
    case 'set':
      return node.set;
    case 'concat':
      return node.parts.reduce((all, part) => union(all, alphabet(part)), emptySet());
    case 'alternatives':
      return node.branches.reduce((all, branch) => union(all, alphabet(branch)), emptySet());
    case 'look':
    case 'assertion':
      return emptySet();
    case 'back-reference':
      return ANY_BYTE;
    default:
      return alphabet(node.body);
  }
}

/** Whether every match begins at the value's start: then V8 tries no other place. */
function startsAtStart(node: Pattern, oneLine: boolean): boolean {
  switch (node.kind) {
    case 'assertion':
      return node.what === 'start' || (oneLine && node.what === 'line-start');
    case 'concat':
      return node.parts.length > 0 && startsAtStart(node.parts[0], oneLine);
    case 'alternatives':
      return node.branches.every((branch) => startsAtStart(branch, oneLine));
    case 'group':
    case 'atomic':
      return startsAtStart(node.body, oneLine);
    case 'repeat':
      return node.min > 0 && startsAtStart(node.body, oneLine);
    default:
      return false;
  }
}

/** Steps that the search for two ways may take; where they do not suffice, the loop counts as ambiguous. */
const MOST_PAIRS = 20_000;

/**
 * Whether the loop over the body can match some word in two ways: whether two runs of its automaton that read the same
 * bytes can part and meet again. Looks at pairs of states, breadth first, from where a run goes on in two ways.
 */
function isAmbiguous(body: Pattern): boolean {
  const program = programOf({ kind: 'repeat', body, min: 0, max: Infinity, mode: 'greedy' });
  if (!program || program.states.length > 4000) return true;
  const follow = new Map<number, readonly number[] | undefined>();
  const after = (state: number): readonly number[] | undefined => {
    if (!follow.has(state)) follow.set(state, bytesAfter(program.states, state));
    return follow.get(state);
  };
  const setOf = (at: number): ByteSet => (program.states[at] as Extract<State, { kind: 'byte' }>).set;
  const seen = new Set<number>();
  const pending: [number, number][] = [];
  const part = (left: readonly number[] | undefined, right: readonly number[] | undefined): boolean => {
    if (!left || !right) return true;
    for (const a of left) {
      for (const b of right) {
        if (a === b && left !== right) return true;
        if (a === b || !intersects(setOf(a), setOf(b))) continue;
        const key = a < b ? a * program.states.length + b : b * program.states.length + a;
        if (!seen.has(key)) pending.push([a, b]);
        seen.add(key);
      }
    }
    return false;
  };
  const first = after(program.start);
  if (part(first, first)) return true;
  for (const state of program.states) {
    if (state.kind !== 'byte') continue;
    const next = after(state.next);
    if (part(next, next)) return true;
    if (seen.size > MOST_PAIRS) return true;
  }
  for (let pair = pending.pop(); pair; pair = pending.pop()) {
    const [a, b] = pair.map((at) => after((program.states[at] as { next: number }).next));
    if (a === b && a !== undefined) return true;
    if (part(a, b) || seen.size > MOST_PAIRS) return true;
  }
  return false;
}

/** The states that read the next byte, from a state on; undefined where one is reached in two ways without a byte. */
function bytesAfter(states: readonly State[], from: number): readonly number[] | undefined {
  const out: number[] = [];
  const reached = new Set<number>();
  const pending = [from];
  while (pending.length > 0) {
    const at = pending.pop()!;
    const state = states[at];
    if (reached.has(at)) return undefined;
    reached.add(at);
    if (state.kind === 'byte') out.push(at);
    else if (state.kind === 'fork') pending.push(state.other, state.next);
    else if (state.kind === 'assert' || state.kind === 'unless') pending.push(state.next);
  }
  return out;
}
