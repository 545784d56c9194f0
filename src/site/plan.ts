import { isIP } from 'node:net';
import type { Cache, KeyPrefix } from '../cache/cache.ts';
import type { CacheRule, SiteConfig } from '../config/config.ts';
import { compileGlobs } from '../http/glob.ts';
import type { JudgePolicy } from '../http/judge.ts';

interface CompiledRule {
  rule: CacheRule;
  matches(path: string): boolean;
  policy: JudgePolicy;
}

/** Method class of GET and HEAD in a key; others are not cached. */
const RETRIEVAL = 'G';

/** A site's configuration compiled once, so that a request costs table look-ups only. */
export class SitePlan {
  /** Position in the configuration: the site's number in keys, purges and counters. */
  readonly index: number;
  readonly config: SiteConfig;
  readonly #cache: Cache;
  readonly #rules: CompiledRule[];
  readonly #noRule: JudgePolicy;

  constructor(index: number, config: SiteConfig, cache: Cache) {
    this.index = index;
    this.config = config;
    this.#cache = cache;
    const autoTtl = config.cache.auto ? config.cache.autoTtl : undefined;
    this.#noRule = { autoTtl };
    this.#rules = config.cache.rules.map((rule) => ({
      rule,
      matches: compileGlobs(rule.match),
      policy: { ruleTtl: rule.ttl, override: rule.override, force: rule.force, autoTtl },
    }));
  }

  /** What the configuration says about storing a response for `path` (without query): that of the first rule that matches. */
  policyFor(path: string): JudgePolicy {
    return this.#rules.find((compiled) => compiled.matches(path))?.policy ?? this.#noRule;
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
    const own = hostWithPort(origin);
    switch (this.config.hostHeader) {
      case 'client':
        return authority;
      case 'origin':
        return own;
      case 'auto':
        return isLocalName(host) && !isLocalName(origin.host) ? own : authority;
      default:
        return this.config.hostHeader;
    }
  }
}

function hostWithPort(origin: { host: string; port: number; tls: boolean }): string {
  const name = isIP(origin.host) === 6 ? `[${origin.host}]` : origin.host;
  return origin.port === (origin.tls ? 443 : 80) ? name : `${name}:${origin.port}`;
}

function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host.replace(/^\[|\]$/g, '')) !== 0;
}
