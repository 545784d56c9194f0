import type { Watched } from './client-watch.ts';
import type { Exchange } from './exchange.ts';
import { bodyProblem, keepReceiving } from './request-body.ts';
import { LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

/**
 * Whether the request's body is to be part of its key: the configuration says so for path and method, and the body's
 * length is declared and within the limit.
 */
export function isBodyKeyed(x: Exchange): boolean {
  // a range of what a query brings means nothing (RFC 9110 section 14.2)
  if (x.host.plan.simple || x.body !== undefined || x.field('range') !== '') return false;
  const { methods, bodyLimit } = x.policyOf();
  return methods.includes(x.method) && x.contentLength >= 0 && x.contentLength <= bodyLimit;
}

/** Reads the body whole; then the request may be answered from the cache as a GET is. */
export function collectBody(x: Exchange): Step {
  if (x.contentLength === 0) return proceedWith(x, Buffer.alloc(0));
  const { reply } = x;
  const { clients } = x.context;
  const parts: Buffer[] = [];
  let received = 0;
  let refused = false;
  const watched: Watched = {
    progress: () => received,
    isWaiting: () => !reply.closed,
    keep: () => {
      // nobody else is told of a client that went away
      if (reply.closed) clients.forget(watched);
      else keepReceiving(reply);
    },
    tooSlow: () => {
      refused = true;
      x.problem = bodyProblem(x, 408);
      x.endConnection();
      x.proceed(RESPOND);
    },
  };
  clients.receive(watched);
  (x.held ?? reply).onBody((chunk, last) => {
    if (reply.closed || refused) return;
    received += chunk.length;
    // the transport takes the memory of the chunk back
    parts.push(Buffer.from(chunk));
    if (!last) return;
    clients.forget(watched);
    x.proceed(proceedWith(x, Buffer.concat(parts)));
  });
  return WAIT;
}

function proceedWith(x: Exchange, body: Buffer): Step {
  x.body = body;
  x.retrieval = true;
  return LOOKUP;
}
