import type { RulePlan } from '../site/rules.ts';
import type { Exchange } from './exchange.ts';

/** Makes of the request what the site's rules say. False where they, or what is wrong with it, answer it. */
export function applyRules(x: Exchange, rules: RulePlan): boolean {
  const outcome = rules.apply(x);
  x.rules = outcome;
  const { target, answer, refusal } = outcome;
  if (answer !== undefined) {
    x.answer = answer;
    x.cacheStatus = 'lb; detail=rule';
    return false;
  }
  if (target === undefined) return true;
  if (refusal !== undefined) {
    x.problem = { status: 400, detail: refusal };
    return false;
  }
  const mark = target.indexOf('?');
  x.askedPath = x.path;
  x.path = mark < 0 ? target : target.slice(0, mark);
  x.query = mark < 0 ? '' : target.slice(mark + 1);
  x.target = target;
  return true;
}
