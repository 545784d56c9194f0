import { type ByteSet, emptySet, members, union } from './byte-set.ts';
import type { Pattern } from './pattern.ts';

/** What every value that a pattern matches has. */
export interface Requirements {
  /** Lower-case literals, at least one of which occurs in the value, ASCII letters compared without case. */
  readonly literals: readonly string[] | undefined;
  /** Bytes, at least one of which occurs in the value. */
  readonly bytes: ByteSet | undefined;
  readonly minLength: number;
}

/** More literals than this say too little together, and cost the matcher states. */
const MOST_LITERALS = 256;
const LONGEST_LITERAL = 24;
/** A set of more bytes than this (both cases counting as one) is no part of a literal. */
const WIDEST_SET = 10;

/**
 * What must occur, found from the tree: along a sequence the best of what its parts require, of alternatives what all of
 * them require together. `exact` is what a piece matches as a whole where that is a short list.
 */
interface Piece {
  readonly exact: readonly string[] | undefined;
  readonly literals: readonly string[] | undefined;
  readonly bytes: ByteSet | undefined;
  readonly minLength: number;
}

const NOTHING: Piece = { exact: undefined, literals: undefined, bytes: undefined, minLength: 0 };
const NO_BYTE: Piece = { exact: [''], literals: undefined, bytes: undefined, minLength: 0 };

export function requirementsOf(root: Pattern): Requirements {
  const { exact, literals, bytes, minLength } = pieceOf(root);
  return { literals: better(usable(exact), literals), bytes, minLength };
}

function pieceOf(node: Pattern): Piece {
  switch (node.kind) {
    case 'set':
      return { exact: factsOf(node.set).folded, literals: undefined, bytes: node.set, minLength: 1 };
    case 'concat':
      return sequence(node.parts.map(pieceOf));
    case 'alternatives':
      return anyOf(node.branches.map(pieceOf));
    case 'group':
    case 'atomic':
      return pieceOf(node.body);
    case 'look':
    case 'assertion':
      return NO_BYTE;
    case 'back-reference':
      return NOTHING;
    case 'repeat':
      return repeated(node);
  }
}

function repeated(node: Extract<Pattern, { kind: 'repeat' }>): Piece {
  if (node.max === 0) return NO_BYTE;
  const body = pieceOf(node.body);
  if (node.min === 0) {
    const exact = node.max === 1 && body.exact && body.exact.length < MOST_LITERALS ? [...body.exact, ''] : undefined;
    return { ...NOTHING, exact };
  }
  if (node.min === 1 && node.max === 1) return body;
  const once: Piece = { ...body, exact: undefined, literals: better(usable(body.exact), body.literals) };
  const least = { ...once, minLength: body.minLength * node.min };
  if (!body.exact || node.min > 8) return least;
  const times = sequence(Array.from({ length: node.min }, () => body));
  return node.min === node.max
    ? times
    : { ...times, exact: undefined, literals: better(usable(times.exact), times.literals) };
}

/** The literals of the pieces one after another, as far as the list stays short, and the best of what breaks remain. */
function sequence(pieces: readonly Piece[]): Piece {
  let exact: readonly string[] | undefined = [''];
  let run: readonly string[] = [''];
  let literals: readonly string[] | undefined;
  let bytes: ByteSet | undefined;
  let minLength = 0;
  for (const piece of pieces) {
    minLength += piece.minLength;
    literals = better(literals, piece.literals);
    bytes = rarer(bytes, piece.bytes);
    const joined: readonly string[] | undefined = piece.exact && product(run, piece.exact);
    if (joined) run = joined;
    else {
      literals = better(literals, usable(run));
      run = piece.exact ?? [''];
      exact = undefined;
    }
  }
  if (exact) return { exact: run, literals, bytes, minLength };
  return { exact: undefined, literals: better(literals, usable(run)), bytes, minLength };
}

function anyOf(pieces: readonly Piece[]): Piece {
  const exact = together(pieces.map((piece) => piece.exact));
  const literals = together(pieces.map((piece) => better(usable(piece.exact), piece.literals)));
  const bytes = pieces.every((piece) => piece.bytes)
    ? pieces.reduce((all, piece) => union(all, piece.bytes!), emptySet())
    : undefined;
  return { exact, literals, bytes, minLength: Math.min(...pieces.map((piece) => piece.minLength)) };
}

function together(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const all = new Set<string>();
  for (const list of lists) {
    if (!list) return undefined;
    for (const literal of list) all.add(literal);
    if (all.size > MOST_LITERALS * 2) return undefined;
  }
  return [...all];
}

function product(heads: readonly string[], tails: readonly string[]): string[] | undefined {
  if (heads.length * tails.length > MOST_LITERALS) return undefined;
  const out = new Set<string>();
  for (const head of heads) {
    for (const tail of tails) {
      if (head.length + tail.length > LONGEST_LITERAL) return undefined;
      out.add(head + tail);
    }
  }
  return [...out];
}

/** The literals, where none is empty. */
function usable(literals: readonly string[] | undefined): readonly string[] | undefined {
  return literals?.every((literal) => literal !== '') ? literals : undefined;
}

/** The list that fewer values are expected to have. */
function better(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  if (!a || !b) return a ?? b;
  return commonness(a) <= commonness(b) ? a : b;
}

function rarer(a: ByteSet | undefined, b: ByteSet | undefined): ByteSet | undefined {
  if (!a || !b) return a ?? b;
  return factsOf(a).weight <= factsOf(b).weight ? a : b;
}

/** How often a byte occurs in ordinary values, roughly. */
function frequency(byte: number): number {
  const char = String.fromCharCode(byte);
  if (/[a-z]/.test(char)) return 'etaoinsrhl'.includes(char) ? 0.06 : 'jqxz'.includes(char) ? 0.004 : 0.02;
  if (/[0-9]/.test(char)) return 0.03;
  if (/[A-Z]/.test(char)) return 0.01;
  if (char === ' ') return 0.1;
  return /[-_./=,]/.test(char) ? 0.02 : 0.003;
}

const FREQUENCY = Float64Array.from({ length: 256 }, (_, byte) => frequency(byte));

function commonness(literals: readonly string[]): number {
  let sum = 0;
  for (const literal of literals) {
    let one = 1;
    for (let i = 0; i < literal.length; i++) one *= FREQUENCY[literal.charCodeAt(i)];
    sum += one;
  }
  return sum;
}

/** Of a set: its members as literals of one byte, and how often it occurs. Sets are shared between patterns. */
interface SetFacts {
  readonly folded: readonly string[] | undefined;
  readonly weight: number;
}

const FACTS = new WeakMap<ByteSet, SetFacts>();

function factsOf(set: ByteSet): SetFacts {
  let facts = FACTS.get(set);
  if (!facts) {
    const bytes = members(set);
    facts = { folded: foldedMembers(bytes), weight: bytes.reduce((sum, byte) => sum + FREQUENCY[byte], 0) };
    FACTS.set(set, facts);
  }
  return facts;
}

/** Letters in lower case; undefined where there are too many. */
function foldedMembers(bytes: readonly number[]): string[] | undefined {
  if (bytes.length > 2 * WIDEST_SET) return undefined;
  const folded = new Set(bytes.map((byte) => String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte)));
  return folded.size > WIDEST_SET ? undefined : [...folded];
}
