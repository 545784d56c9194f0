import type { RateLimitConfig, SiteConfig } from '../config/config.ts';
import { selectorOf } from '../ratelimit/limit.ts';
import type { ExplainedRequest } from './request.ts';
import type { LimitPart } from './types.ts';

const UNITS: Readonly<Record<number, string>> = { 1: 'second', 60: 'minute', 3600: 'hour' };

/** The rate limits of a site that are for a request. Whether its client is on a list is not known here. */
export function describeLimits(
  { rateLimits, rules }: Pick<SiteConfig, 'rateLimits' | 'rules'>,
  { method, path, query }: ExplainedRequest,
  host: string,
): LimitPart[] {
  const subject = {
    ...{ method, path, query, host: { host } },
    clientAddress: () => '',
    field: () => '',
    ownId: () => '',
    keepRow: () => {},
  };
  return rateLimits
    .filter((limit) => selectorOf(limit, rules)?.(subject) !== false)
    .map((limit) => {
      const { name, source, by, scope, mode } = limit;
      return { name, source, terms: termsOf(limit), by, scope, mode };
    });
}

function termsOf({ rate, per, burst, concurrent }: RateLimitConfig): string {
  const parts = concurrent > 0 ? [`${concurrent} under way at once`] : [];
  const given = Number((rate * per).toPrecision(12));
  if (rate > 0) parts.unshift(`${given} requests per ${UNITS[per]}, ${burst} at once`);
  return parts.join(', ');
}
