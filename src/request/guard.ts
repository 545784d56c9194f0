import { PENDING } from '../guard/addon.ts';
import { withFields } from '../site/rules.ts';
import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { problemOf } from './refusal.ts';
import { applyRules } from './rules.ts';
import { LOOKUP, RESPOND, type Step, UPGRADE, WAIT } from './step.ts';

/**
 * Turns away what the site's limits and addons do not allow, and does what its rules say, before the cache or the origin are
 * asked. Comes again where an addon has waited.
 */
export function guard(x: Exchange): Step {
  const limit = x.context.maxRequestBody;
  if (limit > 0 && x.contentLength > limit) {
    x.problem = { status: 413, detail: `the request body is larger than ${limit} bytes` };
    x.endConnection();
    return RESPOND;
  }
  const { rules, guard: addons } = x.host.plan;
  // a target in absolute form is taken apart where the request is checked
  if ((rules !== undefined || addons !== undefined) && !x.path.startsWith('/') && !admit(x)) return RESPOND;
  if (addons !== undefined) {
    const opinion = addons.run(x);
    if (opinion === PENDING) return WAIT;
    if (opinion !== undefined) {
      x.problem = problemOf(x, opinion);
      return RESPOND;
    }
  }
  const goesOn = rules === undefined || applyRules(x, rules);
  if (x.quota !== undefined) x.rules = withFields(x.rules, x.quota);
  if (!goesOn) return RESPOND;
  return x.request.isUpgrade ? UPGRADE : LOOKUP;
}
