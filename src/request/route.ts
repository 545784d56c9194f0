import type { SitePlan } from '../site/plan.ts';
import { answerChallenge } from './acme-challenge.ts';
import type { Exchange } from './exchange.ts';
import { GUARD, RESPOND, type Step } from './step.ts';

/** Finds the site that answers for the request's host. */
export function route(x: Exchange): Step {
  const { challengeFolder } = x.context;
  if (challengeFolder !== undefined && answerChallenge(x, challengeFolder)) return RESPOND;
  const entry = x.context.hosts[x.scheme].find(x.hostField);
  if (typeof entry === 'string') {
    x.problem =
      entry === 'malformed'
        ? { status: 400, detail: x.hostField === '' ? 'Host is missing' : 'Host is malformed' }
        : { status: 421, detail: 'no site is configured for this host' };
    return RESPOND;
  }
  if (x.scheme === 'https' && isMisdirected(x, entry.plan)) {
    x.problem = { status: 421, detail: 'the host is of another site than the name of the TLS connection' };
    return RESPOND;
  }
  x.host = entry;
  x.line = x.context.lines[entry.plan.index];
  return GUARD;
}

/**
 * Whether the client named a host of another site when it began TLS (RFC 9110 section 7.4). Hosts of one site may share a
 * connection; who named none has no say.
 */
function isMisdirected({ request, context }: Exchange, plan: SitePlan): boolean {
  const name = request.serverName();
  return name !== '' && context.hosts.https.siteOf(name) !== plan;
}
