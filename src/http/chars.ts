/** Character classes of RFC 9110 section 5.6, as tables indexed by character code. */

const TCHAR = 1;
const FIELD_VCHAR = 2;
const TARGET = 4;
const OPAQUE = 8;

/** Texts from this length on are tested faster by a regular expression than by the table. */
const SHORT = 32;
const NO_FIELD_VCHAR = /[^\t\x20-\x7e\x80-\xff]/;

const CLASSES = buildClasses();

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (const char of "!#$%&'*+-.^_`|~0123456789") classes[char.charCodeAt(0)] |= TCHAR;
  for (let code = 0x41; code <= 0x5a; code++) classes[code] |= TCHAR;
  for (let code = 0x61; code <= 0x7a; code++) classes[code] |= TCHAR;
  for (let code = 0x20; code <= 0xff; code++) if (code !== 0x7f) classes[code] |= FIELD_VCHAR;
  classes[0x09] |= FIELD_VCHAR;
  for (let code = 0x21; code <= 0xff; code++) if (code !== 0x7f && code !== 0x23) classes[code] |= TARGET;
  for (let code = 0x21; code <= 0xff; code++) if (code !== 0x7f && code !== 0x22) classes[code] |= OPAQUE;
  return classes;
}

function allOf(text: string, mask: number, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (CLASSES[code] & mask) === 0) return false;
  }
  return true;
}

/** Whether `text` is a token: one or more tchar (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return text.length > 0 && allOf(text, TCHAR, 0, text.length);
}

/** Whether `text` holds only what a field value may: no control byte but HTAB, nothing above 0xff. May be empty. */
export function isFieldValue(text: string): boolean {
  return text.length < SHORT ? allOf(text, FIELD_VCHAR, 0, text.length) : !NO_FIELD_VCHAR.test(text);
}

/** Whether `text` may stand in a request target: no control byte, space or `#`, nothing above 0xff. */
export function isTargetText(text: string): boolean {
  return text.length > 0 && allOf(text, TARGET, 0, text.length);
}

/** Whether `text[from, to)` holds only etagc, the characters within an entity tag's quotes (RFC 9110 section 8.8.3). */
export function isOpaqueTag(text: string, from: number, to: number): boolean {
  return allOf(text, OPAQUE, from, to);
}

/** Whether the code is optional whitespace: SP or HTAB (RFC 9110 section 5.6.3). */
export function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Whether `text` is one or more ASCII digits. */
export function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text.length > 0;
}

/** `text` without leading and trailing SP and HTAB (String.trim would also take other whitespace and 0xa0). */
export function trimOws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isOws(text.charCodeAt(from))) from++;
  while (to > from && isOws(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** The index after the quoted string that opens at `from` (which holds `"`), or -1 when it is never closed. */
export function quotedStringEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i + 1;
  }
  return -1;
}

/** The content of a quoted string `text[from, end)` (quotes included in the range), escapes resolved. */
export function unquote(text: string, from: number, end: number): string {
  const inner = text.slice(from + 1, end - 1);
  return inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner;
}
