/**
 * Finds which of many literals occur in a binary string, in one pass: an Aho-Corasick automaton over classes of bytes,
 * whose transitions are all worked out beforehand, in one typed array.
 */

export interface LiteralOptions {
  /** ASCII letters are compared without case; the literals are then taken in lower case. */
  readonly caseless: boolean;
  /** Rare bytes may be taken for one another, so that a literal may be found that does not occur, for less memory. */
  readonly approximate?: boolean;
}

/** Told the number of each literal that occurs, as its place in the list given; often more than once. */
export type Mark = (literal: number) => void;

/** The transitions of so many states fit in 16 bits. */
const FEW_STATES = 1 << 15;
/** Classes of bytes where rare ones share the last. */
const FEW_CLASSES = 64;
/** One-byte literals are looked for by bits beside the automaton; as many as two words hold. */
const MOST_BITS = 62;

export class LiteralMatcher {
  /** How many literals there are. */
  readonly count: number;
  /** Of each byte its class; bytes that are in no literal share class 0. */
  private readonly classes: Uint8Array;
  /** `[state << shift | class]`: the next state, with a bit above `mask` where a literal ends there. */
  private readonly next: Int32Array | Uint16Array;
  private readonly shift: number;
  private readonly mask: number;
  /** Of each state the first of its entries in `ends`, -1 where none; entries are literals and end with -1. */
  private readonly endsOf: Int32Array;
  private readonly ends: Int32Array;
  /** Of each byte the bits of the one-byte literals that it is, and of each bit its literal. */
  private readonly lowBits = new Int32Array(256);
  private readonly highBits = new Int32Array(256);
  private readonly singles: readonly number[];

  constructor(literals: readonly string[], options: LiteralOptions) {
    this.count = literals.length;
    const folded = options.caseless ? literals.map(lowerCase) : literals;
    this.singles = [...folded.keys()].filter((n) => folded[n].length === 1).slice(0, MOST_BITS);
    for (const [bit, number] of this.singles.entries()) {
      const byte = folded[number].charCodeAt(0) & 255;
      const bits = bit < 31 ? this.lowBits : this.highBits;
      bits[byte] |= 1 << (bit % 31);
      if (options.caseless && byte >= 97 && byte <= 122) bits[byte - 32] |= 1 << (bit % 31);
    }
    const apart = new Set(this.singles);
    const trie = new Trie(folded, apart, options);
    const built = trie.build();
    this.classes = trie.classes;
    this.shift = trie.shift;
    this.next = built.next;
    this.mask = built.mask;
    this.endsOf = built.endsOf;
    this.ends = built.ends;
  }

  /** Calls `mark` for the literals that occur in the value. */
  scan(value: string, mark: Mark): void {
    const { classes, next, lowBits, highBits, shift, mask } = this;
    let state = 0;
    let low = 0;
    let high = 0;
    for (let i = 0; i < value.length; i++) {
      const byte = value.charCodeAt(i) & 255;
      low |= lowBits[byte];
      high |= highBits[byte];
      const to = next[(state << shift) | classes[byte]];
      state = to & mask;
      if (to !== state) this.markEnds(state, mark);
    }
    this.markBits(low, 0, mark);
    this.markBits(high, 31, mark);
  }

  private markEnds(state: number, mark: Mark): void {
    for (let at = this.endsOf[state]; this.ends[at] >= 0; at++) mark(this.ends[at]);
  }

  private markBits(bits: number, first: number, mark: Mark): void {
    for (let left = bits; left !== 0; left &= left - 1) mark(this.singles[first + 31 - Math.clz32(left & -left)]);
  }

  /**
   * Sets the bits of the literals that occur (bit `n & 31` of element `n >> 5`); gives whether any does. The caller clears
   * the bits before.
   */
  scanInto(value: string, bits: Uint32Array): boolean {
    const { classes, next, lowBits, highBits, endsOf, ends, shift, mask, singles } = this;
    let state = 0;
    let low = 0;
    let high = 0;
    let any = 0;
    for (let i = 0; i < value.length; i++) {
      const byte = value.charCodeAt(i) & 255;
      low |= lowBits[byte];
      high |= highBits[byte];
      const to = next[(state << shift) | classes[byte]];
      state = to & mask;
      if (to === state) continue;
      any = 1;
      for (let at = endsOf[state]; ends[at] >= 0; at++) bits[ends[at] >> 5] |= 1 << (ends[at] & 31);
    }
    for (let left = low; left !== 0; left &= left - 1) {
      const literal = singles[31 - Math.clz32(left & -left)];
      bits[literal >> 5] |= 1 << (literal & 31);
    }
    for (let left = high; left !== 0; left &= left - 1) {
      const literal = singles[62 - Math.clz32(left & -left)];
      bits[literal >> 5] |= 1 << (literal & 31);
    }
    return (any | low | high) !== 0;
  }

  /**
   * The number of a literal that ends where the first one to be found ends, the longest such; -1 where none occurs.
   * Slower than `scan` where there is none to find among those of one byte.
   */
  first(value: string): number {
    const { classes, next, lowBits, highBits, shift, mask } = this;
    let state = 0;
    for (let i = 0; i < value.length; i++) {
      const byte = value.charCodeAt(i) & 255;
      const to = next[(state << shift) | classes[byte]];
      state = to & mask;
      if (to !== state) return this.ends[this.endsOf[state]];
      const bits = lowBits[byte] | highBits[byte];
      if (bits !== 0) return this.singles[(lowBits[byte] === 0 ? 62 : 31) - Math.clz32(bits & -bits)];
    }
    return -1;
  }
}

function lowerCase(literal: string): string {
  return literal.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The literals as a tree, before its failure links are folded into the transitions. */
class Trie {
  readonly classes = new Uint8Array(256);
  readonly shift: number;
  private readonly options: LiteralOptions;
  private children: Int32Array;
  private states = 1;
  private readonly own: number[][] = [[]];

  constructor(literals: readonly string[], apart: ReadonlySet<number>, options: LiteralOptions) {
    this.options = options;
    this.shift = Math.ceil(Math.log2(this.classify(literals, apart)));
    let bytes = 1;
    for (const literal of literals) bytes += literal.length;
    this.children = new Int32Array(bytes << this.shift).fill(-1);
    for (let number = 0; number < literals.length; number++) {
      if (literals[number] === '') throw new RangeError('an empty literal');
      if (!apart.has(number)) this.add(literals[number], number);
    }
    this.children = this.children.slice(0, this.states << this.shift);
  }

  /** Gives each byte that is in a literal a class of its own, the most frequent first; returns how many classes there are. */
  private classify(literals: readonly string[], apart: ReadonlySet<number>): number {
    const uses = new Map<number, number>();
    for (const [number, literal] of literals.entries()) {
      if (apart.has(number)) continue;
      for (let i = 0; i < literal.length; i++) {
        const byte = literal.charCodeAt(i) & 255;
        uses.set(byte, (uses.get(byte) ?? 0) + 1);
      }
    }
    const most = this.options.approximate === true ? FEW_CLASSES : 256;
    let count = 1;
    for (const [byte] of [...uses].sort(([, a], [, b]) => b - a)) {
      this.classes[byte] = Math.min(count, most - 1);
      count = Math.min(count + 1, most);
    }
    if (this.options.caseless) for (let byte = 65; byte <= 90; byte++) this.classes[byte] = this.classes[byte + 32]!;
    return count;
  }

  private add(literal: string, number: number): void {
    let state = 0;
    for (let i = 0; i < literal.length; i++) {
      const at = (state << this.shift) | this.classes[literal.charCodeAt(i) & 255];
      if (this.children[at] === -1) {
        this.children[at] = this.states++;
        this.own.push([]);
      }
      state = this.children[at]!;
    }
    this.own[state].push(number);
  }

  /** Breadth first: a missing child is the one of the longest suffix that is a state too. */
  build(): { next: Int32Array | Uint16Array; mask: number; endsOf: Int32Array; ends: Int32Array } {
    const { children, shift, states, own } = this;
    const width = 1 << shift;
    const suffix = new Int32Array(states);
    const queue = new Int32Array(states);
    let filled = 1;
    for (let taken = 0; taken < filled; taken++) {
      const state = queue[taken];
      for (let symbol = 0; symbol < width; symbol++) {
        const at = (state << shift) | symbol;
        const fallback = state === 0 ? 0 : children[(suffix[state] << shift) | symbol];
        const child = children[at];
        if (child === -1) children[at] = fallback;
        else {
          suffix[child] = fallback;
          own[child].push(...own[fallback]);
          queue[filled++] = child;
        }
      }
    }
    const endsOf = new Int32Array(states).fill(-1);
    const ends: number[] = [];
    for (const [state, numbers] of own.entries()) {
      if (numbers.length === 0) continue;
      endsOf[state] = ends.length;
      ends.push(...numbers, -1);
    }
    const output = states <= FEW_STATES ? FEW_STATES : 1 << 30;
    const next = states <= FEW_STATES ? new Uint16Array(children.length) : children;
    for (let at = 0; at < children.length; at++) {
      const state = children[at];
      next[at] = state | (endsOf[state] >= 0 ? output : 0);
    }
    return { next, mask: output - 1, endsOf, ends: Int32Array.from(ends) };
  }
}
