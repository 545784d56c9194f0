import type { RateLimitConfig, SiteConfig } from '../config/config.ts';
import { OTHER_LIMITS } from '../ratelimit/counts.ts';
import { Limiter, type LimitReport, type RateLimits } from '../ratelimit/limiter.ts';
import type { CountryOf } from '../ratelimit/subject.ts';
import type { WafPlan } from '../waf/engine/waf.ts';
import type { Addon } from './addon.ts';
import { AllowList } from './allow-list.ts';
import { BotsAddon, type BotTools } from './bots.ts';
import { challengeOf, SolutionAddon } from './challenge.ts';
import { CustomAddon } from './custom.ts';
import { GeoAddon } from './geo.ts';
import { GuardPlan } from './plan.ts';
import { RateLimitAddon } from './rate-limit.ts';
import { WafAddon } from './waf.ts';
import type { WafReport } from './waf-report.ts';

/** What addons need of the thread that they run on. */
export interface GuardTools {
  readonly limits: RateLimits;
  /** Undefined where no site asks for countries. */
  readonly countryOf: CountryOf | undefined;
  readonly report: LimitReport;
  readonly waf: WafTools;
  /** Counts a request that is refused for its country. */
  readonly countRefused: () => void;
  readonly bots: Omit<BotTools, 'challenge' | 'limit'>;
}

/** What the WAF of a site is made of. */
export interface WafTools {
  /** Compiled; undefined where the site inspects nothing. */
  readonly plan: WafPlan | undefined;
  readonly report: WafReport;
}

const UNKNOWN: CountryOf = () => 'XX';

/**
 * The addons that a site's configuration asks for, in the order in which they look at a request.
 * @param limitLines of the counters of the site's limits @returns undefined where it asks for none
 */
export function compileGuard(
  site: SiteConfig,
  limitLines: readonly number[],
  tools: GuardTools,
): GuardPlan | undefined {
  const { limits, report } = tools;
  const countryOf = tools.countryOf ?? UNKNOWN;
  const limiter = (scope: 'requests' | 'origin') => {
    const compiled = Limiter.of(site, scope, limitLines, limits, countryOf, report);
    return compiled === undefined ? undefined : new RateLimitAddon(compiled);
  };
  const { plan } = tools.waf;
  const firewall =
    site.waf === undefined || plan === undefined ? undefined : new WafAddon(site.waf, plan, tools.waf.report);
  const addons: (Addon | undefined)[] = [
    site.geo === undefined ? undefined : new GeoAddon(site.geo, countryOf, tools.countRefused),
    ...clientAddons(site, countryOf, tools),
    limiter('requests'),
    firewall,
  ];
  const asked = addons.filter((addon) => addon !== undefined);
  const beforeOrigin = limiter('origin');
  if (asked.length === 0 && beforeOrigin === undefined) return undefined;
  const allow = site.addonsAllow.length === 0 ? [] : [new AllowList(site.addonsAllow)];
  return new GuardPlan([...allow, ...asked], beforeOrigin, firewall);
}

/** Solutions of puzzles, bots, custom rules. */
function clientAddons(site: SiteConfig, countryOf: CountryOf, tools: GuardTools): (Addon | undefined)[] {
  const challenge = challengeOf(site, tools.limits);
  const { bots, waf } = site;
  return [
    challenge === undefined ? undefined : new SolutionAddon(challenge),
    bots === undefined || challenge === undefined
      ? undefined
      : new BotsAddon(bots, { ...tools.bots, challenge, limit: botLimit(site.name, bots.requestsPerMinute, tools) }),
    waf === undefined || waf.customRules.length === 0
      ? undefined
      : new CustomAddon(waf, countryOf, tools.waf.report, challenge && ((x) => challenge.check(x))),
  ];
}

/** What bots meet whose action is `rate_limit`. The addon of bots reports what it refuses. */
function botLimit(name: string, perMinute: number, { limits }: GuardTools): RateLimitAddon | undefined {
  const limit: RateLimitConfig = {
    ...{ name: 'bots', match: [], methods: [], by: ['ip'], scope: 'requests', mode: 'enforce', allow: [], source: '' },
    ...{ rate: perMinute / 60, per: 60, burst: Math.max(1, Math.round(perMinute / 6)), concurrent: 0 },
    ...{ status: 429, body: undefined, contentType: 'text/plain', ipv6Prefix: 64, missing: 'ip' },
    fields: 'refusals',
  };
  const limiter = Limiter.of(
    { name, rateLimits: [limit], rules: [] },
    'requests',
    [OTHER_LIMITS],
    limits,
    UNKNOWN,
    () => {},
  );
  return limiter && new RateLimitAddon(limiter);
}
