import { randomBytes } from 'node:crypto';
import { createCache } from '../cache/cache.ts';
import type { Config } from '../config/config.ts';
import { createUncacheable } from '../fill/uncacheable.ts';
import { createOriginStates } from '../origin/state.ts';
import { slotsFor } from '../origin/state-slots.ts';
import { createCounters } from '../stats/counters.ts';
import { createLogRing } from '../stats/log-ring.ts';
import { createDoorbells } from '../threads/doorbell.ts';
import { createConnectionCounts } from '../transport/connection-counts.ts';

/** Bytes of the access log that may wait for the main thread, for each edge. */
const LOG_RING = 1 << 20;

/** Sites with counters of their own; further ones are counted together. */
const COUNTED_SITES = 10_000;

/** Sites that reloads may add with counters of their own. */
const SPARE_SITES = 64;

/** What main makes once and every edge gets at its birth. */
export interface SharedMemory {
  /** Tells this lb apart from any other in the way of a request. */
  readonly instance: string;
  readonly cache: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly doorbells: SharedArrayBuffer;
  readonly uncacheable: SharedArrayBuffer;
  readonly connections: SharedArrayBuffer;
  /** What all threads know of the origins. */
  readonly origins: SharedArrayBuffer;
  /** By worker. */
  readonly logs: SharedArrayBuffer[];
}

export function shareMemory({ workers, sites, cache }: Config): SharedMemory {
  return {
    instance: randomBytes(9).toString('hex'),
    cache: createCache({ memory: cache.memory, workers, eviction: cache.eviction }),
    counters: createCounters({ workers, sites: Math.min(sites.length + SPARE_SITES, COUNTED_SITES) }),
    doorbells: createDoorbells(workers),
    uncacheable: createUncacheable(),
    connections: createConnectionCounts(),
    origins: createOriginStates({ workers, slots: slotsFor(sites) }),
    logs: Array.from({ length: workers + 1 }, () => createLogRing(LOG_RING)),
  };
}
