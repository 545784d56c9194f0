import type { Status } from '../../admin/status.ts';
import { hitRatio, sum } from '../../admin/status.ts';
import type { OriginState } from '../../admin/types.ts';
import type { StatsSnapshot } from '../../stats/snapshot.ts';
import type { Ranked, SortKey, Tally } from './tally.ts';

/** What `lb top` shows at one moment; rates by the second. */
export interface TopReport {
  readonly time: string;
  readonly sort: SortKey;
  /** Share of requests that URLs and clients are worked out from. */
  readonly sample: number;
  /** Lines that were lost; what is worked out from lines is too low then. */
  readonly lost: number;
  readonly requests: number;
  readonly errors: number;
  readonly bytes: number;
  readonly hit_ratio: number | null;
  readonly statuses: readonly { readonly status: number; readonly requests: number }[];
  readonly cache: readonly { readonly result: string; readonly requests: number }[];
  readonly origins: readonly TopOrigin[];
  readonly urls: readonly Ranked[];
  readonly clients: readonly Ranked[];
}

export interface TopOrigin {
  readonly site: string;
  readonly url: string;
  readonly state: OriginState['state'];
  readonly requests: number | null;
  readonly errors: number | null;
  readonly under_way: number | null;
  readonly latency_ms: number | null;
}

/** Counters and origins at one moment. */
export interface Look {
  readonly stats: StatsSnapshot;
  readonly status: Status;
}

/** Puts together what lines tell and what counters tell, which are exact. @param before the look before this one */
export function topReport(
  tally: Tally,
  before: Look,
  now: Look,
  terms: { sort: SortKey; sample: number; count: number },
): TopReport {
  const seconds = (Date.parse(now.stats.time) - Date.parse(before.stats.time)) / 1000;
  const rate = (later: number, earlier: number) => (seconds <= 0 ? 0 : Math.max(0, later - earlier) / seconds);
  const counted = (metric: string, label?: string) => rate(total(now, metric, label), total(before, metric, label));
  const of = <K>(counts: ReadonlyMap<K, number>) =>
    [...counts].map(([key, count]) => [key, tally.perSecond(count)] as const).filter(([, count]) => count >= 0.005);
  return {
    time: now.stats.time,
    sort: terms.sort,
    sample: terms.sample,
    lost: tally.lost,
    requests: counted('http_requests_total'),
    errors: counted('http_requests_total', '5xx'),
    bytes: counted('http_response_bytes_total'),
    hit_ratio: hitRatio([difference(before, now)]),
    statuses: of(tally.statuses)
      .map(([status, requests]) => ({ status, requests }))
      .sort((a, b) => b.requests - a.requests),
    cache: of(tally.cache)
      .map(([result, requests]) => ({ result, requests }))
      .sort((a, b) => b.requests - a.requests),
    origins: originRates(before, now, rate),
    urls: tally.urls(terms.count),
    clients: tally.clients(terms.count),
  };
}

function total({ stats }: Look, metric: string, label?: string): number {
  return Object.values(stats.sites).reduce((all, counted) => all + sum(counted[metric], label), 0);
}

const OF_THE_RATIO = ['cache_hits_total', 'cache_stale_total', 'cache_misses_total', 'cache_collapsed_total'];

function difference(before: Look, now: Look): Record<string, number> {
  return Object.fromEntries(OF_THE_RATIO.map((name) => [name, Math.max(0, total(now, name) - total(before, name))]));
}

function originRates(before: Look, now: Look, rate: (later: number, earlier: number) => number): TopOrigin[] {
  const old = new Map(before.status.origins.map((origin) => [`${origin.site} ${origin.url}`, origin]));
  return now.status.origins.map((origin) => {
    const { site, url, state, under_way, latency_ms } = origin;
    const last = old.get(`${site} ${url}`);
    const rateOf = (name: 'requests' | 'errors') =>
      origin[name] === null ? null : rate(origin[name], last?.[name] ?? origin[name]);
    return { site, url, state, requests: rateOf('requests'), errors: rateOf('errors'), under_way, latency_ms };
  });
}
