// Everything lb counts as one JSON object, for whoever works out rates from two of them.
import { collectorsOf, type MetricSources, type Sample } from './samples.ts';
import type { MetricRow } from './table.ts';

/**
 * A number, or numbers by label: `http_requests_total` has one for each method and status class. Histograms have
 * `count`, `sum` in seconds and `buckets`, each with all that took at most so many seconds.
 */
export type StatValue = number | { [label: string]: StatValue };

/** Metrics by their name without `lb_`. */
export type StatGroup = Record<string, StatValue>;

export interface StatsSnapshot {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Of the process; counters begin at zero with it. */
  readonly uptime_seconds: number;
  readonly process: StatGroup;
  /** By name; `_other` stands for sites beyond the capacity of the counters and requests that no site answers for. */
  readonly sites: Record<string, StatGroup>;
  /** By number of the edge thread. */
  readonly workers: Record<string, StatGroup>;
}

/** Makes the function that `GET /stats` answers from. */
export function createSnapshot(sources: MetricSources): () => StatsSnapshot {
  const { read, collectors } = collectorsOf(sources);
  return () => {
    read();
    const snapshot: StatsSnapshot = {
      time: new Date().toISOString(),
      uptime_seconds: Math.round(performance.now()) / 1000,
      process: {},
      sites: {},
      workers: {},
    };
    for (const [row, collect] of collectors) for (const sample of collect()) place(snapshot, row, sample);
    return snapshot;
  };
}

function place(snapshot: StatsSnapshot, row: MetricRow, { labels, value, metricName }: Sample): void {
  const { site, worker, ...others } = labels;
  const group = groupOf(snapshot, site, worker);
  const path = [row.name.replace(/^lb_/, ''), ...histogramPart(row, metricName), ...Object.values(others).map(String)];
  const last = path.pop() as string;
  let at: { [label: string]: StatValue } = group;
  for (const name of path) at = within(at, name);
  at[last] = value;
}

function groupOf(snapshot: StatsSnapshot, site: string | number | undefined, worker: string | number | undefined) {
  if (site !== undefined) return within(snapshot.sites, site);
  return worker === undefined ? snapshot.process : within(snapshot.workers, worker);
}

/** The object behind a name, made where there is none. */
function within(group: { [name: string]: StatValue }, name: string | number): StatGroup {
  group[name] ??= {};
  return group[name] as StatGroup;
}

function histogramPart(row: MetricRow, metricName: string | undefined): string[] {
  if (metricName === undefined) return [];
  const part = metricName.slice(row.name.length + 1);
  return [part === 'bucket' ? 'buckets' : part];
}
