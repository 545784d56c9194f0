import { classify } from '../bot/classify.ts';
import { BotPolicy } from '../bot/policy.ts';
import { findSignals, scoreOf } from '../bot/signals.ts';
import { Standings, Verifier } from '../bot/verify.ts';
import type { SiteConfig } from '../config/config.ts';
import { CountryGate } from '../geo/terms.ts';
import { getHeader } from '../http/headers.ts';
import type { ExplainedRequest } from './request.ts';
import type { BotsPart, CountriesPart } from './types.ts';

/** Null where the site does not look at countries. */
export function describeCountries({ geo }: Pick<SiteConfig, 'geo'>, { path }: ExplainedRequest): CountriesPart | null {
  if (geo === undefined) return null;
  const terms = new CountryGate(geo).termsFor(path);
  const { allow, block, otherwise, status } = terms;
  return { allow, block, default: otherwise, status, source: 'source' in terms ? terms.source : null };
}

/** Null where the site does not look at bots. */
export function describeBots(
  { bots }: Pick<SiteConfig, 'bots'>,
  request: ExplainedRequest,
  scheme: 'http' | 'https',
): BotsPart | null {
  if (bots === undefined) return null;
  const { method, path, headers } = request;
  const field = (name: string) => getHeader(headers, name) ?? '';
  const agent = classify(field('user-agent'));
  const subject = { method, scheme, protocol: '1.1', field } as const;
  const signals: string[] = [];
  if (agent.browser !== undefined) findSignals(subject, agent.browser, (signal) => signals.push(signal));
  const score = agent.browser === undefined ? agent.score : scoreOf(subject, agent.browser);
  const isVerified = new Standings(bots, new Verifier()).isVerifiable(agent);
  return {
    ...{ class: agent.botClass, score, signals },
    action: new BotPolicy(bots).actionFor(agent.number, score, isVerified, path),
    mode: bots.mode,
    is_verified_by_address: isVerified,
  };
}
