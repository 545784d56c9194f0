import type { Tracer } from '../tracing/tracer.ts';
import type { Exchange } from './exchange.ts';

/** Begins the trace of a request, where it is recorded. */
export function beginTrace(x: Exchange, tracer: Tracer): void {
  x.trace = tracer.begin(x.request.header('traceparent'));
  // the transport lets go of it
  if (x.trace !== undefined) x.clientAddress();
}

/** Ends the span of a request that is over. */
export function endTrace(x: Exchange): void {
  const { trace, method, scheme, protocol, status, outcome, requestId, aborted } = x;
  if (trace === undefined) return;
  const site = x.line === x.context.unrouted ? '' : x.host.plan.config.name;
  const facts = { method, scheme, protocol, status, client: x.address, site, cache: outcome, requestId, aborted };
  trace.end({ ...facts, host: x.hostField, path: x.clientPath() });
  x.trace = undefined;
}
