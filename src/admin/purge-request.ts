// From `DELETE /cache/PATH?host=HOST&QUERY` to the purge it asks for. Nothing is decoded or normalized: the target is
// compared with stored targets byte by byte, so what was requested is what has to be named. That keeps `%2A` a literal
// star and leaves dot segments and doubled slashes alone.
import type { PurgeRequest } from './types.ts';

/** The request is wrong; the message says what to change. */
export class PurgeSyntaxError extends Error {
  override name = 'PurgeSyntaxError';
}

const PREFIX = '/cache';
const HOST_PARAMETER = 'host=';
/** RFC 9112 section 3.2: a request target is made of visible ASCII; `#` never reaches a server. */
const TARGET = /^[\x21\x22\x24-\x7e]+$/;
const MAX_TARGET = 8192;
/** A host name in ASCII, with wildcards refused, or an IP literal. A port is dropped, as in the cache key. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?)(?::\d{0,5})?$/;

/** Whether a raw request target (path and query) is one under `/cache/`. */
export function isPurgeTarget(url: string): boolean {
  return url.startsWith(`${PREFIX}/`);
}

/**
 * Parses the raw target of a purge.
 *
 * The first `host` parameter of the query is the admin API's own and is taken out (an empty one means any host);
 * everything else in the query, a further `host` included, belongs to the target as sent.
 * @param url raw request target, for which `isPurgeTarget` holds
 * @throws PurgeSyntaxError
 */
export function parsePurge(url: string, soft: boolean): PurgeRequest {
  if (!TARGET.test(url)) throw new PurgeSyntaxError('the path may hold visible ASCII only; percent-encode the rest');
  if (url.length > MAX_TARGET) throw new PurgeSyntaxError(`the path is longer than ${MAX_TARGET} characters`);
  const mark = url.indexOf('?');
  const path = url.slice(PREFIX.length, mark < 0 ? url.length : mark);
  const parameters = mark < 0 ? [] : url.slice(mark + 1).split('&');
  const host = takeHost(parameters);
  // `/a?` and `/a` are different targets, but a `?` that only carried the host is not part of the target.
  const query = parameters.length > 0 ? `?${parameters.join('&')}` : '';
  const pattern = path + query;
  return { scope: scopeOf(pattern), host, pattern, soft };
}

function takeHost(parameters: string[]): string | null {
  const index = parameters.findIndex((parameter) => parameter.startsWith(HOST_PARAMETER));
  if (index < 0) return null;
  const [parameter] = parameters.splice(index, 1);
  return parseHost(decodeHost(parameter.slice(HOST_PARAMETER.length)));
}

/** `?host=` goes through URL encoders, which may have encoded the colon of a port or of IPv6. */
function decodeHost(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new PurgeSyntaxError('the host is not percent-encoded rightly');
  }
}

function parseHost(name: string): string | null {
  if (name === '') return null;
  const host = name.toLowerCase();
  if (!HOST.test(host)) throw new PurgeSyntaxError(`"${name}" is not a host name; wildcards work in the path only`);
  return host.replace(/:\d*$/, '').replace(/\.$/, '');
}

function scopeOf(pattern: string): PurgeRequest['scope'] {
  if (pattern === '/*') return 'all';
  return pattern.includes('*') ? 'pattern' : 'url';
}

/**
 * Reads the body of a purge: empty or `{"soft": true}`.
 * @throws PurgeSyntaxError
 */
export function parsePurgeBody(body: string): { soft?: boolean } {
  if (body.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new PurgeSyntaxError('the body is not JSON; send {"soft": true} or no body');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PurgeSyntaxError('the body must be a JSON object such as {"soft": true}');
  }
  const unknown = Object.keys(value).find((key) => key !== 'soft');
  if (unknown !== undefined) {
    throw new PurgeSyntaxError(`unknown member "${unknown}" in the body; the only one is "soft"`);
  }
  if (!('soft' in value)) return {};
  if (typeof value.soft !== 'boolean') throw new PurgeSyntaxError('"soft" must be true or false');
  return { soft: value.soft };
}

/** Reads the header `X-LB-Soft`: `1` or `true`, `0` or `false`. @throws PurgeSyntaxError */
export function parseSoftHeader(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new PurgeSyntaxError('X-LB-Soft must be 1 or 0');
}
