import { isDeepStrictEqual } from 'node:util';
import type { Config, SiteConfig } from '../config/config.ts';
import type { PlanData } from '../threads/messages.ts';
import type { TlsTerms } from '../tls/terms.ts';
import { longestHead } from '../transport/load-uws.ts';

/** How two configurations differ, in words for people. */
export interface Changes {
  /** What a reload puts in force: `site added: shop`, `default: origins, rules`, `listen`. */
  readonly changed: string[];
  /** Settings whose new values count from the next start on. */
  readonly needsRestart: string[];
}

/** Process settings that are read at the start only, by their names in lb.json. */
const AT_START: readonly (readonly [string, (config: Config) => unknown])[] = [
  ['admin', ({ admin }) => admin],
  ['admin_token', ({ adminToken }) => adminToken],
  ['workers', ({ workers }) => workers],
  ['cache.memory', ({ cache }) => cache.memory],
  ['cache.eviction', ({ cache }) => cache.eviction],
  ['cache.disk', ({ disk }) => disk?.paths],
  ['cache.disk_size', ({ disk }) => disk?.size],
  ['log', ({ log }) => log],
  ['background_cpu', ({ backgroundCpu }) => backgroundCpu],
  ['multi_tenant', ({ multiTenant }) => multiTenant],
  ['data_dir', ({ dataDir }) => dataDir],
  ['tracing', ({ tracing }) => tracing],
  ['watch', ({ watch }) => watch],
];

const RELOADED: readonly (readonly [string, (config: Config) => unknown])[] = [
  ['listen', ({ listen, listenMore }) => [listen, ...listenMore]],
  ['tls', ({ tls }) => tls],
  ['acme', ({ acme }) => acme],
  ['h2c', ({ h2c }) => h2c],
  ['proxy_protocol', ({ proxyProtocol }) => proxyProtocol],
  ['trusted_proxies', ({ trustedProxies }) => trustedProxies],
  ['limits', ({ limits }) => limits],
  ['dns', ({ dns }) => dns],
  ['geo.database', ({ geo }) => geo.database],
  ['max_request_header', ({ maxRequestHeader }) => maxRequestHeader],
  ['max_request_body', ({ maxRequestBody }) => maxRequestBody],
  ['shutdown_timeout', ({ shutdownTimeout }) => shutdownTimeout],
];

/** What is another one in the files that two configurations name; they may have the same names. */
export function fileChanges(before: PlanData, after: PlanData): string[] {
  const of = (tls: TlsTerms) => [tls.certificates, tls.clientCa];
  const isOther = before.tls && after.tls && !isDeepStrictEqual(of(before.tls), of(after.tls));
  const isElsewhere = before.countries && after.countries && before.countries !== after.countries;
  return [
    ...(isOther ? ['certificates'] : []),
    ...(isElsewhere ? ['geo.database'] : []),
    ...sitesOfOtherRules(before, after).map((name) => `${name}: rules of the firewall`),
  ];
}

/** Sites whose firewall had rules before and has others now. */
function sitesOfOtherRules(before: PlanData, after: PlanData): string[] {
  const idsOf = ({ config, waf }: PlanData) => new Map(config.sites.map(({ name }, i) => [name, waf.ofSites[i]]));
  const former = idsOf(before);
  return [...idsOf(after)]
    .filter(([name, id]) => id && former.get(name) && former.get(name) !== id)
    .map(([name]) => name);
}

/** Keys of a site that no setting of its own is for. */
const DERIVED: ReadonlySet<keyof SiteConfig> = new Set(['number', 'redirectPorts']);

/** What becomes of the difference between the configuration in force and a new one. */
export function changesBetween(before: Config, after: Config): Changes {
  const differing = (rows: typeof AT_START) =>
    rows.filter(([, of]) => !isDeepStrictEqual(of(before), of(after))).map(([name]) => name);
  return {
    changed: [...differing(RELOADED), ...siteChanges(before.sites, after.sites)],
    needsRestart: [...differing(AT_START), ...longerHeads(before, after)],
  };
}

/** uWebSockets.js takes heads up to a length that it is told once. */
function longerHeads(before: Config, after: Config): string[] {
  const roomOf = ({ limits, maxRequestHeader }: Config) => longestHead(limits.url, maxRequestHeader);
  if (roomOf(after) <= roomOf(before)) return [];
  const names = after.maxRequestHeader > before.maxRequestHeader ? ['max_request_header'] : [];
  return after.limits.url > before.limits.url ? [...names, 'limits.url'] : names;
}

function siteChanges(before: readonly SiteConfig[], after: readonly SiteConfig[]): string[] {
  const old = new Map(before.map((site) => [site.name, site]));
  const current = new Set(after.map(({ name }) => name));
  const removed = before.filter(({ name }) => !current.has(name)).map(({ name }) => `site removed: ${name}`);
  const others = after.flatMap((site) => {
    const former = old.get(site.name);
    if (former === undefined) return [`site added: ${site.name}`];
    const parts = (Object.keys(site) as (keyof SiteConfig)[])
      .filter((key) => !DERIVED.has(key) && !isDeepStrictEqual(withoutPlaces(former[key]), withoutPlaces(site[key])))
      .map(snakeCase);
    return parts.length === 0 ? [] : [`${site.name}: ${parts.join(', ')}`];
  });
  return [...removed, ...others];
}

/** A value without where in the file its parts stand. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (key === 'source' ? [] : [[key, withoutPlaces(part)]])),
  );
}

/** A key of `SiteConfig` as lb.json has it. */
function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A configuration that may be put in force without a restart: what is read at the start only stays as it was. */
export function withStartSettings(before: Config, after: Config): Config {
  const { backgroundCpu, admin, adminToken, workers, log, multiTenant, dataDir, tracing, watch } = before;
  return {
    ...after,
    backgroundCpu,
    admin,
    adminToken,
    workers,
    log,
    multiTenant,
    dataDir,
    tracing,
    watch,
    cache: before.cache,
    disk: before.disk,
  };
}
