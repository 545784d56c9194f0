import { writable, written } from './bytes.ts';

const NOT_PLAIN = /[\0\x80-\xff]/;
const HEX = '0123456789abcdef';

/**
 * UTF-8 sequences become `%uhhhh`, for urlDecodeUni after it. Sequences that are cut or have a wrong byte lose their
 * first byte; overlong ones and surrogates are followed by it; NUL is dropped.
 */
export function utf8toUnicode(value: string): string {
  if (!NOT_PLAIN.test(value)) return value;
  const out = writable(value.length * 4 + 8);
  let length = 0;
  let i = 0;
  while (i < value.length) {
    const first = value.charCodeAt(i);
    const size = sequenceSize(first);
    if (size === 1) {
      if (first !== 0) out[length++] = first;
      i++;
      continue;
    }
    if (first >= 0xf5) out[length++] = first;
    const point = codePoint(value, i, first, size);
    if (point < 0) {
      i++;
      continue;
    }
    length = writeEscape(out, length, point);
    if ((point >= 0xd800 && point <= 0xdfff) || point < LEAST[size]) out[length++] = first;
    i += size;
  }
  return written(out, length, value);
}

/** The least code point that needs a sequence of that many bytes. */
const LEAST = [0, 0, 0x80, 0x800, 0x10000];

/** By the first byte; what cannot begin a sequence counts as one. */
function sequenceSize(first: number): number {
  if ((first & 0xe0) === 0xc0) return 2;
  if ((first & 0xf0) === 0xe0) return 3;
  return (first & 0xf8) === 0xf0 ? 4 : 1;
}

/** -1 where a byte after the first is missing or no continuation. */
function codePoint(value: string, at: number, first: number, size: number): number {
  let point = first & (0x7f >> size);
  for (let i = at + 1; i < at + size; i++) {
    const code = value.charCodeAt(i);
    if ((code & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (code & 0x3f);
  }
  return point;
}

/** Writes `%u` and at least four digits; returns the new length. */
function writeEscape(out: Buffer, at: number, point: number): number {
  let length = at;
  out[length++] = 37;
  out[length++] = 117;
  let shift = point > 0xfffff ? 20 : point > 0xffff ? 16 : 12;
  for (; shift >= 0; shift -= 4) out[length++] = HEX.charCodeAt((point >> shift) & 15);
  return length;
}
