import type { RateLimitConfig, SiteRule } from '../config/config.ts';
import { compileGlobs, type PathMatcher } from '../http/glob.ts';
import { type NetworkTest, networkTest } from '../http/networks.ts';
import { pathForms } from '../http/path-forms.ts';
import { plainGlob, plainPath } from '../http/plain-path.ts';
import { type RateTerms, rateTerms } from './buckets.ts';
import type { HashState, KeyedHash } from './hash.ts';
import { compileKey, type LimitKey } from './key.ts';
import type { CountryOf, LimitSubject } from './subject.ts';

/** What a limit or a rule is for. */
export interface Selection {
  readonly match: readonly string[];
  readonly methods: readonly string[];
  readonly hosts?: readonly string[];
}

/** Whether a limit is for a request. */
export type Selector = (x: LimitSubject) => boolean;

/** One limit of a site, compiled. */
export class Limit {
  readonly config: RateLimitConfig;
  /** Undefined where only requests under way are counted. */
  readonly rate: RateTerms | undefined;
  /** Line of its counters. */
  readonly line: number;
  readonly isEnforced: boolean;
  /** Undefined where it is for every request. */
  readonly selects: Selector | undefined;
  readonly #isAllowed: NetworkTest | undefined;
  readonly #key: LimitKey;
  readonly #seed: HashState;
  /** The hash of a request's key, from `select` until the next request. */
  lo = 0;
  hi = 0;

  constructor(site: string, config: RateLimitConfig, rules: readonly SiteRule[], line: number, tools: LimitTools) {
    this.config = config;
    this.line = line;
    this.isEnforced = config.mode === 'enforce';
    this.rate = config.rate > 0 ? rateTerms(config.rate, config.burst) : undefined;
    this.selects = selectorOf(config, rules);
    this.#isAllowed = config.allow.length === 0 ? undefined : networkTest(config.allow);
    this.#key = compileKey(config, tools.countryOf);
    const { hash } = tools;
    // a limit that says the same after a reload has the same buckets
    hash.begin();
    hash.text(identityOf(site, config));
    this.#seed = hash.state();
  }

  /** Whether requests of this client count. */
  isAllowed(x: LimitSubject): boolean {
    return this.#isAllowed?.(x.clientAddress()) ?? false;
  }

  /** Makes `lo` and `hi` those of a request's key. @returns false where the request has none and so does not count */
  readKey(x: LimitSubject, hash: KeyedHash): boolean {
    hash.resume(this.#seed);
    if (!this.#key.add(x, hash)) return false;
    hash.end();
    this.lo = hash.lo;
    this.hi = hash.hi;
    return true;
  }
}

export interface LimitTools {
  readonly hash: KeyedHash;
  readonly countryOf: CountryOf;
}

/** What buckets belong to: where any of it changes they begin anew. */
function identityOf(site: string, config: RateLimitConfig): string {
  const { name, by, ipv6Prefix, missing, rate, burst, concurrent, scope } = config;
  return JSON.stringify([site, name, by, ipv6Prefix, missing, rate, burst, concurrent, scope]);
}

/** A limit that rules name is for their requests alone. @returns undefined where it is for every request */
export function selectorOf(config: RateLimitConfig, rules: readonly SiteRule[]): Selector | undefined {
  const own = compileSelection(config);
  const naming = rules.filter(({ limits }) => limits.includes(config.name)).map(compileSelection);
  if (naming.length === 0 || naming.includes(undefined)) return own;
  return (x) => (own === undefined || own(x)) && naming.some((selects) => selects?.(x));
}

/** Paths match as they were sent, or as an origin may read them: nobody gets past a limit by another spelling. */
function compileSelection({ match, methods, hosts = [] }: Selection): Selector | undefined {
  if (match.length + methods.length + hosts.length === 0) return undefined;
  const matches = compileGlobs([...match]);
  const matchesPlain = compileGlobs(match.map(plainGlob));
  const named = new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
  return (x) =>
    (named.size === 0 || named.has(x.method)) &&
    (match.length === 0 || matchesPath(x.path, matches, matchesPlain)) &&
    (hosts.length === 0 || hosts.some((pattern) => isOfHost(pattern, x.host.host)));
}

function matchesPath(path: string, matches: PathMatcher, matchesPlain: PathMatcher): boolean {
  if (matches(path)) return true;
  const plain = plainPath(path);
  // what may be read as any path counts as one of these
  if (plain === undefined || (plain !== path && matchesPlain(plain))) return true;
  const lenient = pathForms(path)[1];
  return lenient !== undefined && matches(lenient);
}

function isOfHost(pattern: string, host: string): boolean {
  return pattern === '*' || (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host);
}
