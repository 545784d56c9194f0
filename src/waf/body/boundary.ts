/** The boundary in the Content-Type of a multipart body, with ModSecurity's judgement of its form. */

export interface Boundary {
  /** Empty together with `error`. */
  readonly text: string;
  readonly error: string;
  /** Variables `multipart_*` that are 1. */
  readonly flags: readonly string[];
}

const BOUNDARY_CHARACTERS = /^[\w'()+,./:=? -]*$/;
const MAX_CONTENT_TYPE = 1024;
const MEDIA_TYPE = 'multipart/form-data';

/** @param contentType the field's value, which begins with `multipart/form-data` in any case */
export function findBoundary(contentType: string): Boundary {
  const flags: string[] = [];
  const failed = (why: string): Boundary => ({ text: '', error: `Multipart: ${why}`, flags });
  if (contentType.length > MAX_CONTENT_TYPE) return failed('Invalid boundary in C-T (length).');
  if ((contentType.match(/boundary[ \t]*=/gi) ?? []).length > 1) return failed('Multiple boundary parameters in C-T.');
  const at = contentType.toLowerCase().indexOf('boundary');
  if (at === -1) return failed('Boundary not found in C-T.');
  const before = contentType.slice(MEDIA_TYPE.length, at);
  if (!/^\s*;?\s*$/.test(before)) return failed('Invalid boundary in C-T (malformed).');
  if (!before.includes(';')) flags.push('multipart_missing_semicolon');
  const equals = contentType.indexOf('=', at);
  if (equals === -1 || !/^\s*$/.test(contentType.slice(at + 8, equals))) {
    return failed('Invalid boundary in C-T (parameter name).');
  }
  if (contentType.slice(at, at + 8) !== 'boundary') return failed('Invalid boundary in C-T (case sensitivity).');
  const value = contentType.slice(equals + 1);
  if (equals > at + 8 || /^\s/.test(value)) flags.push('multipart_boundary_whitespace');
  return readBoundary(value, flags, failed);
}

function readBoundary(value: string, flags: string[], failed: (why: string) => Boundary): Boundary {
  let text = value;
  if (value.startsWith('"')) {
    const close = value.indexOf('"', 1);
    if (close === -1) return failed('Invalid boundary in C-T (quote).');
    flags.push('multipart_boundary_quoted');
    text = value.slice(1, close);
    if (!/^\s*(?:;|$)/.test(value.slice(close + 1))) return failed('Invalid boundary in C-T (quote).');
  } else {
    const end = value.search(/;|$/);
    text = value.slice(0, end);
    if (text.includes('"')) return failed('Invalid boundary in C-T (quote).');
    if (/\s$/.test(text)) flags.push('multipart_boundary_whitespace');
    text = text.trim();
  }
  if (text === '') return failed('Invalid boundary in C-T (empty).');
  if (!BOUNDARY_CHARACTERS.test(text)) return failed('Invalid boundary in C-T (characters).');
  return { text, error: '', flags };
}
