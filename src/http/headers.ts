import { quotedStringEnd, trimOws } from './chars.ts';

/**
 * A header section as a flat array: [name, value, name, value, ...]. Names are lowercase, values latin1 as received,
 * order and repetition kept.
 */
export type HeaderList = string[];

/** The first value of field `name` (lowercase), or undefined. */
export function getHeader(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** Every value of field `name` (lowercase), one a line. */
export function getAllHeaders(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1]);
  return values;
}

/** All lines of field `name` joined by a comma and a space (RFC 9110 section 5.3), or undefined where there is none. */
export function combineHeader(headers: HeaderList, name: string): string | undefined {
  let combined: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) combined = combined === undefined ? headers[i + 1] : `${combined}, ${headers[i + 1]}`;
  }
  return combined;
}

/** Whether there is a field `name` (lowercase). */
export function hasHeader(headers: HeaderList, name: string): boolean {
  return getHeader(headers, name) !== undefined;
}

/** A copy with every line of `name` gone and, unless `value` is undefined, one line of it at the end. */
export function withHeader(headers: HeaderList, name: string, value: string | undefined): HeaderList {
  const copy: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] !== name) copy.push(headers[i], headers[i + 1]);
  if (value !== undefined) copy.push(name, value);
  return copy;
}

/** The lines of the fields that `names` (lowercase) lists. */
export function onlyFields(headers: HeaderList, names: readonly string[]): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) if (names.includes(headers[i])) kept.push(headers[i], headers[i + 1]);
  return kept;
}

/** A list from pairs as people write them: names are lowercased, values trimmed of SP and HTAB. */
export function headerList(pairs: Iterable<readonly [string, string]>): HeaderList {
  const headers: HeaderList = [];
  for (const [name, value] of pairs) headers.push(name.toLowerCase(), trimOws(value));
  return headers;
}

/**
 * The members of a comma-separated field value, trimmed, empty ones left out (RFC 9110 section 5.6.1). Commas within
 * quoted strings do not separate; a quote that is never closed is a character like any other.
 */
export function splitList(value: string): string[] {
  const members: string[] = [];
  let start = 0;
  let quotes = true;
  for (let i = 0; i <= value.length; i++) {
    const code = i < value.length ? value.charCodeAt(i) : 0x2c;
    if (code === 0x22 && quotes) {
      const end = quotedStringEnd(value, i);
      if (end < 0) quotes = false;
      else i = end - 1;
    } else if (code === 0x2c) {
      const member = trimOws(value.slice(start, i));
      if (member !== '') members.push(member);
      start = i + 1;
    }
  }
  return members;
}

/** Whether `list` (a comma-separated value) has the member `token`, compared without case. */
export function listHasToken(list: string | undefined, token: string): boolean {
  if (list === undefined || list.length < token.length) return false;
  let start = 0;
  while (start <= list.length) {
    let end = list.indexOf(',', start);
    if (end < 0) end = list.length;
    if (trimOws(list.slice(start, end)).toLowerCase() === token) return true;
    start = end + 1;
  }
  return false;
}

/** The bytes of all lines written as `name: value CRLF`: what limits on header blocks count. */
export function headerBlockBytes(headers: HeaderList): number {
  let bytes = 0;
  for (let i = 0; i < headers.length; i += 2) bytes += headers[i].length + headers[i + 1].length + 4;
  return bytes;
}

/** The list without whitespace around its commas and without empty members: `a ,  b,` -> `a,b`. */
export function compactList(value: string): string {
  return splitList(value).join(',');
}
