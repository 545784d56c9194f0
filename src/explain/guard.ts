import { ROBOTS_PATH } from '../bot/robots.ts';
import type { SiteConfig } from '../config/config.ts';
import { PROXY_NAME } from '../fill/head.ts';
import type { ExplainedRequest } from './request.ts';
import type { BotsPart, CountriesPart, Decision } from './types.ts';

/**
 * What the addons answer in place of the site, in their order, as far as it does not depend on the client's address, which
 * is not known here; undefined where they let the request in or the address decides.
 */
export function guardDecision(
  { bots, addonsAllow }: Pick<SiteConfig, 'bots' | 'addonsAllow'>,
  request: ExplainedRequest,
  parts: { readonly countries: CountriesPart | null; readonly bots: BotsPart | null },
): Decision | undefined {
  const decision =
    countryDecision(parts.countries) ?? robotsDecision(bots?.robots, request) ?? botDecision(parts.bots, request);
  if (decision === undefined || addonsAllow.length === 0) return decision;
  return { ...decision, why: [...decision.why, 'clients in addons.allow are let in all the same'] };
}

function countryDecision(countries: CountriesPart | null): Decision | undefined {
  if (countries === null || countries.default !== 'block' || countries.allow.length > 0) return undefined;
  return refusal(countries.status, 'country', ['addons.geo lets in no country here']);
}

function robotsDecision(robots: unknown, { method, path }: ExplainedRequest): Decision | undefined {
  if (robots === undefined || path !== ROBOTS_PATH || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const why = ['addons.bots.robots answers; neither the cache nor an origin is asked'];
  return { action: 'answer', status: 200, cache_status: `${PROXY_NAME}; fwd=bypass; detail=robots`, why };
}

/** An action that is configured for a class is for those too whose operator is asked. */
function botDecision(bots: BotsPart | null, request: ExplainedRequest): Decision | undefined {
  if (bots === null || bots.mode !== 'enforce') return undefined;
  const client = `clients of class ${bots.class} with score ${bots.score}`;
  if (bots.action === 'block') return refusal(403, 'bot', [`addons.bots blocks ${client}`]);
  if (bots.action !== 'challenge' || request.method === 'OPTIONS') return undefined;
  return refusal(403, 'challenge', [`addons.bots challenges ${client}`, 'with the cookie of a solution it is let in']);
}

function refusal(status: number, reason: string, why: readonly string[]): Decision {
  return { action: 'refuse', status, cache_status: `${PROXY_NAME}; fwd=bypass; detail=${reason}`, why };
}
