import type { SiteConfig } from '../config/config.ts';
import { Limiter, type LimitReport, type RateLimits } from '../ratelimit/limiter.ts';
import type { CountryOf } from '../ratelimit/subject.ts';
import type { WafPlan } from '../waf/engine/waf.ts';
import type { Addon } from './addon.ts';
import { AllowList } from './allow-list.ts';
import { CustomAddon } from './custom.ts';
import { GuardPlan } from './plan.ts';
import { RateLimitAddon } from './rate-limit.ts';
import { WafAddon } from './waf.ts';
import type { WafReport } from './waf-report.ts';

/** What addons need of the thread that they run on. */
export interface GuardTools {
  readonly limits: RateLimits;
  readonly countryOf: CountryOf;
  readonly report: LimitReport;
  readonly waf: WafTools;
}

/** What the WAF of a site is made of. */
export interface WafTools {
  /** Compiled; undefined where the site inspects nothing. */
  readonly plan: WafPlan | undefined;
  readonly report: WafReport;
}

/**
 * The addons that a site's configuration asks for, in the order in which they look at a request.
 * @param limitLines of the counters of the site's limits @returns undefined where it asks for none
 */
export function compileGuard(
  site: SiteConfig,
  limitLines: readonly number[],
  { limits, countryOf, report, waf: { plan, report: reportFinding } }: GuardTools,
): GuardPlan | undefined {
  const limiter = (scope: 'requests' | 'origin') => {
    const compiled = Limiter.of(site, scope, limitLines, limits, countryOf, report);
    return compiled === undefined ? undefined : new RateLimitAddon(compiled);
  };
  const { waf } = site;
  const custom =
    waf === undefined || waf.customRules.length === 0 ? undefined : new CustomAddon(waf, countryOf, reportFinding);
  const firewall = waf === undefined || plan === undefined ? undefined : new WafAddon(waf, plan, reportFinding);
  // geo and bots come before these
  const addons: (Addon | undefined)[] = [custom, limiter('requests'), firewall];
  const asked = addons.filter((addon) => addon !== undefined);
  const beforeOrigin = limiter('origin');
  if (asked.length === 0 && beforeOrigin === undefined) return undefined;
  const allow = site.addonsAllow.length === 0 ? [] : [new AllowList(site.addonsAllow)];
  return new GuardPlan([...allow, ...asked], beforeOrigin, firewall);
}
