// The table of everything lb counts. Slots in shared memory, the Prometheus exposition and the metrics table of
// docs/operations.md all come from it. A label's values are a fixed list, so that the number of series is bounded;
// a path, a host name sent by a client or an address is never a label.

import { BACKGROUND_METRICS } from './background-table.ts';
import { COMPRESSION_METRICS } from './compression-table.ts';
import { DISK_METRICS } from './disk-table.ts';
import { GUARD_METRICS } from './guard-table.ts';
import { LIMIT_METRICS } from './limit-table.ts';
import { ORIGIN_METRICS } from './origin-table.ts';
import { WAF_METRICS } from './waf-table.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram';

/**
 * Where a metric lives.
 * - `site`: one line of slots for each worker and site in shared memory, summed over workers when read; label `site`.
 * - `worker`: one line of slots for each worker in shared memory; label `worker`.
 * - `process`: not in shared memory; the main thread supplies the value when it is asked for.
 */
export type MetricScope = 'site' | 'worker' | 'process';

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly scope: MetricScope;
  readonly help: string;
  /** Labels beside `site` or `worker`, each with all its values; slots are laid out row-major in this order. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

/** Request method classes; `other` keeps the label bounded whatever a client sends. */
export const METHOD_CLASSES = ['GET', 'HEAD', 'POST', 'other'] as const;

/** Status classes of final answers. `1xx` stands for a 101 switch, the only informational answer that ends a request. */
export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx', '1xx'] as const;

/** Why an access log line was dropped: the worker's ring was full, or the reader of stdout is too slow. */
export const LOG_DROP_REASONS = ['ring_full', 'output_full'] as const;

/** Upper bounds of histogram buckets in seconds; one more bucket counts what is longer. */
export const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Slots a histogram takes: one a bucket, one for what is over the last bound, one for the sum in seconds. */
export const HISTOGRAM_SLOTS = DURATION_BUCKETS.length + 2;

// The first eight slots of a site share a cache line: an ordinary hit writes that line and no other.
export const SITE_METRICS = {
  cacheHits: {
    name: 'lb_cache_hits_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests answered from a fresh stored response.',
  },
  responseBytes: {
    name: 'lb_http_response_bytes_total',
    type: 'counter',
    scope: 'site',
    help: 'Body bytes sent to clients.',
  },
  requests: {
    name: 'lb_http_requests_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests answered, by method class and status class.',
    labels: { method: METHOD_CLASSES, code: STATUS_CLASSES },
  },
  requestBytes: {
    name: 'lb_http_request_bytes_total',
    type: 'counter',
    scope: 'site',
    help: 'Body bytes received from clients.',
  },
  cacheMisses: {
    name: 'lb_cache_misses_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests that could be cached but had no usable stored response.',
  },
  cacheStale: {
    name: 'lb_cache_stale_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests answered from a stale stored response.',
  },
  cachePasses: {
    name: 'lb_cache_passes_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests that went past the cache (method, rule or uncacheable resource).',
  },
  cacheCollapsed: {
    name: 'lb_cache_collapsed_total',
    type: 'counter',
    scope: 'site',
    help: 'Misses that shared the origin request of another one.',
  },
  cacheRevalidations: {
    name: 'lb_cache_revalidations_total',
    type: 'counter',
    scope: 'site',
    help: 'Stored responses that the origin confirmed by a 304.',
  },
  cacheStores: {
    name: 'lb_cache_stores_total',
    type: 'counter',
    scope: 'site',
    help: 'Responses stored.',
  },
  sliceHits: {
    name: 'lb_slice_hits_total',
    type: 'counter',
    scope: 'site',
    help: 'Slices of large responses that were stored when they were needed.',
  },
  sliceFetches: {
    name: 'lb_slice_fetches_total',
    type: 'counter',
    scope: 'site',
    help: 'Slices of large responses that origins were asked for.',
  },
  diskHits: {
    name: 'lb_cache_disk_hits_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests answered from a response that was stored on disk and not in memory.',
  },
  clientAborts: {
    name: 'lb_http_client_aborts_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests whose client went away before the answer was complete.',
  },
  requestDuration: {
    name: 'lb_http_request_duration_seconds',
    type: 'histogram',
    scope: 'site',
    help: 'Time from the request head to the last byte handed to the socket. Hits are sampled one in 16 and weighted.',
  },
  ...ORIGIN_METRICS,
  tunnels: {
    name: 'lb_tunnels',
    type: 'gauge',
    scope: 'site',
    help: 'Connections that have switched to another protocol (WebSocket), or are about to.',
  },
  tunnelsOpened: {
    name: 'lb_tunnels_opened_total',
    type: 'counter',
    scope: 'site',
    help: 'Connections that switched to another protocol.',
  },
  tunnelBytes: {
    name: 'lb_tunnel_bytes_total',
    type: 'counter',
    scope: 'site',
    help: 'Bytes passed on after a switch to another protocol, by direction.',
    labels: { direction: ['from_client', 'to_client'] },
  },
  ...COMPRESSION_METRICS,
  ...WAF_METRICS,
  ...GUARD_METRICS,
} as const satisfies Record<string, MetricRow>;

export const WORKER_METRICS = {
  eventLoopBusy: {
    name: 'lb_worker_event_loop_utilization_ratio',
    type: 'gauge',
    scope: 'worker',
    help: 'Share of the last interval in which the event loop of the thread was busy, 0 to 1.',
  },
  eventLoopDelay: {
    name: 'lb_worker_event_loop_delay_seconds',
    type: 'gauge',
    scope: 'worker',
    help: 'Delay of the event loop of the thread, 99th percentile of the last interval.',
  },
  heapUsed: {
    name: 'lb_worker_heap_used_bytes',
    type: 'gauge',
    scope: 'worker',
    help: 'JavaScript heap in use by the thread.',
  },
  externalMemory: {
    name: 'lb_worker_external_memory_bytes',
    type: 'gauge',
    scope: 'worker',
    help: 'Memory outside the heap that the thread holds (buffers, native objects).',
  },
  activeRequests: {
    name: 'lb_worker_active_requests',
    type: 'gauge',
    scope: 'worker',
    help: 'Requests under way on the thread that were not answered at once.',
  },
  diskReadFailures: {
    name: 'lb_worker_disk_read_failures_total',
    type: 'counter',
    scope: 'worker',
    help: 'Stored responses on disk that could not be read, or were not as they had been written.',
  },
  spansExported: {
    name: 'lb_tracing_spans_exported_total',
    type: 'counter',
    scope: 'worker',
    help: 'Spans that the collector of traces has taken.',
  },
  spansDropped: {
    name: 'lb_tracing_spans_dropped_total',
    type: 'counter',
    scope: 'worker',
    help: 'Spans dropped since the queue was full or the collector did not take them.',
  },
} as const satisfies Record<string, MetricRow>;

export const PROCESS_METRICS = {
  workerUp: {
    name: 'lb_worker_up',
    type: 'gauge',
    scope: 'process',
    help: 'Whether the edge thread serves requests (1) or not (0); label `worker`.',
  },
  workerRestarts: {
    name: 'lb_worker_restarts_total',
    type: 'counter',
    scope: 'process',
    help: 'Times the edge thread was replaced after it died; label `worker`.',
  },
  workerUptime: {
    name: 'lb_worker_uptime_seconds',
    type: 'gauge',
    scope: 'process',
    help: 'Time since the edge thread began to serve; label `worker`.',
  },
  cacheMemory: {
    name: 'lb_cache_memory_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'Memory limit of the cache.',
  },
  cacheUsed: {
    name: 'lb_cache_used_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'Memory of the cache in use.',
  },
  cacheObjects: {
    name: 'lb_cache_objects',
    type: 'gauge',
    scope: 'process',
    help: 'Stored responses.',
  },
  cacheEvictions: {
    name: 'lb_cache_evictions_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses removed to make room.',
  },
  cachePins: {
    name: 'lb_cache_pins',
    type: 'gauge',
    scope: 'process',
    help: 'Stored responses held by answers under way.',
  },
  cacheFlights: {
    name: 'lb_cache_flights',
    type: 'gauge',
    scope: 'process',
    help: 'Origin fetches under way that fill the cache.',
  },
  ...DISK_METRICS,
  ...BACKGROUND_METRICS,
  ...LIMIT_METRICS,
  logDropped: {
    name: 'lb_log_lines_dropped_total',
    type: 'counter',
    scope: 'process',
    help: 'Access log lines dropped rather than delay requests, by reason.',
    labels: { reason: LOG_DROP_REASONS },
  },
  buildInfo: {
    name: 'lb_build_info',
    type: 'gauge',
    scope: 'process',
    help: 'Always 1; the labels `version` and `node` name what runs.',
  },
  startTime: {
    name: 'lb_process_start_time_seconds',
    type: 'gauge',
    scope: 'process',
    help: 'When the process started, in seconds since 1970 (UTC).',
  },
  residentMemory: {
    name: 'lb_process_resident_memory_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'Resident memory of the process, all threads and the touched part of the cache.',
  },
  heapMemory: {
    name: 'lb_process_heap_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'JavaScript heap in use by the main thread.',
  },
  cpuSeconds: {
    name: 'lb_process_cpu_seconds_total',
    type: 'counter',
    scope: 'process',
    help: 'CPU time of the process, user and system, all threads.',
  },
} as const satisfies Record<string, MetricRow>;

/** All rows, in the order of the exposition. */
export const METRIC_ROWS: readonly MetricRow[] = [SITE_METRICS, WORKER_METRICS, PROCESS_METRICS].flatMap((table) =>
  Object.values<MetricRow>(table),
);

/** Number of slots a row takes: the product of its labels' values, or a histogram's buckets. */
export function slotsOf(row: MetricRow): number {
  if (row.type === 'histogram') return HISTOGRAM_SLOTS;
  return Object.values(row.labels ?? {}).reduce((slots, values) => slots * values.length, 1);
}
