import { parseHttpDate } from './date.ts';
import { type EntityTag, entityTagListMatches, parseEntityTag, strongMatch, weakMatch } from './etag.ts';

/** A request's precondition fields, undefined where absent; several lines joined by commas. */
export interface Preconditions {
  method: string;
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  ifUnmodifiedSince?: string;
}

/** The validators of the representation that would be sent. */
export interface Validators {
  /** The ETag field as received. */
  etag?: string;
  /** The Last-Modified field as received. */
  lastModified?: string;
  /** Date or time of arrival in seconds since 1970: stands in for a missing Last-Modified (RFC 9111 section 4.3.2). */
  date?: number;
}

/**
 * What a conditional request gets when the unconditional one would get 200 (RFC 9110 section 13.2.2): 200, 304 or 412.
 *
 * A cache evaluates If-None-Match and If-Modified-Since only; If-Match and If-Unmodified-Since concern the origin, and
 * a cache passes such requests on (RFC 9111 section 4.3.2). Leave those two out to evaluate as a cache.
 */
export function evaluateConditional(request: Preconditions, selected: Validators): 200 | 304 | 412 {
  const etag = selected.etag === undefined ? undefined : parseEntityTag(selected.etag);
  if (request.ifMatch !== undefined) {
    if (!listed(request.ifMatch, etag, strongMatch)) return 412;
  } else if (request.ifUnmodifiedSince !== undefined && modifiedSince(request.ifUnmodifiedSince, selected) === true) {
    return 412;
  }
  const safe = request.method === 'GET' || request.method === 'HEAD';
  if (request.ifNoneMatch !== undefined) {
    if (!listed(request.ifNoneMatch, etag, weakMatch)) return 200;
    return safe ? 304 : 412;
  }
  if (safe && request.ifModifiedSince !== undefined && modifiedSince(request.ifModifiedSince, selected) === false) {
    return 304;
  }
  return 200;
}

function listed(list: string, etag: EntityTag | undefined, match: typeof weakMatch): boolean {
  if (list === '*') return true;
  return etag !== undefined && entityTagListMatches(list, etag, match);
}

/** Whether the representation is newer than a date; undefined where either date is missing or malformed. */
function modifiedSince(since: string, selected: Validators): boolean | undefined {
  const limit = parseHttpDate(since);
  const modified =
    selected.lastModified === undefined ? (selected.date ?? Number.NaN) : parseHttpDate(selected.lastModified);
  return Number.isNaN(limit) || Number.isNaN(modified) ? undefined : modified > limit;
}

/**
 * Whether If-Range lets a range be sent (RFC 9110 section 13.1.5): the entity tag matches strongly, or the date is
 * exactly Last-Modified and Last-Modified is strong, at least a second older than Date (RFC 9110 section 8.8.2.2).
 * True where the field is absent.
 */
export function ifRangeAllows(ifRange: string | undefined, selected: Validators): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.includes('"')) {
    const wanted = parseEntityTag(ifRange);
    const etag = selected.etag === undefined ? undefined : parseEntityTag(selected.etag);
    return wanted !== undefined && etag !== undefined && strongMatch(wanted, etag);
  }
  if (selected.lastModified === undefined || selected.date === undefined) return false;
  const modified = parseHttpDate(selected.lastModified);
  return parseHttpDate(ifRange) === modified && selected.date >= modified + 1;
}
