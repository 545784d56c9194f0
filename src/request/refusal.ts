import type { Verdict } from '../guard/addon.ts';
import type { Exchange } from './exchange.ts';
import type { RequestProblem } from './outcome.ts';

/** What an addon says of a request, as the client is told. The answer has the request's id. */
export function problemOf(x: Exchange, { status, fields, reason, problem, body }: Verdict): RequestProblem {
  x.ownId();
  const { detail = '', ...members } = problem ?? {};
  return { status, detail, lines: fields, reason, members, ...(body === undefined ? {} : { body }) };
}

/**
 * Whether the limits on origin fetches let a request ask its origin. Where they do not, something stale may do, or else the
 * client is told: `failure` says what.
 */
export function mayAskOrigin(x: Exchange): boolean {
  const { guard } = x.host.plan;
  if (guard === undefined || x.isOriginCounted) return true;
  const verdict = guard.checkOrigin(x);
  if (verdict !== undefined) x.failure = problemOf(x, verdict);
  else x.isOriginCounted = true;
  return verdict === undefined;
}
