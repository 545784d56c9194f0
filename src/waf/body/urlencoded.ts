/** Arguments as a query or a form has them (application/x-www-form-urlencoded), read as ModSecurity reads them. */

import { plusAsSpace } from '../transform/bytes.ts';

export interface Arguments {
  /** Names and values in turn. */
  readonly list: string[];
  /** A `%` that no two hex digits follow; it stays as it is. */
  readonly invalid: boolean;
  /** Whether there were more than `limit`; these are left out. */
  readonly cut: boolean;
}

/**
 * The arguments of `text`. Between two separators stands one argument, even an empty one; a last separator is followed
 * by none.
 *
 * @param separator one byte
 */
export function parseArguments(text: string, separator: string, limit: number): Arguments {
  const list: string[] = [];
  let invalid = false;
  for (let from = 0; from < text.length; ) {
    if (list.length >= limit * 2) return { list, invalid, cut: true };
    let to = text.indexOf(separator, from);
    if (to === -1) to = text.length;
    const equals = text.indexOf('=', from);
    const nameEnd = equals === -1 || equals > to ? to : equals;
    const name = text.slice(from, nameEnd);
    const value = nameEnd < to ? text.slice(nameEnd + 1, to) : '';
    invalid ||= isInvalid(name) || isInvalid(value);
    list.push(decodeForm(name), decodeForm(value));
    from = to + 1;
  }
  return { list, invalid, cut: false };
}

const INVALID = /%(?![0-9a-fA-F]{2})/;

function isInvalid(text: string): boolean {
  return text.includes('%') && INVALID.test(text);
}

/** `+` and `%XX` decoded; a `%` without two hex digits stays. The same string where there is neither. */
export function decodeForm(text: string): string {
  return decodePercent(plusAsSpace(text));
}

/** `%XX` decoded; a `%` without two hex digits stays. The same string where there is none. */
export function decodePercent(text: string): string {
  let percent = text.indexOf('%');
  if (percent === -1) return text;
  let decoded = '';
  let from = 0;
  while (percent !== -1) {
    const code = hexPair(text, percent + 1);
    if (code !== -1) {
      decoded += text.slice(from, percent) + String.fromCharCode(code);
      from = percent + 3;
    }
    percent = text.indexOf('%', code === -1 ? percent + 1 : from);
  }
  return decoded + text.slice(from);
}

/** The byte that two hex digits at `at` stand for, -1 where there are none. */
function hexPair(text: string, at: number): number {
  if (at + 1 >= text.length) return -1;
  const high = hexDigit(text.charCodeAt(at));
  const low = hexDigit(text.charCodeAt(at + 1));
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
