import type { RulePlan } from '../site/rules.ts';
import type { Exchange } from './exchange.ts';

/** A segment `.` or `..`, however it is written: the origin would resolve it, out of what a rule has put before it. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|$)/i;

/** Makes of the request what the site's rules say. False where they, or what is wrong with it, answer it. */
export function applyRules(x: Exchange, rules: RulePlan): boolean {
  const outcome = rules.apply(x);
  x.rules = outcome;
  const { target, answer } = outcome;
  if (answer !== undefined) {
    x.answer = answer;
    x.cacheStatus = 'lb; detail=rule';
    return false;
  }
  if (target === undefined) return true;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (DOT_SEGMENT.test(path)) {
    x.problem = { status: 400, detail: 'the path has dot segments' };
    return false;
  }
  x.askedPath = x.path;
  x.path = path;
  x.query = mark < 0 ? '' : target.slice(mark + 1);
  x.target = target;
  return true;
}
