/**
 * multipart/form-data (RFC 7578) as ModSecurity v3 reads it: lenient enough to find what an origin may find, with a flag
 * for every liberty that the body takes.
 */
import { findBoundary } from './boundary.ts';
import {
  type BodyBounds,
  type ParsedBody,
  parsedBody,
  TOO_LARGE,
  TOO_MANY_ARGUMENTS,
  type UploadedFile,
} from './parsed-body.ts';
import { readPartHeader } from './part-headers.ts';

/** Each of these makes MULTIPART_STRICT_ERROR 1. */
const STRICT = [
  'multipart_boundary_quoted',
  'multipart_boundary_whitespace',
  'multipart_data_before',
  'multipart_data_after',
  'multipart_header_folding',
  'multipart_lf_line',
  'multipart_missing_semicolon',
  'multipart_invalid_quoting',
  'multipart_invalid_part',
  'multipart_invalid_header_folding',
  'multipart_file_limit_exceeded',
];

/** How much of a file stands in the excerpt of a body, in bytes. */
const FILE_BEGINNING = 65_536;

/** @param contentType the value of the field, which begins with `multipart/form-data` in any case */
export function parseMultipart(body: string, contentType: string, bounds: BodyBounds): ParsedBody {
  const boundary = findBoundary(contentType);
  const reader = new MultipartReader(boundary.text, bounds);
  for (const flag of boundary.flags) reader.flag(flag);
  if (boundary.error !== '') reader.fail(boundary.error, true);
  else if (body.length > 0) reader.read(body);
  return reader.result();
}

class MultipartReader {
  readonly #boundary: string;
  readonly #bounds: BodyBounds;
  readonly #flags = new Map<string, string>();
  readonly #arguments: string[] = [];
  readonly #files: UploadedFile[] = [];
  readonly #partHeaders: string[] = [];
  #error = '';
  /** The body up to `#excerptTo`, without the later parts of large files. */
  #excerpt: string | undefined = undefined;
  #excerptTo = 0;
  /** An error of the kind that is a strict error too. */
  #strict = false;
  #noFiles = 0;
  #lfLines = false;
  #crlfLines = false;
  #unmatched = false;

  constructor(boundary: string, bounds: BodyBounds) {
    this.#boundary = `--${boundary}`;
    this.#bounds = bounds;
  }

  flag(name: string): void {
    this.#flags.set(name, '1');
  }

  fail(message: string, strict: boolean): void {
    if (this.#error === '')
      this.#error = message.startsWith('Multipart:') ? `Multipart parsing error: ${message}` : message;
    this.#strict ||= strict;
  }

  /** Line by line: what stands before the first boundary, then header and data of each part, then what follows the last. */
  read(body: string): void {
    let state: 'before' | 'header' | 'data' | 'after' = 'before';
    let header: string[] = [];
    let dataFrom = 0;
    for (let from = 0; from < body.length; ) {
      const feed = body.indexOf('\n', from);
      const to = feed === -1 ? body.length : feed + 1;
      const kind = body.startsWith('--', from) ? this.#boundaryKind(body.slice(from, to)) : 'none';
      if (state === 'after') {
        this.flag('multipart_data_after');
        break;
      }
      if (kind !== 'none') {
        if (state === 'header') this.flag('multipart_invalid_part');
        if (state === 'data') this.#endPart(header, body, dataFrom, from);
        header = [];
        state = kind === 'final' ? 'after' : 'header';
      } else if (state === 'before') {
        this.flag('multipart_data_before');
      } else if (state === 'header') {
        const line = body.slice(from, to);
        this.#lineEnd(line);
        if (line === '\n' || line === '\r\n') {
          state = 'data';
          dataFrom = to;
        } else header.push(line);
      }
      from = to;
    }
    if (state === 'data') this.#endPart(header, body, dataFrom, body.length);
    if (this.#excerpt !== undefined) this.#excerpt += body.slice(this.#excerptTo);
    if (state === 'before') this.fail('Multipart: No boundaries found in payload.', false);
    else if (state !== 'after') this.fail('Multipart: Final boundary missing.', false);
    if (this.#unmatched) this.#flags.set('multipart_unmatched_boundary', state === 'after' ? '2' : '1');
  }

  /** What a line that begins with `--` is. */
  #boundaryKind(line: string): 'next' | 'final' | 'none' {
    if (!line.startsWith(this.#boundary)) {
      this.#unmatched = true;
      const inner = line.slice(2).replace(/^["\s]+/, '');
      if (inner.length < line.length - 2 && inner.startsWith(this.#boundary.slice(2))) {
        this.fail('Multipart: Invalid boundary (quotes or whitespace).', true);
      }
      return 'none';
    }
    const rest = line.slice(this.#boundary.length);
    if (/^\r?\n?$/.test(rest)) {
      this.#lineEnd(line);
      return 'next';
    }
    if (/^--\r?\n?$/.test(rest)) {
      this.#lineEnd(line);
      return 'final';
    }
    this.#unmatched = true;
    this.fail(`Multipart: Invalid boundary: ${line.trim()}`, true);
    return 'none';
  }

  #lineEnd(line: string): void {
    if (line.endsWith('\r\n')) this.#crlfLines = true;
    else if (line.endsWith('\n')) this.#lfLines = true;
  }

  #endPart(rawHeader: readonly string[], body: string, from: number, to: number): void {
    const header = readPartHeader(rawHeader);
    for (const flag of header.flags) this.flag(flag);
    if (header.error !== '') this.fail(header.error, false);
    const name = header.name ?? '';
    for (const line of header.lines) this.#partHeaders.push(name, line);
    const end = body.endsWith('\r\n', to) ? to - 2 : body.endsWith('\n', to) ? to - 1 : to;
    const content = body.slice(from, Math.max(from, end));
    if (header.filename === undefined || header.filename === '') {
      this.#addArgument(name, content);
      return;
    }
    this.#addFile(name, header.filename, content);
    if (to - from <= FILE_BEGINNING) return;
    this.#excerpt = (this.#excerpt ?? '') + body.slice(this.#excerptTo, from + FILE_BEGINNING);
    this.#excerptTo = to;
  }

  #addFile(field: string, filename: string, content: string): void {
    if (this.#files.length >= this.#bounds.files) this.flag('multipart_file_limit_exceeded');
    else this.#files.push({ field, filename, content });
  }

  #addArgument(name: string, value: string): void {
    this.#noFiles += value.length;
    if (this.#noFiles > this.#bounds.noFiles) this.fail(TOO_LARGE, false);
    else if (this.#arguments.length >= this.#bounds.arguments * 2) this.fail(TOO_MANY_ARGUMENTS, false);
    else this.#arguments.push(name, value);
  }

  result(): ParsedBody {
    const flags = this.#flags;
    if (this.#lfLines) flags.set(this.#crlfLines ? 'multipart_crlf_lf_lines' : 'multipart_lf_line', '1');
    if (this.#lfLines) flags.set('multipart_lf_line', '1');
    if (this.#strict || STRICT.some((name) => flags.has(name))) flags.set('multipart_strict_error', '1');
    return parsedBody({
      arguments: this.#arguments,
      files: this.#files,
      partHeaders: this.#partHeaders,
      flags,
      excerpt: this.#excerpt,
      error: this.#error,
    });
  }
}
