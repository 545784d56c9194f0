/** One site put together from the layers: origins, cache rules, addons. */

import { parseHost } from '../http/host.ts';
import type { CacheRule, OriginConfig, RateLimitConfig, SiteConfig, WafConfig } from './config.ts';
import { type ErrorList, formatPlace } from './errors.ts';
import { type Layer, ruleNames } from './layer.ts';
import type { Picker } from './picker.ts';
import { nearest } from './suggest.ts';
import { textPlace } from './text-layers.ts';

/** Freshness of API responses when neither the rule nor the origin says. */
const API_TTL = 60;

/** The site; what it lacks is noted in `errors`, what is given but not active in `announcements`. */
export function resolveSite(
  name: string,
  hosts: readonly string[],
  pick: Picker,
  layers: readonly Layer[],
  announcements: string[],
  errors: ErrorList,
): SiteConfig {
  const origins = (pick.value('origins') ?? []) as OriginConfig[];
  const autoTtl = pick.number('cache.auto_ttl', 'cache.auto_ttl', undefined, 'cache.*.ttl');
  const site: SiteConfig = {
    name,
    hosts: [...hosts],
    origins: [...origins],
    hostHeader: resolveHostHeader(pick, errors),
    timeouts: {
      connect: pick.number('timeouts.connect'),
      firstByte: pick.number('timeouts.first_byte'),
      betweenBytes: pick.number('timeouts.between_bytes'),
    },
    cache: { auto: pick.boolean('cache.auto'), autoTtl, rules: resolveRules(pick, layers, autoTtl, errors) },
  };
  const rateLimit = resolveRateLimit(pick, announcements, errors);
  const waf = resolveWaf(pick, announcements);
  if (rateLimit) site.rateLimit = rateLimit;
  if (waf) site.waf = waf;
  return site;
}

const HOST_WORDS = ['auto', 'client', 'origin'];

/** One of the three words, or a literal Host field. */
function resolveHostHeader(pick: Picker, errors: ErrorList): string {
  const text = pick.text('host_header');
  const place = pick.find('host_header')?.place;
  if (HOST_WORDS.includes(text) || !place) return text;
  const meant = /[.:]/.test(text) ? undefined : nearest(text, HOST_WORDS);
  if (meant) errors.add(place, `host_header: "${text}" is not known here`, `did you mean "${meant}"?`);
  else if (parseHost(text) === undefined) {
    errors.add(place, `host_header: "${text}" is no host`, 'use auto, client, origin, or a name such as example.com');
  }
  return text;
}

/** Rules of the strongest source first, each source's in its order. */
function resolveRules(pick: Picker, layers: readonly Layer[], autoTtl: number, errors: ErrorList): CacheRule[] {
  const names = new Set(layers.flatMap(ruleNames));
  const rules: CacheRule[] = [];
  for (const name of names) {
    const path = `cache.${name}`;
    const match = pick.find(`${path}.match`);
    const place = pick.findObject(path) ?? match?.place ?? pick.find(`${path}.ttl`)?.place ?? textPlace(path, '', '');
    if (!match) {
      if (!pick.isBroken(`${path}.match`))
        errors.add(place, `the rule ${name} has no match`, `add "match": "/path/*" to say which paths it is for`);
      continue;
    }
    const rule: CacheRule = {
      name,
      match: pick.list(`${path}.match`, 'cache.*.match'),
      ttl: pick.number(`${path}.ttl`, 'cache.*.ttl', name === 'api' ? API_TTL : autoTtl, 'cache.*.ttl'),
      override: pick.boolean(`${path}.override`, 'cache.*.override'),
      force: pick.boolean(`${path}.force`, 'cache.*.force'),
      source: formatPlace(match.place.line > 0 ? place : match.place),
    };
    if (rule.force && !rule.override) {
      errors.add(
        pick.find(`${path}.force`)?.place ?? place,
        `${path}.force does nothing without override`,
        'add "override": true, or remove force',
      );
    }
    rules.push(rule);
  }
  return rules;
}

function resolveRateLimit(pick: Picker, announcements: string[], errors: ErrorList): RateLimitConfig | undefined {
  const place = pick.findObject('addons.rate_limit');
  if (!place) return undefined;
  const rate = pick.value('addons.rate_limit.requests_per_second') as number | undefined;
  if (rate === undefined) {
    if (!pick.isBroken('addons.rate_limit.requests_per_second'))
      errors.add(
        place,
        'addons.rate_limit has no requests_per_second',
        'add it: {"requests_per_second": 100, "by": "ip"}',
      );
    return undefined;
  }
  announcements.push(
    `addons.rate_limit (${formatPlace(place)}) is not active in this version: requests are not limited`,
  );
  const burst = pick.number('addons.rate_limit.burst', 'addons.rate_limit.burst', Math.max(1, Math.ceil(rate)));
  return { requestsPerSecond: rate, burst, by: pick.list('addons.rate_limit.by') };
}

function resolveWaf(pick: Picker, announcements: string[]): WafConfig | undefined {
  const place = pick.findObject('addons.waf');
  if (!place) return undefined;
  const waf: WafConfig = {
    ruleset: pick.text('addons.waf.ruleset'),
    mode: pick.text('addons.waf.mode') as WafConfig['mode'],
    paranoiaLevel: pick.number('addons.waf.paranoia_level'),
    path: pick.value('addons.waf.path') as string | undefined,
    setup: pick.list('addons.waf.setup'),
    rules: pick.list('addons.waf.rules'),
  };
  if (waf.mode !== 'off') {
    announcements.push(`addons.waf (${formatPlace(place)}) is not active in this version: requests are not inspected`);
  }
  return waf;
}
