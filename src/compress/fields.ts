import type { Coding, DictionaryCoding } from '../http/content-coding.ts';
import { parseEntityTag } from '../http/etag.ts';
import { combineHeader, getHeader, type HeaderList, splitList, withHeader } from '../http/headers.ts';

/** Fields about the very bytes of the content, which are others in another coding (RFC 9530, RFC 3230, RFC 1864). */
const OF_BYTES: ReadonlySet<string> = new Set([
  'content-length',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'accept-ranges',
]);

/** Whether a field behind a body is of bytes that the client does not get. */
export function isOfBytes(name: string): boolean {
  return OF_BYTES.has(name);
}

/**
 * The fields of a response in another coding: the strong entity tag becomes a weak one, since the bytes differ (RFC 9110
 * section 8.8.1), and what tells of the bytes is left out.
 *
 * @param to the new coding, undefined for none
 */
export function recodedFields(headers: HeaderList, to: Coding | DictionaryCoding | undefined): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'content-encoding' || OF_BYTES.has(name)) continue;
    kept.push(name, name === 'etag' ? weakTag(headers[i + 1]) : headers[i + 1]);
  }
  if (to !== undefined) kept.push('content-encoding', to);
  return variedFields(kept);
}

/** The fields of a response of which there are other codings. The list itself where they say so already. */
export function variedFields(headers: HeaderList): HeaderList {
  const vary = combineHeader(headers, 'vary');
  if (vary === undefined) return [...headers, 'vary', 'Accept-Encoding'];
  const names = splitList(vary.toLowerCase());
  if (names.includes('*') || names.includes('accept-encoding')) return headers;
  return withHeader(headers, 'vary', `${vary}, Accept-Encoding`);
}

/** An entity tag made weak; what is no entity tag stays as it is. */
export function weakTag(etag: string): string {
  const tag = parseEntityTag(etag);
  return tag === undefined || tag.weak ? etag : `W/${tag.opaque}`;
}

/**
 * The fields of a 304 that an origin answered to a condition of the client's: where the client holds the response under
 * the weak tag that lb has made, it is told of that one, or it could not bring up to date what it has (RFC 9111 section
 * 4.3.4).
 *
 * @param condition the client's If-None-Match
 */
export function confirmedFields(headers: HeaderList, condition: string): HeaderList {
  const etag = getHeader(headers, 'etag');
  if (etag === undefined || etag.startsWith('W/')) return headers;
  const isHeldWeak = condition.includes(`W/${etag}`);
  const isHeldStrong = condition.replaceAll(`W/${etag}`, '').includes(etag);
  return isHeldWeak && !isHeldStrong ? variedFields(withHeader(headers, 'etag', weakTag(etag))) : headers;
}
