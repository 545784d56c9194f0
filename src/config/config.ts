/**
 * The resolved configuration: every value present, checked and in one unit.
 * `loadConfig` in load.ts makes it; all other code reads these types and never lb.json, flags or the environment.
 */

import type { BotsConfig, ChallengeConfig, GeoConfig } from './bot-config.ts';
import type { WafConfig } from './waf-config.ts';

/** All of lb's settings. Times in ms and sizes in bytes unless a comment says otherwise. */
export interface Config {
  /** Where clients connect without TLS. Port 0 lets the system choose. */
  listen: Address;
  /** Further addresses without TLS. */
  listenMore: Address[];
  /** Networks whose connections begin with a PROXY header, v1 or v2; every listener is node:http's then. */
  proxyProtocol: string[];
  /** Networks of proxies whose X-Forwarded-For and -Proto are believed. */
  trustedProxies: string[];
  /** Listeners without TLS take HTTP/2 by prior knowledge too; they are node:http's then. */
  h2c: boolean;
  tls: TlsConfig;
  acme: AcmeConfig;
  limits: ClientLimits;
  dns: DnsConfig;
  tracing: TracingConfig;
  /** Folder of what lb itself keeps: ACME accounts and certificates. */
  dataDir: string;
  /** Reload when the configuration file or a certificate changes. */
  watch: boolean;
  /** Where the admin API and metrics are. Not on a loopback address only when `adminToken` is set. */
  admin: Address;
  /** Bearer token of the admin API; a secret: never log or print it. */
  adminToken: string | undefined;
  /** Edge threads, 1 to 62. */
  workers: number;
  cache: { memory: number; eviction: 's3fifo' | 'lru' };
  /** Folders for what memory has no room for, absolute, at least one; `size` in bytes is the limit of each. */
  disk: { paths: string[]; size: number } | undefined;
  /** `database`: the MMDB file with countries, undefined for the one that comes with lb. */
  geo: { database: string | undefined };
  /** Origins at addresses that only this machine or its network reaches are refused. */
  multiTenant: boolean;
  /** `sample`: the part of requests in the access log, 0 to 1. `redact`: names of log fields that are left out. */
  log: { level: LogLevel; access: boolean; sample: number; redact: string[] };
  /** How long a drain may take after SIGTERM. */
  shutdownTimeout: number;
  /** CPU seconds per second that work in the background may take, over 0. */
  backgroundCpu: number;
  /** The largest request body, 0 for no limit. */
  maxRequestBody: number;
  /** The largest block of request headers. */
  maxRequestHeader: number;
  /** At least one. */
  sites: SiteConfig[];
}

/** TLS to clients. Files as absolute paths. */
export interface TlsConfig {
  /** Empty where TLS is off; then there is neither certificate nor ACME. */
  listen: Address[];
  /** In the order given; the first is for clients that name no host or an unknown one. */
  certificates: { cert: string; key: string }[];
  /** Folder with NAME.crt and NAME.key, NAME.pem with both, or NAME/fullchain.pem and NAME/privkey.pem. */
  folder: string | undefined;
  minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** HTTP/2 by ALPN. Off: uWebSockets.js ends TLS. */
  http2: boolean;
  /** CA file for clients' certificates. */
  clientCa: string | undefined;
  clientAuth: 'off' | 'request' | 'require';
}

/** Certificates from a certificate authority (RFC 8555). Active where there are domains. */
export interface AcmeConfig {
  domains: string[];
  email: string | undefined;
  /** URL of the directory. */
  directory: string;
  agreeTos: boolean;
  challenge: 'auto' | 'http-01' | 'tls-alpn-01';
  /** CA file for the directory's own TLS. */
  caFile: string | undefined;
  /** External account binding. `eabKey` is a secret. */
  eabKid: string | undefined;
  eabKey: string | undefined;
}

/** What a client may take. 0 stands for no limit. */
export interface ClientLimits {
  /** Connections in all. */
  connections: number;
  connectionsPerAddress: number;
  /** Bytes of a request target; a longer one is answered 414. */
  url: number;
  headerTimeout: number;
  /** How long a request body may pause. */
  bodyTimeout: number;
  /** Bytes a second that a request body must bring, on the average, after five seconds. */
  minReceiveRate: number;
  /** Bytes a second that a client must take of a response that waits for it. */
  minSendRate: number;
  /** How long a response may wait for its client. */
  sendTimeout: number;
  idleTimeout: number;
  /** HTTP/2: streams of a connection at once. */
  streams: number;
}

export interface DnsConfig {
  /** `ADDR` or `ADDR:PORT` of name servers; empty for the system's. */
  servers: string[];
  /** Bounds of how long an answer is used. */
  minTtl: number;
  maxTtl: number;
}

/** OpenTelemetry. Off where `endpoint` is undefined. */
export interface TracingConfig {
  /** Base URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318. */
  endpoint: string | undefined;
  /** Part of the traces that lb begins, 0 to 1; what a client has begun keeps its own flag. */
  sample: number;
  serviceName: string;
  /** `name: value` of further fields; secrets. */
  headers: string[];
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
  /** In keys, purges and counters: its position, until main gives it the number that its name had before a reload. */
  number: number;
  /** Lower case: `example.com`, `*.example.com` (any name under it), or `*` for every other host. */
  hosts: string[];
  /** In the order given; none where `staticRoot` stands for them. */
  origins: OriginConfig[];
  /** Folder, absolute, whose files are the site; undefined where origins are asked. */
  staticRoot: string | undefined;
  static: StaticConfig;
  /** Undefined where nothing of the site is compressed by lb. */
  compression: CompressionConfig | undefined;
  /** `auto`, `client`, `origin`, or the literal value of the Host field sent to the origin. */
  hostHeader: string;
  cache: SiteCacheConfig;
  /** `total`: from asking the origin to the end of its answer, 0 for no limit. */
  timeouts: { connect: number; firstByte: number; betweenBytes: number; total: number };
  balance: BalanceConfig;
  health: HealthConfig;
  passiveHealth: PassiveHealthConfig;
  retries: RetryConfig;
  originLimits: OriginLimits;
  circuitBreaker: CircuitBreakerConfig;
  originTls: OriginTlsConfig;
  /** `auto`: by ALPN where the origin offers it; `on`: by prior knowledge too (h2c); `off`: HTTP/1.1. */
  originHttp2: 'auto' | 'on' | 'off';
  upgrades: UpgradeConfig;
  /** In the order in which they are tried; every one that matches counts until one answers. */
  rules: SiteRule[];
  /** Requests without TLS are redirected. */
  httpsRedirect: boolean;
  /** Ports of lb's own listeners without TLS, and the first one with TLS, 443 where there is none. */
  redirectPorts: { http: number[]; https: number };
  /** Strict-Transport-Security, undefined for none. `maxAge` in seconds. */
  hsts: { maxAge: number; includeSubdomains: boolean; preload: boolean } | undefined;
  /** 103 with the Link fields that an earlier answer had. */
  earlyHints: boolean;
  /** In the order given. */
  rateLimits: RateLimitConfig[];
  /** Networks of clients whose requests no addon looks at. */
  addonsAllow: string[];
  geo?: GeoConfig;
  bots?: BotsConfig;
  /** Of bots and custom rules, where they may ask for it. */
  challenge?: ChallengeConfig;
  waf?: WafConfig;
}

/** How files of a folder are served. */
export interface StaticConfig {
  /** Names of the files that stand for a folder, the first that is there. */
  index: string[];
  /** Whether names that begin with a dot are served; those under `.well-known` are. */
  dotfiles: boolean;
  /** Seconds after which a stored file is compared with the one in the folder. */
  recheck: number;
}

export interface CompressionConfig {
  /** Where no cache rule says; a rule's `compress` goes over it. */
  enabled: boolean;
  /** What lb compresses to, the preferred one first. */
  encodings: ('zstd' | 'br' | 'gzip')[];
  /** Bytes of the smallest body that is compressed. */
  minLength: number;
  /** Lowercase media types, with `*`. */
  types: string[];
  /** What is asked for again is compressed better in the background. */
  background: boolean;
  dictionaries: DictionaryConfig[];
}

/** Answers that browsers use as dictionaries for further ones (RFC 9842). */
export interface DictionaryConfig {
  /** Globs on the path of such answers. */
  match: string[];
  /** The URL pattern of what they are for: `match` in Use-As-Dictionary. */
  useFor: string;
  id: string | undefined;
}

export interface OriginConfig {
  /** A name or an IP address, IPv6 without brackets; `localhost` for a unix socket. */
  host: string;
  port: number;
  tls: boolean;
  /** Path of a unix socket that is connected to in place of host and port. */
  unix: string | undefined;
  /** 1 to 1000: its part of the requests. */
  weight: number;
  /** Asked only while no other is up. */
  backup: boolean;
  /** Version of the PROXY header that connections begin with, 0 for none. */
  proxyProtocol: 0 | 1 | 2;
  /** Name for SNI and the certificate check where that is not `host`. */
  serverName: string | undefined;
}

export interface BalanceConfig {
  /** `p2c`: of two at random, the one with less latency and fewer requests. `hash`: consistent, with bounded load. */
  policy: 'round_robin' | 'least_connections' | 'p2c' | 'hash';
  /** What is hashed: `url`, `path`, `ip`, `host`, `header:NAME` or `cookie:NAME`. */
  hashBy: string;
  /** Name of the cookie that keeps a client with its origin, undefined for none. */
  stickyCookie: string | undefined;
}

/** Checks that main makes for all threads. */
export interface HealthConfig {
  type: 'off' | 'http' | 'tcp';
  path: string;
  /** Host field; undefined for the origin's own name. */
  host: string | undefined;
  /** Statuses that count as healthy: `200`, `200-399`. */
  statuses: string[];
  interval: number;
  timeout: number;
  /** Checks in a row after which an origin counts as up, and as down. */
  healthyAfter: number;
  unhealthyAfter: number;
  /** How long an origin that came up takes to get its full part, 0 for at once. */
  slowStart: number;
}

/** What requests tell of an origin. */
export interface PassiveHealthConfig {
  /** Failures in a row after which it is left out, 0 for off. */
  failures: number;
  /** How long it is left out; then one request at a time tries it. */
  eject: number;
}

export interface RetryConfig {
  /** Further tries after the first, 0 to 5. */
  attempts: number;
  /** Statuses that are tried again; connect failures and resets always are. */
  statuses: number[];
  /** Part of the requests that may be tries again, 0 to 1. */
  budget: number;
}

/** Of each origin, over all threads. */
export interface OriginLimits {
  connections: number;
  /** Requests that may wait for a connection. */
  queue: number;
  queueTimeout: number;
}

/** Opens when too many of the requests to an origin fail. */
export interface CircuitBreakerConfig {
  /** Part of failures, 0 to 1; 0 for off. */
  errorRate: number;
  /** Requests within `window` below which it stays closed. */
  minRequests: number;
  window: number;
  /** How long it stays open before it lets single requests through. */
  open: number;
}

/** TLS to origins. Files as absolute paths. */
export interface OriginTlsConfig {
  verify: boolean;
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
}

/** WebSocket and other protocols that a client asks to switch to. */
export interface UpgradeConfig {
  enabled: boolean;
  /** Without a byte either way. */
  idleTimeout: number;
  /** Bytes of one WebSocket message, where lb puts messages together. */
  maxMessage: number;
  /** At once, of the site on all threads; 0 for no limit. */
  connections: number;
}

/** What becomes of requests that match, beside caching. */
export interface SiteRule {
  /** Globs on the path, without the query; empty for every path. */
  match: string[];
  /** Upper case; empty for every method. */
  methods: string[];
  /** Host patterns; empty for every host of the site. */
  hosts: string[];
  /** Path for the origin, with variables; `{1}` is what the first `*` of the glob that matched stands for. */
  rewrite: string | undefined;
  redirect: { to: string; status: 301 | 302 | 303 | 307 | 308 } | undefined;
  respond: { status: number; body: string; headers: [string, string][] } | undefined;
  requestHeaders: HeaderChanges;
  responseHeaders: HeaderChanges;
  /** Names of the site's rate limits that are for these requests. */
  limits: string[];
  /** `lb.json:5:15`. */
  source: string;
}

/** Applied in this order. Names lowercase, values with variables such as `{client_ip}`. */
export interface HeaderChanges {
  remove: string[];
  set: [string, string][];
  add: [string, string][];
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
  /** Files with a hash in their names do not change. */
  immutable: boolean;
  /** Bytes of a slice, 0 for no slices. */
  slice: number;
  /** Nobody has set `slice`: it is for what memory could not hold whole. */
  sliceAuto: boolean;
  /** Answers are compressed by lb; the terms are those of `SiteConfig.compression`. */
  compress: boolean;
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
  /** Settings that the preset `static` has made, by their keys in the rule. */
  fromPreset: PresetKey[];
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

/** What the preset `static` can set in a rule. */
export type PresetKey = 'match' | 'ttl' | 'immutable' | 'compress' | 'key.query_exclude';

/** A limit on requests. */
export interface RateLimitConfig {
  /** Tells it apart from the others of its site, in answers, logs and metrics. */
  name: string;
  /** Globs on the path, without the query; empty for every path. */
  match: string[];
  /** Upper case; empty for every method. */
  methods: string[];
  /**
   * What a bucket is kept for: `ip`, `path`, `country`, `header:NAME`, `cookie:NAME` or `query:NAME`; several make a tuple,
   * none stands for all requests together.
   */
  by: string[];
  /** Requests a second, 0 where only `concurrent` counts. */
  rate: number;
  /** Seconds that the rate was given for: 1, 60 or 3600. */
  per: number;
  /** Requests that may come at once. */
  burst: number;
  /** Requests under way at once, 0 for no limit. */
  concurrent: number;
  /** What counts: every request, or those that an origin is asked for. */
  scope: 'requests' | 'origin';
  /** `log`: nothing is refused, but counted and logged as if it were. */
  mode: 'enforce' | 'log';
  /** Networks of clients that do not count. */
  allow: string[];
  /** Of a refusal. */
  status: number;
  /** Of a refusal; undefined for a problem document. */
  body: string | undefined;
  contentType: string;
  /** Which answers have RateLimit fields. */
  fields: 'refusals' | 'always';
  /** Bits of an IPv6 address that count as one client. */
  ipv6Prefix: number;
  /** What a request counts by that has no such header, cookie or parameter: the address, all such together, or not at all. */
  missing: 'ip' | 'together' | 'skip';
  /** `lb.json:5:15`. */
  source: string;
}
