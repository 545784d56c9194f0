import { createHash } from 'node:crypto';
import { hexPair, writable, written } from './bytes.ts';

/** Pairs of hexadecimal digits to bytes; a last odd one is dropped. What is no digit counts as C's arithmetic makes it. */
export function hexDecode(value: string): string {
  const length = value.length >> 1;
  const out = writable(length);
  for (let i = 0; i < length; i++)
    out[i] = looseDigit(value.charCodeAt(2 * i)) * 16 + looseDigit(value.charCodeAt(2 * i + 1));
  return written(out, length, value);
}

/** The arithmetic of a digit without a check that it is one, modulo 256. */
function looseDigit(code: number): number {
  return code >= 65 ? ((code & 0xdf) - 65 + 10) & 255 : (code - 48) & 255;
}

export function hexEncode(value: string): string {
  return Buffer.from(value, 'latin1').toString('hex');
}

/** MySQL's `0xHHHH` within text to the bytes. */
export function sqlHexDecode(value: string): string {
  if (!/0x/i.test(value) && !value.includes('\0')) return value;
  const out = writable(value.length);
  let length = 0;
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code === 48 && (value.charCodeAt(i + 1) | 32) === 120 && hexPair(value, i + 2) >= 0) {
      i += 2;
      for (let byte = hexPair(value, i); byte >= 0; byte = hexPair(value, i)) {
        out[length++] = byte;
        i += 2;
      }
    } else {
      out[length++] = code;
      i++;
    }
  }
  return written(out, length, value);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGIT = Int8Array.from({ length: 256 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)));
const PAD = 61;

/** Base64 as a whole: what is none, a NUL ending it, gives the empty string; an unfinished group of four is dropped. */
export function base64Decode(value: string): string {
  const end = value.indexOf('\0');
  const text = end < 0 ? value : value.slice(0, end);
  if (!isBase64(text)) return '';
  const out = writable(text.length);
  let length = 0;
  let group = 0;
  let digits = 0;
  let whole = 3;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 13 || code === 10 || code === 32) continue;
    if (code === PAD) whole--;
    group = (group << 6) | (DIGIT[code] & 63);
    if (++digits < 4) continue;
    if (whole > 0) out[length++] = (group >> 16) & 255;
    if (whole > 1) out[length++] = (group >> 8) & 255;
    if (whole > 2) out[length++] = group & 255;
    digits = 0;
  }
  return written(out, length, value);
}

/** Digits, line ends (spaces only before them or at the end), at most two pads and no digit after a pad. */
function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]|\x20*(?:\r?\n|$))*(?:=(?:\x20*(?:\r?\n|$))*){0,2}\x20*$/.test(text);
}

/** Base64, also the URL alphabet, that skips whatever is no digit. */
export function base64DecodeExt(value: string): string {
  const out = writable(value.length);
  let length = 0;
  let group = 0;
  let digits = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === PAD) {
      if (digits % 4 === 1 && value.charCodeAt(i + 1) !== PAD) return '';
      continue;
    }
    const digit = code === 45 ? 62 : code === 95 ? 63 : DIGIT[code];
    if (digit < 0) continue;
    group = ((group << 6) | digit) & 0xffffff;
    const place = digits++ % 4;
    if (place > 0) out[length++] = (group >> (6 - 2 * place)) & 255;
  }
  return written(out, length, value);
}

export function base64Encode(value: string): string {
  return Buffer.from(value, 'latin1').toString('base64');
}

/** The digest's bytes. */
export function md5(value: string): string {
  return createHash('md5').update(value, 'latin1').digest('binary');
}

/** The digest's bytes. */
export function sha1(value: string): string {
  return createHash('sha1').update(value, 'latin1').digest('binary');
}
