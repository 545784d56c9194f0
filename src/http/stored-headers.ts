import { getHeader, type HeaderList } from './headers.ts';
import { stripHopByHop } from './hop-by-hop.ts';

/** Fields that tell how the stored body's bytes are to be read, or name them: a 304 or HEAD does not change them. */
const BODY_BOUND: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'etag',
]);

/** Fields of a representation that a 304 does not repeat, its client having them (RFC 9110 section 15.4.5). */
const NOT_IN_304: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
]);

/**
 * The fields of a response that a cache stores (RFC 9111 section 3.1): without hop-by-hop fields, those nominated by
 * Connection, and `omit`, the lowercase names that `no-cache="..."` and `private="..."` keep out.
 */
export function headersToStore(headers: HeaderList, omit: readonly string[] = []): HeaderList {
  const stripped = stripHopByHop(headers);
  return omit.length === 0 ? stripped : without(stripped, (name) => omit.includes(name));
}

/**
 * Stored fields after a validation by 304, or an update by HEAD (RFC 9111 section 3.2): each field of `fresh` replaces
 * all lines of its name, except those that are bound to the stored body.
 *
 * @param fresh as from headersToStore
 */
export function updateStoredHeaders(stored: HeaderList, fresh: HeaderList): HeaderList {
  const update = without(fresh, (name) => BODY_BOUND.has(name));
  const replaced = new Set<string>();
  for (let i = 0; i < update.length; i += 2) replaced.add(update[i]);
  // an Age of the stored response says nothing about the validated one
  replaced.add('age');
  return [...without(stored, (name) => replaced.has(name)), ...update];
}

/** The fields of a 304 made from a stored 200: all but the representation's own. */
export function headersOf304(stored: HeaderList): HeaderList {
  return without(stored, (name) => NOT_IN_304.has(name));
}

/** The fields that validate a stored response with the origin (RFC 9111 section 4.3.1); empty where it has no validator. */
export function validationHeaders(stored: HeaderList): HeaderList {
  const etag = getHeader(stored, 'etag');
  const lastModified = getHeader(stored, 'last-modified');
  const headers: HeaderList = [];
  if (etag !== undefined && etag !== '') headers.push('if-none-match', etag);
  if (lastModified !== undefined && lastModified !== '') headers.push('if-modified-since', lastModified);
  return headers;
}

/** Names of a client's preconditions (RFC 9110 section 13.1). */
export const PRECONDITION_NAMES: readonly string[] = [
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
];

/** Names of a client's preconditions and ranges: replaced or left out when the cache asks for the whole by itself. */
export const CONDITIONAL_NAMES: ReadonlySet<string> = new Set([...PRECONDITION_NAMES, 'range']);

function without(headers: HeaderList, dropped: (name: string) => boolean): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) if (!dropped(headers[i])) kept.push(headers[i], headers[i + 1]);
  return kept;
}
