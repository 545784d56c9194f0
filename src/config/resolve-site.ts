/** One site put together from the layers: origins, cache rules, addons. */

import { parseHost } from '../http/host.ts';
import type { OriginConfig, SiteConfig, SiteRule } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Layer } from './layer.ts';
import type { Picker } from './picker.ts';
import { redirectLoops } from './redirect-loops.ts';
import { resolveBots, resolveChallenge } from './resolve-bots.ts';
import { resolveCache } from './resolve-cache.ts';
import { resolveCompression } from './resolve-compression.ts';
import { countryRule, resolveGeo } from './resolve-geo.ts';
import { resolveRateLimits } from './resolve-limits.ts';
import { repeatedOrigins, resolveOriginTerms } from './resolve-origins.ts';
import { isStatic, resolveStatic } from './resolve-sources.ts';
import { resolveWaf } from './resolve-waf.ts';
import { nearest } from './suggest.ts';

/** The site; what it lacks is noted in `errors`, what is given but not active in `announcements`. */
export function resolveSite(
  name: string,
  number: number,
  hosts: readonly string[],
  pick: Picker,
  layers: readonly Layer[],
  announcements: string[],
  errors: ErrorList,
): SiteConfig {
  const staticRoot = isStatic(layers) ? pick.maybe('static_root') : undefined;
  const origins = staticRoot === undefined ? ((pick.value('origins') ?? []) as OriginConfig[]) : [];
  const compressed = resolveCompression(pick, errors);
  const cache = resolveCache(pick, layers, compressed.enabled, errors);
  const isCompressed = compressed.enabled || cache.rules.some(({ compress }) => compress);
  const site: SiteConfig = {
    name,
    number,
    hosts: [...hosts],
    origins: [...origins],
    staticRoot,
    static: resolveStatic(pick, errors),
    compression: isCompressed ? compressed : undefined,
    hostHeader: resolveHostHeader(pick, errors),
    cache,
    ...resolveOriginTerms(pick, errors),
    rules: pick.items<SiteRule>('rules'),
    httpsRedirect: pick.boolean('https_redirect'),
    redirectPorts: { http: [], https: 443 },
    hsts: resolveHsts(pick, errors),
    earlyHints: pick.boolean('early_hints'),
    rateLimits: [],
    addonsAllow: pick.list('addons.allow'),
    upgrades: {
      // a folder speaks no other protocol
      enabled: pick.boolean('upgrades.enabled') && staticRoot === undefined,
      idleTimeout: pick.number('upgrades.idle_timeout'),
      maxMessage: pick.number('upgrades.max_message'),
      connections: pick.number('upgrades.connections'),
    },
  };
  site.rateLimits = resolveRateLimits(pick, site.rules, announcements, errors);
  const geo = resolveGeo(pick, errors);
  if (geo) {
    site.geo = geo;
    site.rules = [...countryRule(pick, geo), ...site.rules];
  }
  const bots = resolveBots(pick, errors);
  if (bots) site.bots = bots;
  const waf = resolveWaf(pick);
  announcements.push(...redirectLoops(site.rules), ...repeatedOrigins(origins, name));
  if (waf) site.waf = waf;
  if (bots || waf?.customRules.some(({ action }) => action === 'challenge'))
    site.challenge = resolveChallenge(pick, errors);
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

/** What the list that browsers come with asks for (hstspreload.org): a year, and all names under the host. */
const PRELOAD_AGE = 31_536_000;

function resolveHsts(pick: Picker, errors: ErrorList): SiteConfig['hsts'] {
  const maxAge = pick.value('hsts.max_age') as number | undefined;
  const place = pick.findObject('hsts');
  if (maxAge === undefined) {
    if (place && !pick.isBroken('hsts.max_age'))
      errors.add(place, 'hsts has no max_age', 'add "max_age": "365d", or a shorter time to begin with');
    return undefined;
  }
  const includeSubdomains = pick.boolean('hsts.include_subdomains');
  const preload = pick.boolean('hsts.preload');
  const preloadPlace = pick.find('hsts.preload')?.place;
  if (preloadPlace && preload && (!includeSubdomains || maxAge < PRELOAD_AGE)) {
    const fix = 'add "include_subdomains": true and "max_age": "365d", or remove preload';
    errors.add(preloadPlace, 'hsts.preload needs include_subdomains and a max_age of a year', fix);
  }
  return { maxAge, includeSubdomains, preload };
}
