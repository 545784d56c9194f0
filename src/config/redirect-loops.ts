import { compileGlobs } from '../http/glob.ts';
import type { SiteRule } from './config.ts';

/**
 * Redirects of a site's rules to a path that the same rule sends away again, as sentences. Of a path with variables
 * nobody knows, and where a rule before it may answer for the path there is no loop.
 */
export function redirectLoops(rules: readonly SiteRule[]): string[] {
  return rules.flatMap((rule, index) => {
    const { redirect, methods, source } = rule;
    if (redirect === undefined || !/^\/[^{]*$/.test(redirect.to)) return [];
    if (methods.length > 0 && !methods.includes('GET')) return [];
    const path = redirect.to.split(/[?#]/, 1)[0];
    const mayAnswer = (other: SiteRule) => (other.redirect ?? other.respond) !== undefined && isFor(other, path);
    if (!isFor(rule, path) || rules.slice(0, index).some(mayAnswer)) return [];
    return [`rules (${source}): the rule is for ${path} too, and redirects it to itself`];
  });
}

function isFor({ match }: SiteRule, path: string): boolean {
  return match.length === 0 || compileGlobs(match)(path);
}
