/**
 * The resolved configuration: every value present, checked and in one unit.
 * `loadConfig` in load.ts makes it; all other code reads these types and never lb.json, flags or the environment.
 */

/** All of lb's settings. Times in ms and sizes in bytes unless a comment says otherwise. */
export interface Config {
  /** Where clients connect. Port 0 lets the system choose. */
  listen: Address;
  /** Where the admin API and metrics are. Not on a loopback address only when `adminToken` is set. */
  admin: Address;
  /** Bearer token of the admin API; a secret: never log or print it. */
  adminToken: string | undefined;
  /** Edge threads, 1 to 62. */
  workers: number;
  cache: { memory: number; eviction: 's3fifo' | 'lru' };
  /** `sample`: the part of requests in the access log, 0 to 1. `redact`: names of log fields that are left out. */
  log: { level: LogLevel; access: boolean; sample: number; redact: string[] };
  /** How long a drain may take after SIGTERM. */
  shutdownTimeout: number;
  /** The largest request body, 0 for no limit. */
  maxRequestBody: number;
  /** The largest block of request headers. */
  maxRequestHeader: number;
  /** At least one. */
  sites: SiteConfig[];
}

export interface Address {
  /** A name or an IP address, IPv6 without brackets. */
  host: string;
  port: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** One site: what answers for a set of host names. */
export interface SiteConfig {
  /** Names the site in metrics, logs and purges: its key under `sites`, or `default`. */
  name: string;
  /** Lower case: `example.com`, `*.example.com` (any name under it), or `*` for every other host. */
  hosts: string[];
  /** At least one, in the order given. */
  origins: OriginConfig[];
  /** `auto`, `client`, `origin`, or the literal value of the Host field sent to the origin. */
  hostHeader: string;
  /** `autoTtl` in seconds. Rules in the order in which they are tried. */
  cache: { auto: boolean; autoTtl: number; rules: CacheRule[] };
  timeouts: { connect: number; firstByte: number; betweenBytes: number };
  rateLimit?: RateLimitConfig;
  waf?: WafConfig;
}

export interface OriginConfig {
  /** A name or an IP address, IPv6 without brackets. */
  host: string;
  port: number;
  tls: boolean;
}

export interface CacheRule {
  /** The rule's key under `cache`, such as `static`. */
  name: string;
  /** Globs on the path, without the query; see globs.ts for what they match. */
  match: string[];
  /** Seconds of freshness where the origin gives none, or always with `override`. */
  ttl: number | undefined;
  /** `ttl` goes over what the origin says, but not over `private` and `no-store`. */
  override: boolean;
  /** With `override`: over `private` and `no-store` too. */
  force: boolean;
  /** Where the rule comes from: `lb.json:5:15`, `--cache-static` or `LB_CACHE_STATIC`. */
  source: string;
}

export interface RateLimitConfig {
  requestsPerSecond: number;
  /** Requests at once above the rate. */
  burst: number;
  /** What a bucket is kept for: `ip`, `path`, `country`, `header:NAME`, `cookie:NAME` or `query:NAME`; several make a tuple. */
  by: string[];
}

export interface WafConfig {
  ruleset: string;
  mode: 'block' | 'log' | 'off';
  paranoiaLevel: number;
  /** Folder of the rule set, where given. */
  path: string | undefined;
  /** SecLang files read before the rules. */
  setup: string[];
  /** SecLang files read after the rules. */
  rules: string[];
}
