// GET /status: how this lb is, in one answer.
import type { StatsSnapshot, StatValue } from '../stats/snapshot.ts';
import type { AdminDeps, ListenerState, OriginState } from './types.ts';

/** The answer of `GET /status`. Times in seconds, sizes in bytes. */
export interface Status {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly uptime_seconds: number;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reasons: readonly string[];
  /** Of the configuration: 1 at the start, one more with each reload. */
  readonly generation: number;
  readonly listeners: readonly ListenerState[];
  readonly workers: readonly WorkerStatus[];
  readonly sites: readonly SiteStatus[];
  readonly origins: readonly OriginState[];
  readonly limits: readonly LimitStatus[];
  readonly firewalls: readonly FirewallStatus[];
  readonly countries: readonly CountryStatus[];
  readonly bots: readonly BotStatus[];
  readonly cache: CacheStatus;
  readonly disks: readonly DiskStatus[];
  readonly memory: { readonly resident_bytes: number; readonly heap_bytes: number };
}

export interface WorkerStatus {
  readonly id: number;
  readonly up: boolean;
  readonly restarts: number;
  readonly uptime_seconds: number;
  /** Share of the last second in which the thread was busy, 0 to 1. */
  readonly busy: number;
  /** Requests that were not answered at once. */
  readonly active_requests: number;
  readonly heap_bytes: number;
}

export interface SiteStatus {
  readonly name: string;
  /** Since the start. */
  readonly requests: number;
  readonly errors: number;
  /** Part of the answers that came from the cache, 0 to 1; null where none could have. */
  readonly hit_ratio: number | null;
}

/** Requests at a rate limit since the start. */
export interface LimitStatus {
  readonly site: string;
  readonly name: string;
  readonly passed: number;
  readonly refused: number;
  /** By a limit that only logs. */
  readonly would_refuse: number;
  /** Of clients on its list. */
  readonly allowed: number;
}

/** Requests in which rules of a site's firewall have fired since the start. */
export interface FirewallStatus {
  readonly site: string;
  /** Responses too. */
  readonly blocked: number;
  readonly would_block: number;
  /** Below the threshold. */
  readonly passed: number;
}

/** Requests of a site that were refused for the country of their client, since the start. */
export interface CountryStatus {
  readonly site: string;
  readonly refused: number;
}

/** Requests of one class of clients at a site with `addons.bots`, since the start. */
export interface BotStatus {
  readonly site: string;
  readonly class: string;
  /** Logged ones too. */
  readonly allowed: number;
  readonly rate_limited: number;
  readonly challenged: number;
  /** With a cookie of the challenge. */
  readonly challenge_passed: number;
  readonly blocked: number;
  /** In log mode. */
  readonly would_refuse: number;
}

export interface CacheStatus {
  readonly memory_bytes: number;
  readonly used_bytes: number;
  readonly objects: number;
  readonly evictions: number;
  readonly flights: number;
  readonly pins: number;
  /** Part of the answers that came from the cache since the start, 0 to 1; null where none could have. */
  readonly hit_ratio: number | null;
}

/** A folder for what memory has no room for. */
export interface DiskStatus {
  readonly folder: string;
  readonly state: string;
  /** Why it failed, or does not write. */
  readonly reason: string | null;
  readonly limit_bytes: number;
  readonly used_bytes: number;
  readonly objects: number;
  /** Since the disk's thread began. */
  readonly writes: number;
  readonly evictions: number;
}

export function statusOf(deps: AdminDeps): Status {
  const snapshot = deps.stats();
  const { process: own } = snapshot;
  const reasons = deps.ready();
  return {
    version: deps.version,
    node: process.versions.node,
    pid: process.pid,
    started: new Date(performance.timeOrigin).toISOString(),
    uptime_seconds: snapshot.uptime_seconds,
    ready: reasons.length === 0,
    reasons,
    generation: deps.generation(),
    listeners: deps.listeners(),
    workers: workersOf(snapshot),
    sites: Object.entries(snapshot.sites).map(([name, counted]) => ({
      name,
      requests: sum(counted.http_requests_total),
      errors: sum(counted.http_requests_total, '5xx'),
      hit_ratio: hitRatio([counted]),
    })),
    origins: deps.originStates(),
    limits: limitsOf(snapshot),
    firewalls: firewallsOf(snapshot),
    countries: countriesOf(snapshot),
    bots: botsOf(snapshot),
    cache: {
      memory_bytes: sum(own.cache_memory_bytes),
      used_bytes: sum(own.cache_used_bytes),
      objects: sum(own.cache_objects),
      evictions: sum(own.cache_evictions_total),
      flights: sum(own.cache_flights),
      pins: sum(own.cache_pins),
      hit_ratio: hitRatio(Object.values(snapshot.sites)),
    },
    disks: deps.disks?.() ?? [],
    memory: { resident_bytes: sum(own.process_resident_memory_bytes), heap_bytes: sum(own.process_heap_bytes) },
  };
}

function workersOf({ workers }: StatsSnapshot): WorkerStatus[] {
  return Object.entries(workers).map(([id, counted]) => ({
    id: Number(id),
    up: sum(counted.worker_up) === 1,
    restarts: sum(counted.worker_restarts_total),
    uptime_seconds: sum(counted.worker_uptime_seconds),
    busy: sum(counted.worker_event_loop_utilization_ratio),
    active_requests: sum(counted.worker_active_requests),
    heap_bytes: sum(counted.worker_heap_used_bytes),
  }));
}

function limitsOf({ sites }: StatsSnapshot): LimitStatus[] {
  return Object.entries(sites).flatMap(([site, { rate_limit_requests_total: limits = {} }]) =>
    Object.entries(limits).map(([name, results]) => {
      const of = (result: string) => sum(results, result);
      return {
        ...{ site, name, passed: of('passed'), refused: of('refused') },
        ...{ would_refuse: of('would_refuse'), allowed: of('allowed') },
      };
    }),
  );
}

/** Of those in which a rule has fired. */
function firewallsOf({ sites }: StatsSnapshot): FirewallStatus[] {
  return Object.entries(sites).flatMap(([site, { waf_requests_total: actions }]) => {
    const of = (action: string) => sum(actions, action);
    const blocked = of('blocked') + of('response_blocked');
    return sum(actions) === 0 ? [] : [{ site, blocked, would_block: of('would_block'), passed: of('passed') }];
  });
}

/** Of those that have refused any. */
function countriesOf({ sites }: StatsSnapshot): CountryStatus[] {
  return Object.entries(sites).flatMap(([site, { geo_refused_total: refused }]) =>
    sum(refused) === 0 ? [] : [{ site, refused: sum(refused) }],
  );
}

/** Of classes that were seen. */
function botsOf({ sites }: StatsSnapshot): BotStatus[] {
  return Object.entries(sites).flatMap(([site, { bot_requests_total: classes = {} }]) =>
    Object.entries(classes).flatMap(([name, results]) => {
      const of = (result: string) => sum(results, result);
      const status = {
        ...{ site, class: name, allowed: of('allowed') + of('logged'), rate_limited: of('rate_limited') },
        ...{ challenged: of('challenged'), challenge_passed: of('challenge_passed') },
        ...{ blocked: of('blocked'), would_refuse: of('would_refuse') },
      };
      return sum(results) === 0 ? [] : [status];
    }),
  );
}

/** All that is counted under a value, or only what is under one last label; 0 where nothing is. */
export function sum(value: StatValue | undefined, label?: string): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return label === undefined ? value : 0;
  return Object.entries(value).reduce(
    (total, [name, inner]) => total + sum(inner, name === label ? undefined : label),
    0,
  );
}

/** Answers from the cache among those that could have come from it. */
export function hitRatio(sites: readonly Readonly<Record<string, StatValue>>[]): number | null {
  const of = (name: string) => sites.reduce((total, counted) => total + sum(counted[name]), 0);
  const fromCache = of('cache_hits_total') + of('cache_stale_total');
  const all = fromCache + of('cache_misses_total') + of('cache_collapsed_total');
  return all === 0 ? null : Math.round((fromCache / all) * 10_000) / 10_000;
}
