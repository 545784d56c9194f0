import { ANY_BYTE, type ByteSet, equals, has, inverted, members, withBothCases } from './byte-set.ts';
import type { Assertion, ParsedPattern, Pattern } from './pattern.ts';

/** A pattern as JavaScript writes it. */
export interface Rendered {
  readonly source: string;
  readonly flags: string;
  /** By the pattern's number of a group minus 1: the numbers of JavaScript's groups, of which at most one took part. */
  readonly groups: readonly (readonly number[])[];
  /** Whether `^` or `$` is in it: then it differs for values with line feeds. */
  readonly hasLines: boolean;
}

/**
 * Writes the pattern as a JavaScript expression of the same meaning on binary strings (without the flags m, s, u).
 * With `oneLine` it is right only for values without a line feed, and faster: its `^` is the start of the value.
 */
export function render(pattern: ParsedPattern, oneLine: boolean): Rendered {
  const state: State = { oneLine, caseless: everyLetterCaseless(pattern.root), count: 0, groups: [], hasLines: false };
  for (let i = 0; i < pattern.groups; i++) state.groups.push([]);
  const source = write(pattern.root, state);
  return { source, flags: state.caseless ? 'i' : '', groups: state.groups, hasLines: state.hasLines };
}

interface State {
  readonly oneLine: boolean;
  readonly caseless: boolean;
  count: number;
  readonly groups: number[][];
  hasLines: boolean;
}

function write(node: Pattern, state: State): string {
  switch (node.kind) {
    case 'set':
      return writeSet(node.set, state.caseless);
    case 'concat':
      return node.parts
        .map((part) => (part.kind === 'alternatives' ? `(?:${write(part, state)})` : write(part, state)))
        .join('');
    case 'alternatives':
      return node.branches.map((branch) => write(branch, state)).join('|');
    case 'repeat':
      return writeRepeat(node, state);
    case 'group': {
      state.groups[node.index - 1].push(++state.count);
      return `(${write(node.body, state)})`;
    }
    case 'atomic':
      return writeAtomic(node.body, state);
    case 'look':
      return `(?${node.ahead ? '' : '<'}${node.negated ? '!' : '='}${write(node.body, state)})`;
    case 'assertion':
      return writeAssertion(node.what, state);
    case 'back-reference': {
      const references = state.groups[node.index - 1].map((index) => `\\${index}`).join('');
      return node.caseless && !state.caseless ? `(?i:${references})` : `(?:${references})`;
    }
  }
}

function writeRepeat(node: Extract<Pattern, { kind: 'repeat' }>, state: State): string {
  if (node.mode === 'possessive') return writeAtomic({ ...node, mode: 'greedy' }, state);
  const text = write(node.body, state);
  const body = node.body.kind === 'set' || node.body.kind === 'group' ? text : `(?:${text})`;
  const lazy = node.mode === 'lazy' ? '?' : '';
  if (node.max === Infinity && node.min < 2) return `${body}${node.min === 0 ? '*' : '+'}${lazy}`;
  if (node.min === 0 && node.max === 1) return `${body}?${lazy}`;
  return `${body}{${node.min}${node.max === node.min ? '' : `,${node.max === Infinity ? '' : node.max}`}}${lazy}`;
}

/** What a look-ahead has matched is not tried again: a group within one, and a reference to it, make an atomic group. */
function writeAtomic(body: Pattern, state: State): string {
  const index = ++state.count;
  return `(?:(?=(${write(body, state)}))\\${index})`;
}

function writeAssertion(what: Assertion, state: State): string {
  switch (what) {
    case 'line-start':
      state.hasLines = true;
      return state.oneLine ? '^' : '(?:^|(?<=\\n)(?!$))';
    case 'line-end':
      state.hasLines = true;
      return state.oneLine ? '$' : '(?![^\\n])';
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'last-line-end':
      return '(?=\\n?$)';
    case 'word':
      return '\\b';
    case 'not-word':
      return '\\B';
  }
}

function writeSet(set: ByteSet, caseless: boolean): string {
  const bytes = members(set);
  if (bytes.length === 1) return writeByte(bytes[0]);
  if (caseless && bytes.length === 2 && bytes[0] + 32 === bytes[1] && isLetter(bytes[0])) return writeByte(bytes[1]);
  if (equals(set, ANY_BYTE)) return '[^]';
  if (bytes.length === 0) return '[]';
  const negated = bytes.length > 128;
  return `[${negated ? '^' : ''}${writeRanges(negated ? members(inverted(set)) : bytes)}]`;
}

/** Ascending bytes as ranges of a class. */
function writeRanges(bytes: readonly number[]): string {
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    let end = i;
    while (bytes[end + 1] === bytes[end] + 1) end++;
    out += writeByte(bytes[i]);
    if (end > i) out += `${end > i + 1 ? '-' : ''}${writeByte(bytes[end])}`;
    i = end + 1;
  }
  return out;
}

function writeByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9_ ]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
}

function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}

/**
 * Whether JavaScript's flag i changes nothing: every set holds both cases of its ASCII letters, and of the letters of
 * Latin-1, which the flag would join and PCRE does not, both or none.
 */
function everyLetterCaseless(node: Pattern): boolean {
  switch (node.kind) {
    case 'set':
      return closedUnderCase(node.set);
    case 'concat':
      return node.parts.every(everyLetterCaseless);
    case 'alternatives':
      return node.branches.every(everyLetterCaseless);
    case 'back-reference':
      return node.caseless;
    case 'assertion':
      return true;
    default:
      return everyLetterCaseless(node.body);
  }
}

function closedUnderCase(set: ByteSet): boolean {
  if (!equals(set, withBothCases(set))) return false;
  for (let byte = 0xc0; byte <= 0xde; byte++) {
    if (byte !== 0xd7 && has(set, byte) !== has(set, byte + 32)) return false;
  }
  return true;
}
