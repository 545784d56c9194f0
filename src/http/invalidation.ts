import { getHeader, type HeaderList } from './headers.ts';
import { isSafeMethod } from './method.ts';

/** A cached target that a response makes invalid, on the request's own host. */
export interface InvalidTarget {
  path: string;
  /** Without its question mark; undefined where there is none. */
  query: string | undefined;
}

/**
 * What a response to an unsafe method invalidates (RFC 9111 section 4.4): with a status of 2xx or 3xx the request's own
 * target, and those of Location and Content-Location where they are of the same origin.
 *
 * @param uri the request's full URI, `http://host[:port]/path?query`
 */
export function invalidatedTargets(method: string, uri: string, status: number, headers: HeaderList): InvalidTarget[] {
  if (isSafeMethod(method) || status < 200 || status > 399) return [];
  const own = targetOf(uri);
  const targets = own === undefined ? [] : [own];
  for (const name of ['location', 'content-location']) {
    const value = getHeader(headers, name);
    const url = value === undefined ? null : URL.parse(value, uri);
    if (url === null || url.origin !== URL.parse(uri)?.origin) continue;
    const target = targetOf(url.href);
    if (target !== undefined && !targets.some(({ path, query }) => path === target.path && query === target.query)) {
      targets.push(target);
    }
  }
  return targets;
}

/** Path and query as they stand: a URL class would rewrite escapes and dot segments, and miss the key. */
function targetOf(uri: string): InvalidTarget | undefined {
  const match = /^https?:\/\/[^/?#]+([^?#]*)(?:\?([^#]*))?/i.exec(uri);
  return match === null ? undefined : { path: match[1] === '' ? '/' : match[1], query: match[2] };
}
