import type { SiteConfig } from '../config/config.ts';
import { Limiter, type LimitReport, type RateLimits } from '../ratelimit/limiter.ts';
import type { CountryOf } from '../ratelimit/subject.ts';
import type { Addon } from './addon.ts';
import { AllowList } from './allow-list.ts';
import { GuardPlan } from './plan.ts';
import { RateLimitAddon } from './rate-limit.ts';

/** What addons need of the thread that they run on. */
export interface GuardTools {
  readonly limits: RateLimits;
  readonly countryOf: CountryOf;
  readonly report: LimitReport;
}

/**
 * The addons that a site's configuration asks for, in the order in which they look at a request.
 * @param limitLines of the counters of the site's limits @returns undefined where it asks for none
 */
export function compileGuard(
  site: SiteConfig,
  limitLines: readonly number[],
  { limits, countryOf, report }: GuardTools,
): GuardPlan | undefined {
  const limiter = (scope: 'requests' | 'origin') => {
    const compiled = Limiter.of(site, scope, limitLines, limits, countryOf, report);
    return compiled === undefined ? undefined : new RateLimitAddon(compiled);
  };
  // geo, bots and custom rules come between these two, the WAF behind them
  const addons: (Addon | undefined)[] = [limiter('requests')];
  const asked = addons.filter((addon) => addon !== undefined);
  const beforeOrigin = limiter('origin');
  if (asked.length === 0 && beforeOrigin === undefined) return undefined;
  const allow = site.addonsAllow.length === 0 ? [] : [new AllowList(site.addonsAllow)];
  return new GuardPlan([...allow, ...asked], beforeOrigin);
}
