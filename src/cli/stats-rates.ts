import type { StatsSnapshot, StatValue } from '../stats/snapshot.ts';

/** One number of the statistics. */
export interface StatRow {
  /** `site.shop.cache_hits_total`, `worker.1.worker_heap_used_bytes`, `process.cache_objects`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
  /** Of a counter: by the second since the snapshot before. Null where there is none, and for gauges. */
  readonly now: number | null;
  /** Of a counter: by the second since the start. */
  readonly average: number | null;
}

interface Histogram {
  readonly count: number;
  readonly sum: number;
  readonly buckets: Readonly<Record<string, number>>;
}

/** Every number with its rates. A counter that fell belongs to another process: then there is no rate yet. */
export function statRows(current: StatsSnapshot, before?: StatsSnapshot): StatRow[] {
  const seconds = before === undefined ? 0 : (Date.parse(current.time) - Date.parse(before.time)) / 1000;
  const old = before === undefined || seconds <= 0 ? undefined : flat(before);
  return [...flat(current)].map(([name, value]) => {
    if (!isCounter(name)) return { name, kind: 'gauge', value, now: null, average: null };
    const last = old?.get(name) ?? 0;
    const now = old === undefined || value < last ? null : (value - last) / seconds;
    return { name, kind: 'counter', value, now, average: value / Math.max(1, current.uptime_seconds) };
  });
}

function isCounter(name: string): boolean {
  return /_total(\.|$)|_seconds\.(count|sum)$/.test(name);
}

function flat({ process, sites, workers }: StatsSnapshot): Map<string, number> {
  const rows = new Map<string, number>();
  for (const [site, counted] of Object.entries(sites)) add(rows, `site.${site}`, counted);
  for (const [worker, counted] of Object.entries(workers)) add(rows, `worker.${worker}`, counted);
  add(rows, 'process', process);
  return rows;
}

function add(rows: Map<string, number>, name: string, value: StatValue): void {
  if (typeof value === 'number') rows.set(name, value);
  else if ('buckets' in value && 'count' in value) addHistogram(rows, name, value as unknown as Histogram);
  else for (const [label, inner] of Object.entries(value)) add(rows, `${name}.${label}`, inner);
}

function addHistogram(rows: Map<string, number>, name: string, histogram: Histogram): void {
  const { count, sum } = histogram;
  rows.set(`${name}.count`, count);
  rows.set(`${name}.sum`, sum);
  if (count === 0) return;
  rows.set(`${name}.mean`, sum / count);
  rows.set(`${name}.p50`, quantile(histogram, 0.5));
  rows.set(`${name}.p99`, quantile(histogram, 0.99));
}

/** Estimated within its bucket by a straight line; the largest bound where it is over all of them. */
function quantile({ count, buckets }: Histogram, share: number): number {
  const bounds = Object.entries(buckets)
    .map(([bound, total]) => [bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), total] as const)
    .sort(([a], [b]) => a - b);
  const wanted = count * share;
  let [low, below] = [0, 0];
  for (const [bound, total] of bounds) {
    if (total >= wanted && bound !== Number.POSITIVE_INFINITY) {
      return low + (bound - low) * (total === below ? 1 : (wanted - below) / (total - below));
    }
    if (bound !== Number.POSITIVE_INFINITY) [low, below] = [bound, total];
  }
  return low;
}

/** Whether a name is wanted: one of the texts is part of it, or matches it as a whole where it has a `*`. */
export function nameFilter(texts: readonly string[]): (name: string) => boolean {
  if (texts.length === 0) return () => true;
  const tests = texts.map((text) => {
    if (!text.includes('*')) return (name: string) => name.includes(text);
    const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    return (name: string) => pattern.test(name);
  });
  return (name) => tests.some((test) => test(name));
}
