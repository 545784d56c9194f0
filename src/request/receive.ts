import { forwardedScheme } from '../http/forwarded.ts';
import { combineHeader } from '../http/headers.ts';
import { admit } from './admit.ts';
import { type Exchange, TIMED_EVERY } from './exchange.ts';
import type { RequestView } from './reply.ts';
import { RESPOND, ROUTE, type Step } from './step.ts';
import { beginTrace } from './trace.ts';

let untimed = 0;

/**
 * Reads what decides about a request. A GET or HEAD without a body that the cache can answer needs no more than its
 * target, host and the absence of a body; all other requests are read and checked whole (see `admit`).
 */
export function receive(x: Exchange): Step {
  const { request } = x;
  x.scheme = request.scheme();
  x.protocol = request.protocol;
  x.method = request.method();
  x.path = request.path();
  x.query = request.query();
  x.target = x.query === '' ? x.path : `${x.path}?${x.query}`;
  x.hostField = request.header('host');
  x.isLogged = x.context.log?.wanted === true;
  if (x.context.isTrusted?.(request.address()) === true) {
    // all lines of it: a proxy may have put its own behind that of its client
    x.scheme = forwardedScheme(combineHeader(x.readHeaders(), 'x-forwarded-proto') ?? '') ?? x.scheme;
  }
  if (x.isLogged) x.clientAddress();
  if (x.context.tracer !== undefined) beginTrace(x, x.context.tracer);
  x.retrieval = x.method === 'GET' || x.method === 'HEAD';
  x.sampled = ++untimed >= TIMED_EVERY;
  if (x.sampled) untimed = 0;
  if (x.sampled || x.isLogged) x.started = performance.now();
  if (x.retrieval && request.headersAtHand !== true && !hasBody(request)) return ROUTE;
  return admit(x) ? ROUTE : RESPOND;
}

function hasBody(request: RequestView): boolean {
  return request.hasOpenBody || request.header('content-length') !== '' || request.header('transfer-encoding') !== '';
}
