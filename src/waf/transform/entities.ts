import { hexValue, isAlphanumeric, isDigit, writable, written } from './bytes.ts';

/** The only named entities that are decoded. */
const NAMED: Readonly<Record<string, number>> = { quot: 34, amp: 38, lt: 60, gt: 62, nbsp: 160 };

const AMPERSAND = 38;
const SEMICOLON = 59;

/** Numeric entities (their low byte) and a few named ones, with or without the semicolon. */
export function htmlEntityDecode(value: string): string {
  let first = value.indexOf('&');
  while (first !== -1 && !entity(value, first + 1)) first = value.indexOf('&', first + 1);
  if (first === -1) return value;
  const out = writable(value.length);
  let length = 0;
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code === AMPERSAND && entity(value, i + 1)) {
      out[length++] = found.byte;
      i = value.charCodeAt(found.end) === SEMICOLON ? found.end + 1 : found.end;
    } else {
      out[length++] = code;
      i++;
    }
  }
  return written(out, length, value);
}

/** What `entity` found: the byte, and where its name or number ends. */
const found = { byte: 0, end: 0 };

/** Whether an entity stands after the ampersand at `at - 1`. */
function entity(value: string, at: number): boolean {
  if (value.charCodeAt(at) !== 35) return named(value, at);
  const isHex = (value.charCodeAt(at + 1) | 32) === 120;
  const start = at + (isHex ? 2 : 1);
  let end = start;
  while (isHex ? hexValue(value.charCodeAt(end)) >= 0 : isDigit(value.charCodeAt(end))) end++;
  if (end === start) return false;
  found.byte = lowByte(value.slice(start, end), isHex ? 16 : 10);
  found.end = end;
  return true;
}

function named(value: string, at: number): boolean {
  let end = at;
  while (isAlphanumeric(value.charCodeAt(end))) end++;
  if (end === at || end - at > 4) return false;
  const byte = NAMED[value.slice(at, end).toLowerCase()];
  if (byte === undefined) return false;
  found.byte = byte;
  found.end = end;
  return true;
}

/** The low byte of a number as C's `strtol` reads it into 64 bits: too large a number is the largest one. */
function lowByte(digits: string, base: 10 | 16): number {
  if (digits.length <= 12) return Number.parseInt(digits, base) % 256;
  const significant = digits.replace(/^0+/, '');
  if (significant.length > 19) return 255;
  const number = BigInt(base === 16 ? `0x${significant || 0}` : significant);
  return number > 0x7fffffffffffffffn ? 255 : Number(number & 255n);
}
