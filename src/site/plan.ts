import { isIP } from 'node:net';
import type { Cache, KeyPrefix } from '../cache/cache.ts';
import type { CacheRule, CachingConfig, CompressionConfig, SiteConfig } from '../config/config.ts';
import type { GuardPlan } from '../guard/plan.ts';
import { TAG_FIELDS } from '../http/cache-tags.ts';
import { compileGlobs, type PathMatcher, splitGlobs } from '../http/glob.ts';
import type { JudgePolicy } from '../http/judge.ts';
import { plainGlob, plainPath } from '../http/plain-path.ts';
import { type CountryOf, KeyPlan, NO_COUNTRIES } from './key-plan.ts';
import { RulePlan } from './rules.ts';

/** What the configuration says about requests for a path and their answers. */
export interface CachePolicy extends JudgePolicy {
  /** The rule that is for the path, undefined where none is. */
  readonly rule: CacheRule | undefined;
  /** Milliseconds that a refresh may take before the stale response goes out, 0 for any time. */
  readonly staleDeadline: number;
  /** Whether Cache-Control and Pragma of clients count. */
  readonly clientDirectives: boolean;
  /** Whether answers to POST may be stored for GET. */
  readonly storePosted: boolean;
  /** Lowercase names of targeted fields (RFC 9213), the most specific first. */
  readonly targets: readonly string[];
  /** Bytes of a slice of a large resource, 0 for no slices. */
  readonly slice: number;
  /** Only what the cache has no room for whole is sliced. */
  readonly sliceAuto: boolean;
  /** How answers are compressed, undefined where they go out as origins send them. */
  readonly compression: CompressionConfig | undefined;
  /** Variants stored of one resource. */
  readonly maxVariants: number;
  /** Methods cached beside GET and HEAD, with the request body in the key. */
  readonly methods: readonly string[];
  /** Bytes of the largest request body that is keyed. */
  readonly bodyLimit: number;
  /** Undefined where everything is keyed as sent. */
  readonly key: KeyPlan | undefined;
}

/** The targeted field that is for caches beyond this one too (RFC 9213 section 3.1). */
const FOR_EVERY_CDN = 'cdn-cache-control';

interface CompiledRule {
  matches: PathMatcher;
  /** For plain paths. */
  matchesPlain: PathMatcher;
  policy: CachePolicy;
  /** Where the origin may read the path as one that the rule is not for. */
  doubted: CachePolicy;
}

/** Method class of GET and HEAD in a key; others are not cached. */
const RETRIEVAL = 'G';

/** A site's configuration compiled once, so that a request costs table look-ups only. */
export class SitePlan {
  /** Position in the configuration: the site's number in keys, purges and counters. */
  readonly index: number;
  readonly config: SiteConfig;
  /** No path of the site has a key plan, rules about keys, client directives or further methods: a hit needs no policy. */
  readonly simple: boolean;
  /** How answers are compressed where that is one for all paths, `by-path` where it is not, undefined where none are. */
  readonly compression: CompressionConfig | 'by-path' | undefined;
  /** Rewrites, redirects, simple answers and changes of fields; undefined where the site has none of them. */
  readonly rules: RulePlan | undefined;
  /** The site's addons; undefined where it has none. */
  readonly guard: GuardPlan | undefined;
  /** Lowercase names of the origin's fields that are for this cache alone: clients do not get them. */
  readonly hidden: readonly string[];
  readonly #cache: Cache;
  readonly #rules: CompiledRule[];
  readonly #noRule: CachePolicy;

  /** @param guard compiled from the same configuration */
  constructor(index: number, config: SiteConfig, cache: Cache, countryOf: CountryOf = NO_COUNTRIES, guard?: GuardPlan) {
    this.index = index;
    this.config = config;
    this.guard = guard;
    this.#cache = cache;
    this.hidden = [...TAG_FIELDS, ...config.cache.targets.filter((name) => name !== FOR_EVERY_CDN)];
    this.#noRule = policyOf(config, undefined, countryOf);
    this.#rules = config.cache.rules.map((rule) => {
      const policy = policyOf(config, rule, countryOf);
      return {
        matches: compileGlobs(rule.match),
        matchesPlain: compileGlobs(splitGlobs(rule.match).map(plainGlob)),
        policy,
        doubted: doubtedPolicy(policy, this.#noRule),
      };
    });
    const policies = [this.#noRule, ...this.#rules.map(({ policy }) => policy)];
    const [first] = policies;
    this.compression = policies.every(({ compression }) => compression === first.compression)
      ? first.compression
      : 'by-path';
    this.rules = RulePlan.isNeeded(config) ? new RulePlan(config, countryOf) : undefined;
    const isPlain = policies.every(
      ({ key, clientDirectives, methods }) => key === undefined && !clientDirectives && methods.length === 0,
    );
    this.simple = isPlain && this.rules?.isKeyed !== true;
  }

  /**
   * The policy for a path (without query): that of the first rule that matches, without what makes responses live
   * longer where an origin may read the path as one that the rule does not match.
   */
  policyFor(path: string): CachePolicy {
    for (const rule of this.#rules) {
      if (!rule.matches(path)) continue;
      const plain = plainPath(path);
      if (plain === path) return rule.policy;
      return plain !== undefined && rule.matchesPlain(plain) ? rule.policy : rule.doubted;
    }
    return this.#noRule;
  }

  /**
   * The constant part of a key: site, scheme, host and method class, each with its length before it. The host counts
   * with its port (the origin is told both), and purges by host compare it without.
   */
  keyPrefix(scheme: 'http' | 'https', host: string, authority: string): KeyPrefix {
    const parts = [String(this.index), scheme, authority, RETRIEVAL];
    const text = parts.map((part) => `${part.length}:${part}`).join('');
    return this.#cache.prefix(new TextEncoder().encode(text), this.index, host);
  }

  /**
   * The Host field for an origin. `auto` forwards the client's, except where the client reached lb under a name that
   * only this machine knows (an address, localhost) and the origin has a public name: then the origin's.
   */
  originHost(authority: string, host: string, origin: { host: string; port: number; tls: boolean }): string {
    switch (this.config.hostHeader) {
      case 'client':
        return authority;
      case 'origin':
        return hostWithPort(origin);
      case 'auto':
        return isLocalName(host) && !isLocalName(origin.host) ? hostWithPort(origin) : authority;
      default:
        return this.config.hostHeader;
    }
  }
}

/** The site's settings with those of a rule over them. */
function policyOf({ cache, compression }: SiteConfig, rule: CacheRule | undefined, countryOf: CountryOf): CachePolicy {
  const caching: CachingConfig = rule ?? cache;
  const { heuristic } = caching;
  return {
    rule,
    ruleTtl: rule?.ttl,
    override: rule?.override,
    force: rule?.force,
    autoTtl: cache.auto ? cache.autoTtl : undefined,
    heuristic: heuristic === 0 ? false : { fraction: heuristic, max: cache.heuristicMax },
    negativeTtl: caching.negativeTtl,
    errorTtl: caching.errorTtl,
    staleWhileRevalidate: caching.staleWhileRevalidate,
    staleIfError: caching.staleIfError,
    staleDeadline: caching.staleDeadline,
    storeSetCookie: caching.storeSetCookie,
    storePosted: caching.storePosted,
    clientDirectives: caching.clientDirectives,
    targets: cache.targets,
    slice: caching.slice,
    sliceAuto: caching.sliceAuto,
    compression: caching.compress ? compression : undefined,
    maxVariants: cache.maxVariants,
    methods: rule?.methods ?? [],
    bodyLimit: rule?.bodyLimit ?? 0,
    key: KeyPlan.isNeeded(caching.key) ? new KeyPlan(caching.key, countryOf) : undefined,
  };
}

/** A rule's policy that lets responses live no longer than without the rule, and keys them as the rule does. */
function doubtedPolicy(policy: CachePolicy, noRule: CachePolicy): CachePolicy {
  const least = (name: 'negativeTtl' | 'errorTtl' | 'staleWhileRevalidate' | 'staleIfError'): number =>
    Math.min(policy[name] ?? 0, noRule[name] ?? 0);
  return {
    ...policy,
    ruleTtl: undefined,
    override: undefined,
    force: undefined,
    heuristic: lesserHeuristic(policy.heuristic, noRule.heuristic),
    negativeTtl: least('negativeTtl'),
    errorTtl: least('errorTtl'),
    staleWhileRevalidate: least('staleWhileRevalidate'),
    staleIfError: least('staleIfError'),
    storeSetCookie: policy.storeSetCookie === true && noRule.storeSetCookie === true,
    storePosted: policy.storePosted && noRule.storePosted,
    methods: [],
  };
}

function lesserHeuristic(a: JudgePolicy['heuristic'], b: JudgePolicy['heuristic']): JudgePolicy['heuristic'] {
  if (a === false || b === false) return false;
  return (a?.fraction ?? 0) < (b?.fraction ?? 0) ? a : b;
}

function hostWithPort(origin: { host: string; port: number; tls: boolean }): string {
  const name = isIP(origin.host) === 6 ? `[${origin.host}]` : origin.host;
  return origin.port === (origin.tls ? 443 : 80) ? name : `${name}:${origin.port}`;
}

function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host.replace(/^\[|\]$/g, '')) !== 0;
}
