import { type HeaderList, splitList } from '../http/headers.ts';
import { stripHopByHop } from '../http/hop-by-hop.ts';
import type { Exchange } from './exchange.ts';

/** Fields that frame, route, authenticate, describe or control a response, and so may not come behind it (RFC 9110 section 6.5.1). */
const NEVER_TRAILERS: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'cache-status',
  'content-encoding',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expires',
  'host',
  'last-modified',
  'location',
  'pragma',
  'retry-after',
  'set-cookie',
  'vary',
  'via',
  'www-authenticate',
]);

/** What goes on to the client of the fields behind a body: nothing unless its TE says that it takes them. */
export function trailersFor(x: Exchange, trailers: HeaderList): HeaderList {
  if (trailers.length === 0) return trailers;
  const taken = splitList(x.field('te')).some((member) => member.toLowerCase() === 'trailers');
  if (!taken) return [];
  return stripHopByHop(trailers).filter((_, i, kept) => !NEVER_TRAILERS.has(kept[i & ~1]));
}
