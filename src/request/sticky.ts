import type { Source } from '../fill/fetch.ts';
import { combineHeader, type HeaderList } from '../http/headers.ts';
import type { Exchange } from './exchange.ts';

/** Directives that let caches between lb and the client share an answer: what is in it is for nobody alone. */
const SHARED = /(?:^|[\s,])(?:public|s-maxage\s*=)/i;

/**
 * The line that keeps a client with the origin that gave it an answer of its own, '' where none is needed. Answers that
 * are shared, from this cache or from one behind it, never have it.
 */
export function stickyLine({ scheme }: Exchange, source: Source, headers: HeaderList): string {
  const cookie = source.stickyCookie?.(scheme === 'https');
  if (cookie === undefined || SHARED.test(combineHeader(headers, 'cache-control') ?? '')) return '';
  return `\r\nset-cookie: ${cookie}`;
}
