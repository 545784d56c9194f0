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
  /** `database`: the MMDB file with countries, undefined for the one that comes with lb. */
  geo: { database: string | undefined };
  /** Origins at addresses that only this machine or its network reaches are refused. */
  multiTenant: boolean;
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
  cache: SiteCacheConfig;
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

/** What is cached, how long, and under which key; a rule's goes over its site's. */
export interface CachingConfig {
  /** Seconds of stale use while a response is refreshed, where the origin gives none. */
  staleWhileRevalidate: number;
  /** Seconds of stale use when the origin fails, where the origin gives none. */
  staleIfError: number;
  /** Milliseconds after which a client gets the stale response in place of waiting for its refresh, 0 for off. */
  staleDeadline: number;
  /** Whether Cache-Control and Pragma of requests count. */
  clientDirectives: boolean;
  /** Seconds of freshness of 404 and 410 where the origin gives none. */
  negativeTtl: number;
  /** Seconds of freshness of 500, 502, 503 and 504 where the origin gives none, at most 60. */
  errorTtl: number;
  /** Part of the time since Last-Modified, 0 to 1; 0 for off. */
  heuristic: number;
  storeSetCookie: boolean;
  /** Whether answers to POST that say that they are what GET would get are stored for it. */
  storePosted: boolean;
  key: KeyConfig;
}

/** What tells requests for one path apart, and is all that origins are asked with. */
export interface KeyConfig {
  /** Names of parameters that stay, with `*`; undefined for all. */
  queryInclude: string[] | undefined;
  /** Names of parameters that are dropped, with `*`, and presets. */
  queryExclude: string[];
  querySort: boolean;
  /** Lowercase. */
  headers: string[];
  /** The cookies that go on to the origin and are keyed; undefined where all go on and none is keyed. */
  cookies: string[] | undefined;
  device: boolean;
  country: boolean;
}

export interface SiteCacheConfig extends CachingConfig {
  auto: boolean;
  /** Seconds. */
  autoTtl: number;
  /** Seconds. */
  heuristicMax: number;
  /** Lowercase names of targeted fields, the most specific first. */
  targets: string[];
  /** Variants stored of one resource. */
  maxVariants: number;
  /** In the order in which they are tried. */
  rules: CacheRule[];
}

export interface CacheRule extends CachingConfig {
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
  /** Methods cached beside GET and HEAD, with the request body in the key: `POST`. */
  methods: string[];
  /** Bytes of the largest request body that is keyed. */
  bodyLimit: number;
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
