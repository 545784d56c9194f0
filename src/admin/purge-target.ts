// What purges name: targets, hosts, sites and tags. Nothing is decoded or normalized: a target is compared with stored
// ones byte by byte, so what was requested is what has to be named. That keeps `%2A` a literal star and leaves dot
// segments and doubled slashes alone.
import type { PurgeRequest } from './types.ts';

/** The request is wrong; the message says what to change. */
export class PurgeSyntaxError extends Error {
  override name = 'PurgeSyntaxError';
}

/** RFC 9112 section 3.2: a request target is made of visible ASCII; `#` never reaches a server. */
const TARGET = /^[\x21\x22\x24-\x7e]+$/;
const MAX_TARGET = 8192;
/** A host name in ASCII, with wildcards refused, or an IP literal. A port is dropped, as in the cache key. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?)(?::\d{0,5})?$/;
/** Not the URL class: it would resolve dot segments and re-encode. */
const FULL_URL = /^https?:\/\/([^/?#]*)(.*)$/is;
/** Bytes of the longest tag, as where the origin's are read. */
const MAX_TAG = 1024;

/** Which objects a purge is of. */
export type PurgeTarget = Pick<PurgeRequest, 'scope' | 'host' | 'pattern'>;

/** A target as it is, or one with `*` for any characters; the path of an URL of its own. */
export function parseTarget(text: string): PurgeTarget {
  const url = FULL_URL.exec(text);
  const host = url === null ? null : parseHost(url[1]);
  if (url !== null && host === null) throw new PurgeSyntaxError(`"${text}" has no host`);
  const rest = url?.[2] ?? text;
  const pattern = url !== null && !rest.startsWith('/') ? `/${rest}` : rest;
  if (pattern.includes('#')) throw new PurgeSyntaxError('no request carries a fragment: leave out what follows #');
  if (!/^[/*]/.test(pattern)) throw new PurgeSyntaxError(`"${text}" is no path: begin with /, such as "/${text}"`);
  checkTarget(pattern);
  return { scope: scopeOf(pattern), host, pattern };
}

export function checkTarget(target: string): void {
  if (!TARGET.test(target)) throw new PurgeSyntaxError('the path may hold visible ASCII only; percent-encode the rest');
  if (target.length > MAX_TARGET) throw new PurgeSyntaxError(`the path is longer than ${MAX_TARGET} characters`);
}

/** Lower-case, without port; null for ''. */
export function parseHost(name: string): string | null {
  if (name === '') return null;
  const host = name.toLowerCase();
  if (!HOST.test(host)) throw new PurgeSyntaxError(`"${name}" is not a host name; wildcards work in the path only`);
  return host.replace(/:\d*$/, '').replace(/\.$/, '');
}

/** A tag as it is. */
export function parseTag(tag: string): string {
  if (tag === '') throw new PurgeSyntaxError('a tag is not empty');
  if (/[ \t\r\n\0]/.test(tag)) throw new PurgeSyntaxError('a tag holds no space: name several as "tags": ["a", "b"]');
  if (Buffer.byteLength(tag) > MAX_TAG) throw new PurgeSyntaxError(`a tag is at most ${MAX_TAG} bytes long`);
  return tag;
}

/** What a pattern is of. */
export function scopeOf(pattern: string): 'url' | 'pattern' | 'all' {
  if (/^\/?\*+$/.test(pattern)) return 'all';
  return pattern.includes('*') ? 'pattern' : 'url';
}
