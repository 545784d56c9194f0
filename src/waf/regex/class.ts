import {
  ANY_BYTE,
  type ByteSet,
  DIGITS,
  emptySet,
  HORIZONTAL_SPACE,
  inverted,
  NOT_NEWLINE,
  POSIX,
  SPACE,
  setOf,
  union,
  VERTICAL_SPACE,
  WORD,
  withBothCases,
} from './byte-set.ts';
import { PatternError } from './pattern.ts';

/** The sets that a letter after a backslash names. */
export const CLASS_ESCAPES: Readonly<Record<string, ByteSet>> = {
  d: DIGITS,
  D: inverted(DIGITS),
  w: WORD,
  W: inverted(WORD),
  s: SPACE,
  S: inverted(SPACE),
  h: HORIZONTAL_SPACE,
  H: inverted(HORIZONTAL_SPACE),
  v: VERTICAL_SPACE,
  V: inverted(VERTICAL_SPACE),
  N: NOT_NEWLINE,
  C: ANY_BYTE,
};

const CONTROL: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

/** A byte that an escape writes, and the offset after it. */
export interface EscapedByte {
  readonly byte: number;
  readonly next: number;
}

/**
 * The byte of the escape whose letter stands at `at` (after the backslash); undefined for a letter or digit that names no
 * byte. Octal is not read here where the first digit is not 0: outside of classes it may be a back reference.
 */
export function escapedByte(source: string, at: number, inClass: boolean): EscapedByte | undefined {
  const char = source[at];
  if (char === undefined) throw new PatternError('a backslash at the end', at - 1);
  if (char in CONTROL) return { byte: CONTROL[char], next: at + 1 };
  if (char === 'x') return hexadecimal(source, at + 1);
  if (char === 'c') return { byte: (source[at + 1] ?? '@').toUpperCase().charCodeAt(0) ^ 64, next: at + 2 };
  if (char === 'b' && inClass) return { byte: 8, next: at + 1 };
  const octal = (inClass || char === '0') && /[0-7]{1,3}/y;
  if (octal) {
    octal.lastIndex = at;
    const digits = octal.exec(source)?.[0];
    if (digits) return { byte: Number.parseInt(digits, 8) & 255, next: at + digits.length };
  }
  return /[a-zA-Z0-9]/.test(char) ? undefined : { byte: char.charCodeAt(0), next: at + 1 };
}

/** `\xh`, `\xhh` or `\x{h...}`; without a digit a NUL. */
function hexadecimal(source: string, at: number): EscapedByte {
  const syntax = /\{([0-9a-fA-F]+)\}|[0-9a-fA-F]{1,2}|/y;
  syntax.lastIndex = at;
  const match = syntax.exec(source)!;
  const byte = Number.parseInt(match[1] ?? (match[0] || '0'), 16);
  if (byte > 255) throw new PatternError('a character that is no byte', at);
  return { byte, next: at + match[0].length };
}

/** Reads the class whose `[` stands at `at`; gives its set and the offset after the `]`. */
export function parseClass(source: string, at: number, caseless: boolean): { set: ByteSet; next: number } {
  let i = at + 1;
  const negated = source[i] === '^';
  if (negated) i++;
  let set = emptySet();
  for (let first = true; first || source[i] !== ']'; first = false) {
    if (i >= source.length) throw new PatternError('a class without its ]', at);
    const item = classItem(source, i);
    i = item.next;
    if (typeof item.what !== 'number') {
      set = union(set, item.what);
      continue;
    }
    let last = item.what;
    if (source[i] === '-' && i + 1 < source.length && source[i + 1] !== ']') {
      const end = classItem(source, i + 1);
      if (typeof end.what === 'number') {
        if (end.what < last) throw new PatternError('a range whose end precedes its start', i);
        last = end.what;
        i = end.next;
      }
    }
    set = union(set, setOf([item.what, last]));
  }
  if (caseless) set = withBothCases(set);
  return { set: negated ? inverted(set) : set, next: i + 1 };
}

/** A byte or a set within a class. */
function classItem(source: string, at: number): { what: number | ByteSet; next: number } {
  const posix = /\[:(\^?)(\w+):\]/y;
  posix.lastIndex = at;
  const named = posix.exec(source);
  if (named) {
    const set = POSIX[named[2]];
    if (!set) throw new PatternError(`no class [:${named[2]}:]`, at);
    return { what: named[1] ? inverted(set) : set, next: at + named[0].length };
  }
  if (source[at] !== '\\') return { what: source.charCodeAt(at), next: at + 1 };
  const letter = source[at + 1];
  if (letter && letter !== 'N' && letter !== 'C' && letter in CLASS_ESCAPES)
    return { what: CLASS_ESCAPES[letter], next: at + 2 };
  const byte = escapedByte(source, at + 1, true);
  if (byte) return { what: byte.byte, next: byte.next };
  throw new PatternError(`\\${letter} in a class`, at);
}
