// From `DELETE /cache/PATH?host=HOST&QUERY` with `{"soft": true}` to the purge it asks for.
import { checkTarget, PurgeSyntaxError, parseHost, parseTag, scopeOf } from './purge-target.ts';
import type { PurgeRequest } from './types.ts';

const PREFIX = '/cache';
const HOST_PARAMETER = 'host=';

/** What the body of a purge may say. */
export interface PurgeBody {
  readonly soft?: boolean;
  /** Name of a site. */
  readonly site?: string;
  readonly tag?: string;
}

const TYPES = { soft: 'boolean', site: 'string', tag: 'string' } as const;

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
export function parsePurge(url: string, { soft = false, site, tag }: PurgeBody): PurgeRequest {
  checkTarget(url);
  const mark = url.indexOf('?');
  const path = url.slice(PREFIX.length, mark < 0 ? url.length : mark);
  const parameters = mark < 0 ? [] : url.slice(mark + 1).split('&');
  const host = takeHost(parameters);
  // `/a?` and `/a` are different targets, but a `?` that only carried the host is not part of the target.
  const query = parameters.length > 0 ? `?${parameters.join('&')}` : '';
  const pattern = path + query;
  const scope = scopeOf(pattern);
  if (tag !== undefined && scope !== 'all') throw new PurgeSyntaxError('with a "tag" the path is /cache/*');
  return {
    scope: tag === undefined ? scope : 'tag',
    host,
    pattern,
    soft,
    ...(site === undefined ? {} : { site }),
    ...(tag === undefined ? {} : { tag: parseTag(tag) }),
  };
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

/**
 * Reads the body of a purge: empty, or an object such as `{"soft": true}`.
 * @throws PurgeSyntaxError
 */
export function parsePurgeBody(body: string): PurgeBody {
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
  for (const [name, member] of Object.entries(value)) {
    if (!Object.hasOwn(TYPES, name)) {
      throw new PurgeSyntaxError(`unknown member "${name}" in the body; it may have "soft", "site" and "tag"`);
    }
    const type = TYPES[name as keyof typeof TYPES];
    if (typeof member !== type) {
      throw new PurgeSyntaxError(`"${name}" must be ${type === 'boolean' ? 'true or false' : 'a string'}`);
    }
  }
  return value;
}

/** Reads the header `X-LB-Soft`: `1` or `true`, `0` or `false`. @throws PurgeSyntaxError */
export function parseSoftHeader(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new PurgeSyntaxError('X-LB-Soft must be 1 or 0');
}
