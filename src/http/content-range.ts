import { combineHeader, type HeaderList } from './headers.ts';
import type { ByteRange } from './range.ts';

/** A Content-Range field (RFC 9110 section 14.4). */
export interface ContentRange {
  /** First and last byte, inclusive; undefined for an unsatisfied range. */
  range: ByteRange | undefined;
  /** Bytes of the whole representation; -1 where unknown, which is written as a star. */
  complete: number;
}

/** `bytes 0-4/10`, with a star for a `complete` of -1. */
export function formatContentRange(range: ByteRange, complete: number): string {
  return `bytes ${range.start}-${range.end}/${complete < 0 ? '*' : complete}`;
}

/** What a 416 says: a star in place of the range, then the complete length. */
export function formatUnsatisfiedRange(complete: number): string {
  return `bytes */${complete}`;
}

/** A Content-Range value, or undefined where it is malformed, of another unit, or contradicts itself. */
export function parseContentRange(value: string): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(\d{1,16}|\*)$/i.exec(value);
  if (match === null) return undefined;
  const complete = match[3] === '*' ? -1 : Number(match[3]);
  if (!Number.isSafeInteger(complete)) return undefined;
  if (match[1] === undefined) return complete < 0 ? undefined : { range: undefined, complete };
  const range = { start: Number(match[1]), end: Number(match[2]) };
  if (!Number.isSafeInteger(range.end) || range.end < range.start) return undefined;
  return complete >= 0 && range.end >= complete ? undefined : { range, complete };
}

/** What an answer's Content-Range says; undefined where there is none, or several lines, as where it is malformed. */
export function contentRangeOf(headers: HeaderList): ContentRange | undefined {
  return parseContentRange(combineHeader(headers, 'content-range') ?? '');
}
