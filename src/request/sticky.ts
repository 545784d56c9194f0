import type { Source } from '../fill/fetch.ts';
import { parseResponseCacheControl } from '../http/cache-control.ts';
import { combineHeader, type HeaderList } from '../http/headers.ts';
import type { Exchange } from './exchange.ts';

/**
 * The line that keeps a client with the origin that gave it an answer of its own, '' where none is needed. Answers that
 * are shared, from this cache or from one behind it, never have it.
 */
export function stickyLine({ scheme }: Exchange, source: Source, headers: HeaderList): string {
  const cookie = source.stickyCookie?.(scheme === 'https');
  if (cookie === undefined || mayBeShared(headers)) return '';
  return `\r\nset-cookie: ${cookie}`;
}

/** Whether a cache between lb and the client is told that it may keep an answer for several clients. */
function mayBeShared(headers: HeaderList): boolean {
  const directives = parseResponseCacheControl(combineHeader(headers, 'cache-control'));
  if (directives.private || directives.noStore) return false;
  return directives.public || directives.sMaxage !== undefined || (directives.maxAge ?? 0) > 0;
}
