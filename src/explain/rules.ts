import { getHeader } from '../http/headers.ts';
import type { HostEntry } from '../site/host-table.ts';
import type { RuleOutcome } from '../site/rules.ts';
import type { ExplainedRequest } from './request.ts';
import type { Decision, RulesPart } from './types.ts';

/** What the site's rules make of a request, undefined where it has none. The address of a client is not known here. */
export function applyRules(
  request: ExplainedRequest,
  host: HostEntry,
  scheme: 'http' | 'https',
): RuleOutcome | undefined {
  const { method, path, query, headers, hostField } = request;
  return host.plan.rules?.apply({
    method,
    scheme,
    host,
    path,
    query,
    field: (name) => (name === 'host' ? hostField : (getHeader(headers, name) ?? '')),
    clientAddress: () => '',
    ownId: () => getHeader(headers, 'x-request-id') ?? '',
  });
}

/** The request with the path and query that a rule has put in place of its own. */
export function rewritten(request: ExplainedRequest, { target }: RuleOutcome): ExplainedRequest {
  if (target === undefined) return request;
  const mark = target.indexOf('?');
  const [path, query] = mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
  return { ...request, path, query };
}

/** What happens where a rule answers; undefined where it does not. */
export function ruledDecision({ answer, refusal }: RuleOutcome): Decision | undefined {
  if (refusal !== undefined) {
    const cacheStatus = 'lb; fwd=bypass; detail=refused';
    return { action: 'refuse', status: 400, cache_status: cacheStatus, why: [`after a rewrite, ${refusal}`] };
  }
  if (answer === undefined) return undefined;
  const location = answer.headers.find(([name]) => name === 'location')?.[1];
  const what = location === undefined ? 'answers' : `redirects to ${location}`;
  const why = [`${answer.source} ${what}; neither the cache nor an origin is asked`];
  return { action: 'answer', status: answer.status, cache_status: 'lb; detail=rule', why };
}

/** Null where nothing matched. */
export function describeRules(outcome: RuleOutcome | undefined): RulesPart | null {
  if (outcome === undefined) return null;
  const { matched, target = null, request, response } = outcome;
  const part = {
    matched,
    target,
    request_headers: request?.describe() ?? [],
    response_headers: response?.describe() ?? [],
  };
  return matched.length + part.response_headers.length === 0 ? null : part;
}
