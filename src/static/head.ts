/** What is said of a file: its validators, its type, how long it may be kept, and which of its bytes are sent. */

import type { BigIntStats } from 'node:fs';
import { evaluateConditional, ifRangeAllows } from '../http/conditional.ts';
import { formatHttpDate } from '../http/date.ts';
import { combineHeader, type HeaderList } from '../http/headers.ts';
import { resolveRange } from '../http/range.ts';
import type { Found } from './find.ts';

/** An answer without its body; of a file, `start` and `length` say which bytes of it are the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly start: number;
  readonly length: number;
}

/** Seconds that a file which does not change is kept. */
const YEAR = 31_536_000;

/**
 * How long a change may stay unseen in the time of the last one: file systems count time in steps. A file that was
 * changed so lately gets a tag that it does not keep.
 */
const STEP_MS = 20;

/** Cache-Control: clients ask each time, lb looks at the file once in a while. @param recheck seconds */
export function lifetimeOf(recheck: number, isImmutable: boolean): string {
  return isImmutable
    ? `public, max-age=${YEAR}, s-maxage=${recheck}, immutable`
    : `public, max-age=0, s-maxage=${recheck}, must-revalidate`;
}

/** Strong, of size and time of the last change in ns; of a compressed copy, of the copy's. */
export function etagOf({ size, mtimeNs }: BigIntStats, coding: string | undefined, now = Date.now()): string {
  const tag = `${size.toString(36)}-${mtimeNs.toString(36)}${coding === undefined ? '' : `-${coding}`}`;
  const age = now - Number(mtimeNs / 1_000_000n);
  return age >= 0 && age < STEP_MS ? `W/"${tag}-${process.hrtime.bigint().toString(36)}"` : `"${tag}"`;
}

/**
 * Answers a request for a file: 200, 206, 304, 412 or 416 (RFC 9110 section 13.2.2).
 * @param request lowercase fields
 */
export function answerFor(method: string, request: HeaderList, found: Found, type: string, lifetime: string): Answer {
  const now = Date.now();
  const size = Number(found.stats.size);
  const etag = etagOf(found.stats, found.coding, now);
  const lastModified = lastModifiedOf(found.stats, now);
  const shared: Record<string, string> = { etag, 'cache-control': lifetime };
  if (lastModified !== undefined) shared['last-modified'] = lastModified;
  if (found.varies) shared.vary = 'Accept-Encoding';
  const of = (name: string) => combineHeader(request, name);
  const validators = { etag, lastModified, date: now / 1000 };
  const preconditions = {
    method,
    ifMatch: of('if-match'),
    ifNoneMatch: of('if-none-match'),
    ifModifiedSince: of('if-modified-since'),
    ifUnmodifiedSince: of('if-unmodified-since'),
  };
  const outcome = evaluateConditional(preconditions, validators);
  if (outcome === 304) return { status: 304, headers: shared, start: 0, length: 0 };
  if (outcome === 412) return { status: 412, headers: { 'content-length': '0' }, start: 0, length: 0 };
  const headers: Record<string, string> = { 'content-type': type, 'accept-ranges': 'bytes', ...shared };
  if (found.coding !== undefined) headers['content-encoding'] = found.coding;
  const range = method === 'GET' && ifRangeAllows(of('if-range'), validators) ? of('range') : undefined;
  const wanted = resolveRange(range, size);
  if (wanted.kind === 'unsatisfiable') {
    const length = { 'content-range': `bytes */${size}`, 'content-length': '0' };
    return { status: 416, headers: { ...shared, ...length }, start: 0, length: 0 };
  }
  if (wanted.kind === 'ranges' && wanted.ranges.length === 1) {
    const [{ start, end }] = wanted.ranges;
    headers['content-range'] = `bytes ${start}-${end}/${size}`;
    headers['content-length'] = String(end - start + 1);
    return { status: 206, headers, start, length: end - start + 1 };
  }
  headers['content-length'] = String(size);
  return { status: 200, headers, start: 0, length: size };
}

/** None where the clock of the file is ahead of ours, or before 1970 (RFC 9110 section 8.8.2.1). */
function lastModifiedOf({ mtimeNs }: BigIntStats, now: number): string | undefined {
  const ms = Number(mtimeNs / 1_000_000n);
  return ms < 0 || ms > now ? undefined : formatHttpDate(Math.floor(ms / 1000));
}
