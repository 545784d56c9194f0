/** Sets of bytes: 256 bits in eight words. */
export type ByteSet = Uint32Array;

export function emptySet(): ByteSet {
  return new Uint32Array(8);
}

export function has(set: ByteSet, byte: number): boolean {
  return (set[byte >> 5] & (1 << (byte & 31))) !== 0;
}

/** Adds the bytes from `first` to `last`. */
export function addRange(set: ByteSet, first: number, last = first): void {
  for (let byte = first; byte <= last; byte++) set[byte >> 5] |= 1 << (byte & 31);
}

export function setOf(...ranges: readonly (readonly [first: number, last: number])[]): ByteSet {
  const set = emptySet();
  for (const [first, last] of ranges) addRange(set, first, last);
  return set;
}

export function inverted(set: ByteSet): ByteSet {
  return set.map((word) => ~word);
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  return a.map((word, i) => word | b[i]);
}

export function intersects(a: ByteSet, b: ByteSet): boolean {
  for (let i = 0; i < 8; i++) if ((a[i] & b[i]) !== 0) return true;
  return false;
}

export function equals(a: ByteSet, b: ByteSet): boolean {
  return a.every((word, i) => word === b[i]);
}

export function members(set: ByteSet): number[] {
  const out: number[] = [];
  for (let byte = 0; byte < 256; byte++) if (has(set, byte)) out.push(byte);
  return out;
}

/** With each ASCII letter its other case. */
export function withBothCases(set: ByteSet): ByteSet {
  const out = set.slice();
  for (let byte = 65; byte <= 90; byte++) {
    if (has(set, byte)) addRange(out, byte + 32);
    if (has(set, byte + 32)) addRange(out, byte);
  }
  return out;
}

export const ANY_BYTE = setOf([0, 255]);
export const DIGITS = setOf([48, 57]);
export const WORD = setOf([48, 57], [65, 90], [95, 95], [97, 122]);
export const SPACE = setOf([9, 13], [32, 32]);
export const HORIZONTAL_SPACE = setOf([9, 9], [32, 32], [160, 160]);
export const VERTICAL_SPACE = setOf([10, 13], [133, 133]);
export const NOT_NEWLINE = inverted(setOf([10, 10]));

/** `[:name:]` of POSIX in the C locale. */
export const POSIX: Readonly<Record<string, ByteSet>> = {
  alnum: setOf([48, 57], [65, 90], [97, 122]),
  alpha: setOf([65, 90], [97, 122]),
  ascii: setOf([0, 127]),
  blank: setOf([9, 9], [32, 32]),
  cntrl: setOf([0, 31], [127, 127]),
  digit: DIGITS,
  graph: setOf([33, 126]),
  lower: setOf([97, 122]),
  print: setOf([32, 126]),
  punct: setOf([33, 47], [58, 64], [91, 96], [123, 126]),
  space: SPACE,
  upper: setOf([65, 90]),
  word: WORD,
  xdigit: setOf([48, 57], [65, 70], [97, 102]),
};
