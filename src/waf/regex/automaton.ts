/**
 * Searches in time linear in the value's length: a deterministic automaton whose states are worked out when a value
 * first needs them (as RE2 does it), over classes of bytes that the pattern does not tell apart.
 */
import { type ByteSet, has, WORD } from './byte-set.ts';
import type { Assertion } from './pattern.ts';
import type { Program, State } from './program.ts';

/** What stands before a place: the value's start, a line feed, a byte of a word, another byte. */
const START = 0;
const LINE_FEED = 1;
const IN_WORD = 2;
const OTHER = 3;
/** What stands after a place: the same, or the value's end. */
const END = 0;

const UNKNOWN = -1;
const MATCH = -2;

/** States beyond are forgotten all together, and found again as they are needed. */
const MOST_STATES = 1024;
const MOST_CELLS = 1 << 17;

export class Automaton {
  private readonly program: Program;
  private readonly classes: Uint8Array;
  /** Of each class one byte. */
  private readonly samples: number[] = [];
  private readonly width: number;
  private readonly hasAssertions: boolean;
  private table = new Int32Array(0);
  private known = new Map<string, number>();
  private kernels: { readonly before: number; readonly states: Int32Array }[] = [];
  /** Marks of the states that the closure at hand has reached. */
  private readonly reached: Int32Array;
  private closure = 0;

  constructor(program: Program) {
    this.program = program;
    this.hasAssertions = program.states.some((state) => state.kind === 'assert');
    this.classes = this.classify();
    this.width = this.samples.length + 1;
    this.reached = new Int32Array(program.states.length);
    this.forget();
  }

  /**
   * The offset by which a match of the program is known to have ended, -1 where there is none: of all matches the one
   * that ends first.
   */
  search(value: string): number {
    const { classes, width } = this;
    let state = 0;
    for (let i = 0; i < value.length; i++) {
      const symbol = classes[value.charCodeAt(i) & 255];
      let next = this.table[state * width + symbol];
      if (next < 0) {
        next = next === MATCH ? MATCH : this.step(state, symbol);
        if (next === MATCH) return i;
      }
      state = next;
    }
    return this.step(state, width - 1) === MATCH ? value.length : -1;
  }

  private forget(): void {
    const states = Math.max(16, Math.min(MOST_STATES, Math.floor(MOST_CELLS / this.width)));
    if (this.table.length === 0) this.table = new Int32Array(states * this.width);
    this.table.fill(UNKNOWN);
    this.known = new Map();
    this.kernels = [];
    this.intern(START, [this.program.start]);
  }

  /** Bytes that are in the same sets of the program, and alike to its assertions, share a class. */
  private classify(): Uint8Array {
    const sets = new Map<string, ByteSet>();
    for (const state of this.program.states) if (state.kind === 'byte') sets.set(state.set.join(), state.set);
    const distinct = [...sets.values()];
    if (this.hasAssertions) distinct.push(WORD, Uint32Array.from([1 << 10, 0, 0, 0, 0, 0, 0, 0]));
    const classes = new Uint8Array(256);
    for (const set of distinct) split(classes, set);
    for (let byte = 255; byte >= 0; byte--) this.samples[classes[byte]] = byte;
    return classes;
  }

  /** The state after a byte of the class, or after the value's end; MATCH where a match has ended before it. */
  private step(state: number, symbol: number): number {
    const at = state * this.width + symbol;
    const known = this.table[at];
    if (known !== UNKNOWN) return known;
    const { before, states } = this.kernels[state];
    const byte = symbol === this.width - 1 ? -1 : this.samples[symbol];
    const next = this.advance(states, before, byte);
    if (!next || byte < 0) {
      this.table[at] = next ? state : MATCH;
      return this.table[at];
    }
    const full = this.kernels.length >= this.table.length / this.width;
    const kind = this.hasAssertions ? kindOf(byte) : OTHER;
    if (full) this.forget();
    const to = this.intern(kind, next);
    if (!full) this.table[at] = to;
    return to;
  }

  /** The states behind a byte (-1: the end) from those before it; undefined where a match ends before the byte. */
  private advance(states: Int32Array, before: number, byte: number): number[] | undefined {
    const { states: all, start } = this.program;
    const after = byte < 0 ? END : kindOf(byte);
    const mark = ++this.closure;
    const out = new Set<number>();
    const pending = Array.from(states);
    while (pending.length > 0) {
      const at = pending.pop()!;
      if (this.reached[at] === mark) continue;
      this.reached[at] = mark;
      const state: State = all[at];
      if (state.kind === 'match') return undefined;
      if (state.kind === 'fork') pending.push(state.next, state.other);
      else if (state.kind === 'assert') {
        if (holds(state.what, before, after)) pending.push(state.next);
      } else if (state.kind === 'unless') {
        if (byte < 0 || !has(state.set, byte)) pending.push(state.next);
      } else if (byte >= 0 && has(state.set, byte)) out.add(state.next);
    }
    out.add(start);
    return [...out].sort((a, b) => a - b);
  }

  private intern(before: number, states: readonly number[]): number {
    const key = `${before}:${states.join()}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.kernels.length);
    return this.kernels.push({ before, states: Int32Array.from(states) }) - 1;
  }
}

/** Parts each class into the bytes that are in the set and those that are not; the classes stay consecutive from 0. */
function split(classes: Uint8Array, set: ByteSet): void {
  const numbers = new Map<number, number>();
  for (let byte = 0; byte < 256; byte++) {
    const old = classes[byte] * 2 + Number(has(set, byte));
    if (!numbers.has(old)) numbers.set(old, numbers.size);
    classes[byte] = numbers.get(old)!;
  }
}

function kindOf(byte: number): number {
  if (byte === 10) return LINE_FEED;
  return has(WORD, byte) ? IN_WORD : OTHER;
}

/** Whether an assertion holds between what stands before (START or a kind) and after (END or a kind). */
function holds(what: Assertion, before: number, after: number): boolean {
  switch (what) {
    case 'line-start':
      return before === START || (before === LINE_FEED && after !== END);
    case 'line-end':
    case 'last-line-end':
      return after === END || after === LINE_FEED;
    case 'start':
      return before === START;
    case 'end':
      return after === END;
    case 'word':
      return (before === IN_WORD) !== (after === IN_WORD);
    case 'not-word':
      return (before === IN_WORD) === (after === IN_WORD);
  }
}
