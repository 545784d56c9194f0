/** The rate limits of a site: names given to those without, and what rules say of them. */

import type { RateLimitConfig, SiteRule } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Picker } from './picker.ts';
import { nearest } from './suggest.ts';

/** What is wrong goes to `errors`, what is odd to `announcements`. */
export function resolveRateLimits(
  pick: Picker,
  rules: readonly SiteRule[],
  announcements: string[],
  errors: ErrorList,
): RateLimitConfig[] {
  const limits = pick.items<RateLimitConfig>('addons.rate_limit').map((limit, i) => {
    const name = limit.name || (i === 0 ? 'default' : `limit-${i + 1}`);
    return { ...limit, name };
  });
  const names = limits.map(({ name }) => name);
  const place = pick.find('addons.rate_limit')?.place;
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (place && twice !== undefined)
    errors.add(place, `addons.rate_limit: two limits have the name "${twice}"`, 'give each a "name" of its own');
  const rulesPlace = pick.find('rules')?.place;
  for (const { limits: named, source } of rules) {
    const unknown = named.find((name) => !names.includes(name));
    if (unknown === undefined || !rulesPlace || pick.isBroken('addons.rate_limit')) continue;
    const meant = nearest(unknown, names);
    const known = names.length === 0 ? 'there is none: add "addons": {"rate_limit": ...}' : `use ${names.join(', ')}`;
    errors.add(
      rulesPlace,
      `rules (${source}): no rate limit has the name "${unknown}"`,
      meant === undefined ? known : `did you mean "${meant}"?`,
    );
  }
  for (const { name, by, missing, mode } of limits) {
    const invented = by.every((key) => key.includes(':')) && by.length > 0 && mode === 'enforce';
    if (invented && missing === 'skip')
      announcements.push(
        `the rate limit ${name} counts only requests that have ${by.join(', ')}: a client that leaves that out is not limited by it`,
      );
  }
  return limits;
}
