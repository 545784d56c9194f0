import { PROXY_NAME } from '../fill/head.ts';
import { countCdnLoop } from '../http/cdn-loop.ts';
import { combineHeader } from '../http/headers.ts';
import { formatProxyStatus } from '../http/proxy-status.ts';
import type { Exchange } from './exchange.ts';

/** Times that other lbs may stand in a request's path, as tiers do: more is a loop through several of them. */
const MAX_TIERS = 3;

/** Whether an origin leads back to lb (RFC 8586): `problem` says so then. All headers must have been read. */
export function isLoop(x: Exchange): boolean {
  const path = combineHeader(x.headers ?? [], 'cdn-loop');
  if (path === undefined) return false;
  // by itself at once: it would wait for its own answer
  if (!path.includes(x.context.instance) && countCdnLoop(path, PROXY_NAME) < MAX_TIERS) return false;
  x.problem = {
    status: 508,
    detail: 'the request has come through lb again and again: an origin leads back to it',
    proxyStatus: formatProxyStatus(PROXY_NAME, { error: 'proxy_loop_detected' }),
  };
  return true;
}
