// Counters in shared memory. Binary format, all numbers little-endian as the machine has them:
//
//   header    64 bytes of Int32: magic, version, workers, sites, worker stride, site stride (strides in slots)
//   workers   (workers + 1) lines of worker slots, line 0 is the main thread's
//   sites     (workers + 1) x (sites + 1) lines of site slots; the last site of each worker is the overflow line
//
// A slot is a Float64: exact for counts to 2^53. Each line starts on a cache line of its own and only its worker writes
// to it, so a plain load, add and store is enough: an aligned 8-byte store does not tear on x64 and arm64, and a reader
// that sees the value of a moment ago is as good. Nothing here is atomic, so nothing here may be used to synchronize.
// A worker that replaces a dead one goes on with its line, so that counters never fall.
import { ORIGIN_ERROR_KINDS, type OriginErrorKind } from './origin-table.ts';
import {
  DURATION_BUCKETS,
  METHOD_CLASSES,
  type MetricRow,
  SITE_METRICS,
  STATUS_CLASSES,
  slotsOf,
  WORKER_METRICS,
} from './table.ts';
import { WAF_ACTIONS, WAF_FAMILIES, wafFamilies } from './waf-table.ts';

const MAGIC = 0x6c62_6374;
const VERSION = 1;
const HEADER_BYTES = 64;
const SLOT_BYTES = 8;
const SLOTS_PER_CACHE_LINE = 8;

export type SiteMetric = keyof typeof SITE_METRICS;
export type WorkerMetric = keyof typeof WORKER_METRICS;

function assignSlots<K extends string>(table: Record<K, MetricRow>): { slots: Record<K, number>; count: number } {
  const slots = {} as Record<K, number>;
  let count = 0;
  for (const key of Object.keys(table) as K[]) {
    slots[key] = count;
    count += slotsOf(table[key]);
  }
  return { slots, count };
}

const siteLayout = assignSlots<SiteMetric>(SITE_METRICS);
const workerLayout = assignSlots<WorkerMetric>(WORKER_METRICS);
const siteStride = roundUp(siteLayout.count);
const workerStride = roundUp(workerLayout.count);

function roundUp(slots: number): number {
  return Math.ceil(slots / SLOTS_PER_CACHE_LINE) * SLOTS_PER_CACHE_LINE;
}

/** First slot of each site metric, relative to the base that `Counters.site` returns. */
export const SLOT: Readonly<Record<SiteMetric, number>> = Object.freeze(siteLayout.slots);

/** First slot of each worker metric, relative to `Counters.worker`. */
export const WORKER_SLOT: Readonly<Record<WorkerMetric, number>> = Object.freeze(workerLayout.slots);

const METHOD_OFFSETS: ReadonlyMap<string, number> = new Map(
  METHOD_CLASSES.map((name, index) => [name, SLOT.requests + index * STATUS_CLASSES.length]),
);
const OTHER_METHOD = SLOT.requests + METHOD_CLASSES.indexOf('other') * STATUS_CLASSES.length;

function methodSlot(method: string): number {
  return METHOD_OFFSETS.get(method) ?? OTHER_METHOD;
}

/** Offset of a final status within a method's counters; what is no HTTP status counts as 5xx. */
function statusOffset(status: number): number {
  if (status >= 200 && status < 600) return ((status / 100) | 0) - 2;
  return status >= 100 && status < 200 ? 4 : 3;
}

/** Slot of `lb_http_requests_total` for a method (upper case) and a final status. */
export function requestSlot(method: string, status: number): number {
  return methodSlot(method) + statusOffset(status);
}

/** Slot of `lb_origin_errors_total` for a kind of failure. */
export function originErrorSlot(kind: OriginErrorKind): number {
  return SLOT.originErrors + ORIGIN_ERROR_KINDS.indexOf(kind);
}

/** Slots of requests in which rules of the firewall fired. @param tags of the rules' families */
export function wafSlots(action: (typeof WAF_ACTIONS)[number], tags: readonly string[]): number[] {
  const row = WAF_ACTIONS.indexOf(action);
  const first = SLOT.wafFamilies + row * WAF_FAMILIES.length;
  return [SLOT.wafRequests + row, ...wafFamilies(tags).map((family) => first + family)];
}

/**
 * Makes the shared memory of all counters.
 * @param shape.workers highest worker id: 0 is the main thread, edge threads are 1 to `workers`
 * @param shape.sites how many sites have counters of their own; those with a higher index share one line
 */
export function createCounters(shape: { workers: number; sites: number }): SharedArrayBuffer {
  const lines = (shape.workers + 1) * (workerStride + (shape.sites + 1) * siteStride);
  const sab = new SharedArrayBuffer(HEADER_BYTES + lines * SLOT_BYTES);
  new Int32Array(sab).set([MAGIC, VERSION, shape.workers, shape.sites, workerStride, siteStride]);
  return sab;
}

interface Shape {
  readonly workers: number;
  readonly sites: number;
  readonly values: Float64Array;
}

function readShape(sab: SharedArrayBuffer): Shape {
  const header = new Int32Array(sab, 0, 6);
  const [magic, version, workers, sites, storedWorkerStride, storedSiteStride] = header;
  if (
    magic !== MAGIC ||
    version !== VERSION ||
    storedWorkerStride !== workerStride ||
    storedSiteStride !== siteStride
  ) {
    throw new Error('counters: shared memory of another layout');
  }
  return { workers, sites, values: new Float64Array(sab, HEADER_BYTES) };
}

function workerBase(worker: number): number {
  return worker * workerStride;
}

function siteBase(shape: Shape, worker: number, site: number): number {
  const index = Math.min(site, shape.sites);
  return (shape.workers + 1) * workerStride + (worker * (shape.sites + 1) + index) * siteStride;
}

/** One thread's own lines of the counters. Only that thread may use it. */
export class Counters {
  /** Base of this worker's own line; use with `WORKER_SLOT`. */
  readonly worker: number;
  readonly #id: number;
  readonly #shape: Shape;
  readonly #values: Float64Array;

  constructor(sab: SharedArrayBuffer, worker: number) {
    this.#shape = readShape(sab);
    if (!(worker >= 0 && worker <= this.#shape.workers)) throw new RangeError(`counters: no worker ${worker}`);
    this.#id = worker;
    this.#values = this.#shape.values;
    this.worker = workerBase(worker);
  }

  /** Base of this worker's line for a site, to be kept with the site's plan. Never fails: see the overflow line. */
  site(siteIndex: number): number {
    return siteBase(this.#shape, this.#id, siteIndex);
  }

  /** Adds to a counter: `counters.add(line, SLOT.cacheHits, 1)`. */
  add(base: number, slot: number, amount: number): void {
    this.#values[base + slot] += amount;
  }

  /** One slot of a site's line summed over all workers, as it was a moment ago. @param base what `site` returned */
  overAll(base: number, slot: number): number {
    const { workers, sites } = this.#shape;
    const stride = (sites + 1) * siteStride;
    let sum = 0;
    for (let at = base - this.#id * stride + slot, worker = 0; worker <= workers; worker++, at += stride) {
      sum += this.#values[at];
    }
    return sum;
  }

  /** Sets a gauge. */
  set(base: number, slot: number, value: number): void {
    this.#values[base + slot] = value;
  }

  /**
   * Counts a duration in a histogram: `counters.observe(line, SLOT.requestDuration, seconds)`.
   * @param weight how many events this one stands for; a caller that samples one in 16 passes 16
   */
  observe(base: number, slot: number, seconds: number, weight = 1): void {
    const first = base + slot;
    let bucket = 0;
    while (bucket < DURATION_BUCKETS.length && seconds > DURATION_BUCKETS[bucket]) bucket++;
    this.#values[first + bucket] += weight;
    this.#values[first + DURATION_BUCKETS.length + 1] += seconds * weight;
  }
}

/** Opens the counters on a thread: worker 0 is main, 1 and up are edge threads. */
export function openCounters(sab: SharedArrayBuffer, worker: number): Counters {
  return new Counters(sab, worker);
}

/** Sums over all workers; any thread may read. Values are a snapshot in no particular order. */
export class CountersReader {
  readonly workers: number;
  /** Sites with a line of their own; index `sites` is the overflow line. */
  readonly sites: number;
  readonly #shape: Shape;

  constructor(sab: SharedArrayBuffer) {
    this.#shape = readShape(sab);
    this.workers = this.#shape.workers;
    this.sites = this.#shape.sites;
  }

  /** One site slot summed over all workers. */
  site(siteIndex: number, slot: number): number {
    let sum = 0;
    for (let worker = 0; worker <= this.workers; worker++) {
      sum += this.#shape.values[siteBase(this.#shape, worker, siteIndex) + slot];
    }
    return sum;
  }

  /** All slots of a site summed over all workers, into `into` (at least `SITE_SLOTS` long). */
  siteLine(siteIndex: number, into: Float64Array): void {
    into.fill(0);
    for (let worker = 0; worker <= this.workers; worker++) {
      const base = siteBase(this.#shape, worker, siteIndex);
      for (let slot = 0; slot < SITE_SLOTS; slot++) into[slot] += this.#shape.values[base + slot];
    }
  }

  /** One metric without labels, summed over all workers and sites. */
  total(metric: SiteMetric): number {
    let sum = 0;
    const slots = slotsOf(SITE_METRICS[metric]);
    for (let site = 0; site <= this.sites; site++) {
      for (let slot = 0; slot < slots; slot++) sum += this.site(site, SLOT[metric] + slot);
    }
    return sum;
  }

  /** One slot of one worker's own line. */
  worker(worker: number, slot: number): number {
    return this.#shape.values[workerBase(worker) + slot];
  }
}

/** Slots in use of a site's line. */
export const SITE_SLOTS = siteLayout.count;

/**
 * Sets the gauges of a worker that died to zero: its connections and requests went with it. Its counters stay.
 * Only after the thread has ended, since a line has one writer at a time.
 */
export function resetGauges(sab: SharedArrayBuffer, worker: number): void {
  const shape = readShape(sab);
  for (const key of Object.keys(WORKER_METRICS) as WorkerMetric[]) {
    if (WORKER_METRICS[key].type === 'gauge') shape.values[workerBase(worker) + WORKER_SLOT[key]] = 0;
  }
  const gauges = (Object.keys(SITE_METRICS) as SiteMetric[]).filter((key) => SITE_METRICS[key].type === 'gauge');
  for (let site = 0; site <= shape.sites; site++) {
    const base = siteBase(shape, worker, site);
    // Lines that nobody wrote to stay untouched, so that their memory stays unallocated.
    for (const key of gauges) if (shape.values[base + SLOT[key]] !== 0) shape.values[base + SLOT[key]] = 0;
  }
}
