import { randomBytes } from 'node:crypto';
import { createCache } from '../cache/cache.ts';
import type { Config } from '../config/config.ts';
import { createOfferRing } from '../disk/ring.ts';
import { type TableSize, tableSize } from '../disk/sizes.ts';
import { createSlotTable, DISK_FAILED, type DiskState, LOADING, MAX_SEGMENTS } from '../disk/slots.ts';
import { createUncacheable } from '../fill/uncacheable.ts';
import { createOriginStates } from '../origin/state.ts';
import { slotsFor } from '../origin/state-slots.ts';
import { monotonicNow } from '../ratelimit/clock.ts';
import { createRateLimits } from '../ratelimit/memory.ts';
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
  /** Buckets of rate limits, requests under way by key, counters of limits. */
  readonly rateLimits: SharedArrayBuffer;
  /** By worker. */
  readonly logs: SharedArrayBuffer[];
  /** In the order of the configuration. */
  readonly disks: readonly DiskMemory[];
}

/** What a disk's thread and the edges share. */
export interface DiskMemory {
  /** Id of the disk's thread in the cache. */
  readonly worker: number;
  readonly slots: SharedArrayBuffer;
  /** By worker. */
  readonly rings: SharedArrayBuffer[];
}

/** What earlier processes have left for the cache. */
export interface Heritage {
  /** 8 bytes that key hashes. */
  readonly secret: Uint8Array;
  /** The newest purge that everything has met. */
  readonly sequence: number;
  /** What the tables of the disks need, by disk; undefined where that is not known. */
  readonly tables: readonly (TableSize | undefined)[];
  /** By disk, whether its folder is open: keys belong to those that are. */
  readonly open: readonly boolean[];
}

export function shareMemory({ workers, sites, cache, disk }: Config, heritage?: Heritage): SharedMemory {
  const { memory, eviction } = cache;
  const disks = disk?.paths.length ?? 0;
  return {
    instance: randomBytes(9).toString('hex'),
    cache: createCache({
      ...{ memory, workers: workers + disks, eviction },
      secret: heritage?.secret,
      purgeSequence: heritage?.sequence,
    }),
    counters: createCounters({ workers, sites: Math.min(sites.length + SPARE_SITES, COUNTED_SITES) }),
    doorbells: createDoorbells(workers + disks),
    uncacheable: createUncacheable(),
    connections: createConnectionCounts(),
    origins: createOriginStates({ workers, slots: slotsFor(sites) }),
    rateLimits: createRateLimits(workers, monotonicNow()),
    logs: Array.from({ length: workers + 1 }, () => createLogRing(LOG_RING)),
    disks: Array.from({ length: disks }, (_, i) => {
      const table = heritage?.tables[i] ?? tableSize(disk?.size ?? 0);
      const state = heritage?.open[i] === false ? DISK_FAILED : LOADING;
      return shareDisk(table, workers, workers + 1 + i, state);
    }),
  };
}

function shareDisk({ slots, segments }: TableSize, edges: number, worker: number, state: DiskState): DiskMemory {
  const rings = Array.from({ length: edges + 1 }, () => createOfferRing());
  // room for a folder that turns out to be another one when it can be opened
  const table = { slots, segments: Math.min(MAX_SEGMENTS, 2 * segments + 64), workers: worker, state };
  return { worker, slots: createSlotTable(table), rings };
}
