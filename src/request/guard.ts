import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { applyRules } from './rules.ts';
import { LOOKUP, RESPOND, type Step, UPGRADE } from './step.ts';

/** Turns away what the site's limits do not allow, and does what its rules say, before the cache or the origin are asked. */
export function guard(x: Exchange): Step {
  const limit = x.context.maxRequestBody;
  if (limit > 0 && x.contentLength > limit) {
    x.problem = { status: 413, detail: `the request body is larger than ${limit} bytes` };
    x.endConnection();
    return RESPOND;
  }
  const { rules } = x.host.plan;
  // a target in absolute form is taken apart where the request is checked
  if (rules !== undefined && ((!x.path.startsWith('/') && !admit(x)) || !applyRules(x, rules))) return RESPOND;
  return x.request.isUpgrade ? UPGRADE : LOOKUP;
}
