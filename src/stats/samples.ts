// Values of all metrics at one moment: every one reads shared memory, or asks the program.
import { type BACKGROUND_METRICS, BACKGROUND_OUTCOMES } from './background-table.ts';
import { CountersReader, SITE_SLOTS, type SiteMetric, SLOT, WORKER_SLOT, type WorkerMetric } from './counters.ts';
import { type DISK_METRICS, DISK_STATES } from './disk-table.ts';
import type { LIMIT_METRICS } from './limit-table.ts';
import {
  DURATION_BUCKETS,
  LOG_DROP_REASONS,
  type MetricRow,
  PROCESS_METRICS,
  SITE_METRICS,
  WORKER_METRICS,
} from './table.ts';

/** With more sites than this, those that had no request yet are left out. */
const MAX_IDLE_SITES = 64;
/** Name of the line shared by sites beyond the capacity of the counters. */
const OVERFLOW_SITE = '_other';

/** What only the program knows, asked for at each scrape. */
export interface MetricSources {
  readonly counters: SharedArrayBuffer;
  /** Name of the site of an index, or undefined when no site has it. */
  siteName(index: number): string | undefined;
  workers(): readonly WorkerState[];
  cache(): CacheState;
  /** Absent where nothing is done in the background. */
  background?(): BackgroundNumbers;
  logDropped(): Readonly<Record<(typeof LOG_DROP_REASONS)[number], number>>;
  /** Rate limits of all sites, and what was forgotten of them for want of room; absent where there are none. */
  limits?(): readonly LimitSample[];
  limitsLost?(): { readonly buckets: number; readonly holds: number };
  /** Where nothing is kept on disk there are none. */
  disks?(): readonly DiskSample[];
  /** Version of lb. */
  readonly version: string;
}

/** What became of requests at a rate limit. */
export interface LimitSample {
  readonly site: string;
  readonly limit: string;
  readonly counts: readonly { readonly event: string; readonly value: number }[];
}

/** A disk, with what its thread has told last. */
export interface DiskSample {
  readonly folder: string;
  readonly state: (typeof DISK_STATES)[number];
  readonly restarts: number;
  readonly figures: DiskNumbers | undefined;
}

export interface DiskNumbers {
  readonly objects: number;
  readonly bytes: number;
  readonly limit: number;
  readonly indexBytes: number;
  readonly written: number;
  readonly writtenBytes: number;
  readonly refused: number;
  readonly missed: number;
  readonly evicted: number;
  readonly reinserted: number;
  readonly purged: number;
  readonly errors: number;
}

export interface WorkerState {
  readonly id: number;
  readonly up: boolean;
  readonly restarts: number;
  readonly uptimeSeconds: number;
}

export interface CacheState {
  readonly memory: number;
  readonly used: number;
  readonly objects: number;
  readonly evictions: number;
  readonly pins: number;
  readonly flights: number;
}

/** Jobs in the background by outcome, and what they took. */
export interface BackgroundNumbers extends Readonly<Record<(typeof BACKGROUND_OUTCOMES)[number], number>> {
  readonly waiting: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpuSeconds: number;
}

const NO_BACKGROUND: BackgroundNumbers = {
  stored: 0,
  useless: 0,
  outdated: 0,
  failed: 0,
  dropped: 0,
  waiting: 0,
  bytesIn: 0,
  bytesOut: 0,
  cpuSeconds: 0,
};

export type Labels = Record<string, string | number>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

export type Collect = () => Sample[];

/** Where values come from, by metric. */
export interface Collectors {
  /** To be called first: all values of the sites are then of one moment. */
  readonly read: () => void;
  readonly collectors: readonly (readonly [MetricRow, Collect])[];
}

export function collectorsOf(sources: MetricSources): Collectors {
  const sites = new SiteLines(sources);
  return {
    read: () => sites.read(),
    collectors: [
      ...entries(SITE_METRICS).map(([key, row]): [MetricRow, Collect] => [row, () => sites.samples(key)]),
      ...entries(WORKER_METRICS).map(([key, row]): [MetricRow, Collect] => [row, () => workerSamples(sources, key)]),
      ...entries(PROCESS_METRICS).map(([key, row]): [MetricRow, Collect] => [
        row,
        () => processSamples(sources)[key](),
      ]),
    ],
  };
}

function entries<K extends string, V>(table: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(table) as [K, V][];
}

/** All sites' lines, read once a scrape so that one site's numbers are of one moment. */
class SiteLines {
  readonly #sources: MetricSources;
  readonly #reader: CountersReader;
  #lines: { site: string; slots: Float64Array }[] = [];

  constructor(sources: MetricSources) {
    this.#sources = sources;
    this.#reader = new CountersReader(sources.counters);
  }

  read(): void {
    this.#lines = [];
    const slots = new Float64Array(SITE_SLOTS);
    const { sites } = this.#reader;
    for (let index = 0; index <= sites; index++) {
      const site = index === sites ? OVERFLOW_SITE : this.#sources.siteName(index);
      if (site === undefined) continue;
      this.#reader.siteLine(index, slots);
      const idle = slots.every((value) => value === 0);
      if (idle && (index === sites || index >= MAX_IDLE_SITES)) continue;
      this.#lines.push({ site, slots: slots.slice() });
    }
  }

  samples(metric: SiteMetric): Sample[] {
    const row: MetricRow = SITE_METRICS[metric];
    const first = SLOT[metric];
    return this.#lines.flatMap(({ site, slots }) => {
      if (row.type === 'histogram') return histogramSamples(row.name, { site }, slots, first);
      if (row.labels) return labelledSamples(row.labels, { site }, slots, first);
      return [{ labels: { site }, value: slots[first] }];
    });
  }
}

/** One sample for each combination of labels that was ever counted. */
function labelledSamples(
  table: Readonly<Record<string, readonly string[]>>,
  base: Labels,
  slots: Float64Array,
  first: number,
): Sample[] {
  let combinations: Labels[] = [base];
  for (const [label, values] of Object.entries(table)) {
    combinations = combinations.flatMap((labels) => values.map((value) => ({ ...labels, [label]: value })));
  }
  const samples = combinations.map((labels, index) => ({ labels, value: slots[first + index] }));
  return samples.filter((sample) => sample.value !== 0);
}

function histogramSamples(name: string, base: Labels, slots: Float64Array, first: number): Sample[] {
  let count = 0;
  const samples: Sample[] = [...DURATION_BUCKETS, '+Inf'].map((le, index) => {
    count += slots[first + index];
    return { metricName: `${name}_bucket`, labels: { ...base, le }, value: count };
  });
  samples.push({ metricName: `${name}_sum`, labels: base, value: slots[first + DURATION_BUCKETS.length + 1] });
  samples.push({ metricName: `${name}_count`, labels: base, value: count });
  return samples;
}

function workerSamples(sources: MetricSources, metric: WorkerMetric): Sample[] {
  const reader = new CountersReader(sources.counters);
  return sources.workers().map(({ id }) => ({
    labels: { worker: id },
    value: reader.worker(id, WORKER_SLOT[metric]),
  }));
}

function diskSamples(sources: MetricSources): Record<keyof typeof DISK_METRICS, Collect> {
  const by = (value: (disk: DiskSample) => number) => () =>
    (sources.disks?.() ?? []).map((disk) => ({ labels: { disk: disk.folder }, value: value(disk) }));
  const figure = (name: keyof DiskNumbers) => by(({ figures }) => figures?.[name] ?? 0);
  return {
    diskState: () =>
      (sources.disks?.() ?? []).flatMap(({ folder, state }) =>
        DISK_STATES.map((one) => ({ labels: { disk: folder, state: one }, value: one === state ? 1 : 0 })),
      ),
    diskLimit: figure('limit'),
    diskUsed: figure('bytes'),
    diskIndex: figure('indexBytes'),
    diskObjects: figure('objects'),
    diskWrites: figure('written'),
    diskWrittenBytes: figure('writtenBytes'),
    diskRefused: figure('refused'),
    diskMissed: figure('missed'),
    diskEvictions: figure('evicted'),
    diskReinserted: figure('reinserted'),
    diskPurged: figure('purged'),
    diskWriteErrors: figure('errors'),
    diskRestarts: by(({ restarts }) => restarts),
  };
}

function backgroundSamples(sources: MetricSources): Record<keyof typeof BACKGROUND_METRICS, Collect> {
  const of = () => sources.background?.() ?? NO_BACKGROUND;
  return {
    backgroundJobs: () => {
      const numbers = of();
      return BACKGROUND_OUTCOMES.map((outcome) => ({ labels: { outcome }, value: numbers[outcome] }));
    },
    backgroundWaiting: () => [{ labels: {}, value: of().waiting }],
    backgroundBytes: () => [
      { labels: { direction: 'in' }, value: of().bytesIn },
      { labels: { direction: 'out' }, value: of().bytesOut },
    ],
    backgroundCpu: () => [{ labels: {}, value: of().cpuSeconds }],
  };
}

function limitSamples(sources: MetricSources): Record<keyof typeof LIMIT_METRICS, Collect> {
  return {
    limitRequests: () =>
      (sources.limits?.() ?? []).flatMap(({ site, limit, counts }) =>
        counts.map(({ event, value }) => ({ labels: { site, limit, result: event }, value })),
      ),
    limitsForgotten: () => [{ labels: {}, value: sources.limitsLost?.().buckets ?? 0 }],
    limitsUncounted: () => [{ labels: {}, value: sources.limitsLost?.().holds ?? 0 }],
  };
}

function processSamples(sources: MetricSources): Record<keyof typeof PROCESS_METRICS, Collect> {
  const byWorker = (value: (state: WorkerState) => number) =>
    sources.workers().map((state) => ({ labels: { worker: state.id }, value: value(state) }));
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  return {
    workerUp: () => byWorker((state) => (state.up ? 1 : 0)),
    workerRestarts: () => byWorker((state) => state.restarts),
    workerUptime: () => byWorker((state) => state.uptimeSeconds),
    cacheMemory: () => one(sources.cache().memory),
    cacheUsed: () => one(sources.cache().used),
    cacheObjects: () => one(sources.cache().objects),
    cacheEvictions: () => one(sources.cache().evictions),
    cachePins: () => one(sources.cache().pins),
    cacheFlights: () => one(sources.cache().flights),
    ...diskSamples(sources),
    ...backgroundSamples(sources),
    ...limitSamples(sources),
    logDropped: () => {
      const dropped = sources.logDropped();
      return LOG_DROP_REASONS.map((reason) => ({ labels: { reason }, value: dropped[reason] }));
    },
    buildInfo: () => [{ labels: { version: sources.version, node: process.versions.node }, value: 1 }],
    startTime: () => one(Math.round(performance.timeOrigin) / 1000),
    residentMemory: () => one(process.memoryUsage.rss()),
    heapMemory: () => one(process.memoryUsage().heapUsed),
    cpuSeconds: () => one(cpuSeconds()),
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
