import { foldFullWidth, hexPair, hexValue, isOctal, isSpace, writable, written } from './bytes.ts';

const BACKSLASH = 92;

/** What stands after the backslash -> the byte, as in C and JavaScript. */
const CONTROL = new Map(Array.from('abfnrtv').map((letter, i) => [letter.charCodeAt(0), [7, 8, 12, 10, 13, 9, 11][i]]));

/** `\uHHHH` (low byte; full-width forms as ASCII), `\xHH`, octal, the control letters; of any other `\c` the c. */
export function jsDecode(value: string): string {
  if (!value.includes('\\')) return value;
  const out = writable(value.length);
  let length = 0;
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code !== BACKSLASH || i + 1 === value.length) {
      out[length++] = code;
      i++;
      continue;
    }
    const next = value.charCodeAt(i + 1);
    const high = next === 117 ? hexPair(value, i + 2) : -1;
    const byte = next === 120 ? hexPair(value, i + 2) : high >= 0 ? hexPair(value, i + 4) : -1;
    if (byte >= 0) {
      out[length++] = high === 0xff ? foldFullWidth(byte) : byte;
      i += next === 120 ? 4 : 6;
    } else if (isOctal(next)) {
      const digits = octalDigits(value, i + 1);
      const used = digits === 3 && next > 51 ? 2 : digits;
      out[length++] = Number.parseInt(value.slice(i + 1, i + 1 + used), 8);
      i += 1 + used;
    } else {
      out[length++] = CONTROL.get(next) ?? next;
      i += 2;
    }
  }
  return written(out, length, value);
}

/** How many octal digits stand at `at`: 1 to 3. */
function octalDigits(value: string, at: number): number {
  let digits = 1;
  while (digits < 3 && isOctal(value.charCodeAt(at + digits))) digits++;
  return digits;
}

/** ANSI C: control letters, `\xHH`, octal (its low byte); of any other `\c` the c. */
export function escapeSeqDecode(value: string): string {
  if (!value.includes('\\')) return value;
  const out = writable(value.length);
  let length = 0;
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code !== BACKSLASH || i + 1 === value.length) {
      out[length++] = code;
      i++;
      continue;
    }
    const next = value.charCodeAt(i + 1);
    const hex = (next | 32) === 120 ? hexPair(value, i + 2) : -1;
    if (hex >= 0) {
      out[length++] = hex;
      i += 4;
    } else if (isOctal(next)) {
      const digits = octalDigits(value, i + 1);
      out[length++] = Number.parseInt(value.slice(i + 1, i + 1 + digits), 8) & 255;
      i += 1 + digits;
    } else {
      out[length++] = CONTROL.get(next) ?? next;
      i += 2;
    }
  }
  return written(out, length, value);
}

/** CSS 2 escapes: 1 to 6 hexadecimal digits (the last two count) with one space after them; `\` and a line feed vanish. */
export function cssDecode(value: string): string {
  if (!value.includes('\\')) return value;
  const out = writable(value.length);
  let length = 0;
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i++);
    if (code !== BACKSLASH) {
      out[length++] = code;
      continue;
    }
    if (i === value.length) break;
    let digits = 0;
    while (digits < 6 && hexValue(value.charCodeAt(i + digits)) >= 0) digits++;
    if (digits > 0) {
      out[length++] = cssEscape(value, i, digits);
      i += digits;
      if (isSpace(value.charCodeAt(i))) i++;
    } else {
      const next = value.charCodeAt(i++);
      if (next !== 10) out[length++] = next;
    }
  }
  return written(out, length, value);
}

/** The byte of an escape: full-width forms only where what precedes the last four digits is zero. */
function cssEscape(value: string, at: number, digits: number): number {
  if (digits === 1) return hexValue(value.charCodeAt(at));
  const byte = hexPair(value, at + digits - 2);
  if (digits < 4 || hexPair(value, at + digits - 4) !== 0xff) return byte;
  for (let i = at; i < at + digits - 4; i++) if (value.charCodeAt(i) !== 48) return byte;
  return foldFullWidth(byte);
}
