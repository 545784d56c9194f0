import type { Exchange } from './exchange.ts';
import { GUARD, RESPOND, type Step } from './step.ts';

/** Finds the site that answers for the request's host. */
export function route(x: Exchange): Step {
  const entry = x.context.hosts[x.scheme].find(x.hostField);
  if (typeof entry === 'string') {
    x.problem =
      entry === 'malformed'
        ? { status: 400, detail: x.hostField === '' ? 'Host is missing' : 'Host is malformed' }
        : { status: 421, detail: 'no site is configured for this host' };
    return RESPOND;
  }
  x.host = entry;
  x.line = x.context.lines[entry.plan.index];
  return GUARD;
}
