import { checkRequest, DEFAULT_REQUEST_LIMITS } from '../http/request-check.ts';
import type { Exchange } from './exchange.ts';

/** What remains in a field of bytes that were no UTF-8, as latin1. */
const LOST_BYTES = '\u00ef\u00bf\u00bd';

/**
 * Reads all header lines and checks the request by the book. Where something is wrong, `problem` says what, and the
 * connection ends with the answer.
 */
export function admit(x: Exchange): boolean {
  if (x.headers !== null) return true;
  const headers = x.readHeaders();
  const limits = { ...DEFAULT_REQUEST_LIMITS, headerBytes: x.context.maxRequestHeader };
  const { method, target } = x;
  const checked = checkRequest({ method, target, headers, secure: x.context.scheme === 'https' }, limits);
  if ('status' in checked) x.problem = checked;
  else if (headers.some((text) => text.includes(LOST_BYTES)))
    x.problem = { status: 400, detail: 'a header is not UTF-8' };
  else {
    x.contentLength = checked.contentLength;
    if (checked.bodyKind !== 'none' && checked.contentLength !== 0) x.retrieval = false;
    if (checked.bodyKind === 'chunked') x.reply.closeAfter = true;
    return true;
  }
  x.reply.closeAfter = true;
  return false;
}
