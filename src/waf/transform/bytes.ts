/** What the transformations share: bytes written into one buffer, and classes of characters as C's "C" locale has them. */

let scratch = Buffer.alloc(4096);
/** A larger buffer is not kept for the whole life of the thread. */
const KEPT = 1 << 20;

/**
 * A buffer of at least `length` bytes, valid until the next call. Transformations run to their end without calling each
 * other, so that one buffer is enough.
 */
export function writable(length: number): Buffer {
  if (length <= scratch.length) return scratch;
  const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length)));
  if (larger.length <= KEPT) scratch = larger;
  return larger;
}

/** The first `length` bytes as a binary string; `original` itself where they say the same. */
export function written(bytes: Buffer, length: number, original: string): string {
  const text = bytes.toString('latin1', 0, length);
  return text === original ? original : text;
}

/** Shorter values are not worth a buffer. */
const WORTH = 64;

/** Each `+` as a space. */
export function plusAsSpace(value: string): string {
  if (!value.includes('+')) return value;
  if (value.length < WORTH) return value.replaceAll('+', ' ');
  const out = writable(value.length);
  const length = out.write(value, 'latin1');
  for (let i = 0; i < length; i++) if (out[i] === 43) out[i] = 32;
  return out.toString('latin1', 0, length);
}

/** -1 where the byte is no hexadecimal digit; also for NaN, which charCodeAt gives past the end. */
const HEX_VALUE = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = String.fromCharCode(code);
  return /[0-9a-fA-F]/.test(digit) ? Number.parseInt(digit, 16) : -1;
});

/** The value of a hexadecimal digit, -1 where the code is none. */
export function hexValue(code: number): number {
  return HEX_VALUE[code] ?? -1;
}

/** The byte that the two hexadecimal digits at `at` write, -1 where they are none or the text ends. */
export function hexPair(text: string, at: number): number {
  const high = hexValue(text.charCodeAt(at));
  const low = hexValue(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** `isspace`: tab, line feed, vertical tab, form feed, carriage return, space. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isOctal(code: number): boolean {
  return code >= 48 && code <= 55;
}

export function isAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** Full-width forms (U+FF01 to U+FF5E) stand for ASCII: `low` is the code's low byte, what precedes it being FF. */
export function foldFullWidth(low: number): number {
  return low > 0 && low < 0x5f ? low + 0x20 : low;
}
