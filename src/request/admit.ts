import { checkRequest } from '../http/request-check.ts';
import type { RequestTarget } from '../http/request-target.ts';
import type { Exchange } from './exchange.ts';

/** What remains in a field of bytes that were no UTF-8, as latin1. */
const LOST_BYTES = '\u00ef\u00bf\u00bd';

const ASCII = /^[\x21-\x7e]*$/;

/** The target as it was sent is not known then: the transport has decoded it. */
export const NOT_ASCII = { status: 400, detail: 'the request target holds bytes that must be percent-encoded' };

/** What the absolute form names is a resource of another listener, and `*` is no resource at all. */
const NOT_HERE = { status: 421, detail: 'the request target is none that this listener serves' };

/**
 * Reads all header lines and checks the request by the book. Where something is wrong, `problem` says what, and the
 * connection ends with the answer.
 */
export function admit(x: Exchange): boolean {
  if (x.admitted) return true;
  x.admitted = true;
  const headers = x.headers ?? x.readHeaders();
  const { method, target } = x;
  const head = { method, target, headers, version: x.protocol, secure: x.scheme === 'https' };
  const checked = checkRequest(head, x.context.requestLimits);
  if ('status' in checked) x.problem = checked;
  else if (checked.target.form !== 'origin' && !takeTarget(x, checked.target)) x.problem = NOT_HERE;
  else if (!ASCII.test(target)) x.problem = NOT_ASCII;
  else if (headers.some((text) => text.includes(LOST_BYTES)))
    x.problem = { status: 400, detail: 'a header is not UTF-8' };
  else {
    x.contentLength = checked.contentLength;
    if (checked.bodyKind === 'none' && x.request.hasOpenBody) x.contentLength = -1;
    if (x.contentLength !== 0) x.retrieval = false;
    if (checked.bodyKind === 'chunked') x.reply.closeAfter = true;
    return true;
  }
  x.endConnection();
  return false;
}

/** From here on the target is in origin form, as all that is keyed and forwarded. False where it cannot be. */
function takeTarget(x: Exchange, { form, scheme, path, query }: RequestTarget): boolean {
  if (form !== 'absolute' || scheme !== x.scheme) return false;
  x.path = path;
  x.query = query ?? '';
  x.target = x.query === '' ? path : `${path}?${x.query}`;
  return true;
}
