/** The header of a part of a multipart body, as ModSecurity reads it. */

export interface PartHeader {
  /** Of Content-Disposition; undefined: none. */
  readonly name: string | undefined;
  readonly filename: string | undefined;
  /** Whole header lines; their ends stay with them. */
  readonly lines: string[];
  /** Variables `multipart_*` that are 1. */
  readonly flags: string[];
  /** Empty where all is well. */
  readonly error: string;
}

const MAX_HEADER_LINES = 64;

/** @param raw the lines of the header, each with its end */
export function readPartHeader(raw: readonly string[]): PartHeader {
  const flags: string[] = [];
  const lines: string[] = [];
  let error = '';
  for (const line of raw) {
    if (/^[ \t]/.test(line)) {
      flags.push('multipart_header_folding');
      if (lines.length === 0) error ||= 'Multipart: Invalid part header (folding error).';
      else lines[lines.length - 1] = `${lines[lines.length - 1].replace(/\r?\n$/, '')} ${line.trim()}`;
      continue;
    }
    if (/^[\v\f\xa0]/.test(line)) flags.push('multipart_invalid_header_folding');
    if (line.indexOf(':') < 1) error ||= `Multipart: Invalid part header (colon missing): ${line}`;
    lines.push(line);
  }
  if (raw.length > MAX_HEADER_LINES) error ||= 'Multipart: Too many headers in part.';
  const disposition = lines.find((line) => /^content-disposition\s*:/i.test(line));
  const read = readDisposition(disposition?.slice(disposition.indexOf(':') + 1).trim() ?? '', flags);
  return { ...read, lines, flags, error };
}

const PARAMETER = /\s*;\s*([^\s=;]+)\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;
const BARE = /[^;\s]*/y;

interface Disposition {
  readonly name: string | undefined;
  readonly filename: string | undefined;
}

/** `form-data; name="a"; filename="b"`. Whatever has another form flags the part as invalid; what was read stays. */
function readDisposition(text: string, flags: string[]): Disposition {
  let name: string | undefined;
  let filename: string | undefined;
  const invalid = (): Disposition => {
    flags.push('multipart_invalid_part');
    return { name, filename };
  };
  if (!/^form-data(?=[\s;]|$)/i.test(text)) return invalid();
  let at = 'form-data'.length;
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const found = PARAMETER.exec(text);
    if (found === null) return /^[\s;]*$/.test(text.slice(at)) ? { name, filename } : invalid();
    const value = readValue(text, PARAMETER.lastIndex, flags);
    if (value === undefined) return invalid();
    at = value.end;
    const parameter = found[1].toLowerCase();
    if (parameter === 'name' && name === undefined) name = value.text;
    else if (parameter === 'filename' && filename === undefined) filename = value.text;
    else return invalid();
  }
  return name === undefined ? invalid() : { name, filename };
}

function readValue(text: string, at: number, flags: string[]): { text: string; end: number } | undefined {
  if (text[at] === "'") flags.push('multipart_invalid_quoting');
  if (text[at] === "'") {
    const close = text.indexOf("'", at + 1);
    return close === -1 ? undefined : { text: text.slice(at + 1, close), end: close + 1 };
  }
  const pattern = text[at] === '"' ? QUOTED : BARE;
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const value = pattern === QUOTED ? found[1].replace(/\\(["\\])/g, '$1') : found[0];
  return { text: value, end: pattern.lastIndex };
}
