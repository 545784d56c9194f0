import { randomBytes } from 'node:crypto';
import { createCache } from '../cache/cache.ts';
import type { Config } from '../config/config.ts';
import { createOfferRing } from '../disk/ring.ts';
import { createSlotTable, MAX_SEGMENTS } from '../disk/slots.ts';
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
}

/** Bytes of a disk for each object that there is room for in its table: of smaller ones it holds fewer. */
const BYTES_PER_SLOT = 4096;

const MIN_SLOTS = 4096;
const MAX_SLOTS = 2 ** 25;

/** As the disk's thread makes them: see `Segments`. */
const MIN_SEGMENT = 4 << 20;
const MAX_SEGMENT = 256 << 20;

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
    doorbells: createDoorbells(workers),
    uncacheable: createUncacheable(),
    connections: createConnectionCounts(),
    origins: createOriginStates({ workers, slots: slotsFor(sites) }),
    logs: Array.from({ length: workers + 1 }, () => createLogRing(LOG_RING)),
    disks: Array.from({ length: disks }, (_, i) => shareDisk(disk?.size ?? 0, workers, workers + 1 + i)),
  };
}

function shareDisk(size: number, edges: number, worker: number): DiskMemory {
  const segmentBytes = Math.min(Math.max(size / 64, MIN_SEGMENT), MAX_SEGMENT);
  // room for what a larger limit has left behind
  const segments = Math.min(MAX_SEGMENTS, 64 + 2 * Math.ceil(size / segmentBytes));
  const slots = Math.min(Math.max(Math.ceil(size / BYTES_PER_SLOT), MIN_SLOTS), MAX_SLOTS);
  const rings = Array.from({ length: edges + 1 }, () => createOfferRing());
  return { worker, slots: createSlotTable({ slots, segments, workers: worker }), rings };
}
