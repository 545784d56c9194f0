import { renderTail } from '../fill/head.ts';
import type { HeaderList } from '../http/headers.ts';
import { statusText } from '../http/status-text.ts';
import type { Exchange } from './exchange.ts';

/** Fields of an interim answer beyond which it is dropped. Bytes. */
const MAX_BYTES = 8192;

/**
 * Passes an interim answer of the origin on (RFC 9110 section 15.2) to the client whose request brought it, and to no other:
 * that the final answer may be shared is not known yet.
 */
export function passInterim(x: Exchange, status: number, headers: HeaderList): void {
  if (x.headSent || x.aborted || x.reply.closed) return;
  const lines = renderTail(headers, x.host.plan.hidden);
  if (lines.length <= MAX_BYTES) x.reply.inform(statusText(status), lines);
}
