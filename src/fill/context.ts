import type { Cache } from '../cache/cache.ts';
import type { OriginPools } from '../origin/pools.ts';
import type { Counters } from '../stats/counters.ts';
import type { BackgroundFills } from './background.ts';
import type { DiskTier } from './disk-load.ts';
import type { Flights } from './flights.ts';
import type { SliceTerms } from './slice-terms.ts';
import type { StoredViews } from './stored.ts';
import type { Uncacheable } from './uncacheable.ts';

/** What every fill and every request on one edge thread shares. */
export interface EdgeContext {
  readonly cache: Cache;
  readonly stored: StoredViews;
  readonly flights: Flights;
  readonly uncacheable: Uncacheable;
  readonly slices: SliceTerms;
  /** Undefined where nothing is kept on disk. */
  readonly disks?: DiskTier | undefined;
  readonly background: BackgroundFills;
  readonly pools: OriginPools;
  readonly counters: Counters;
  /** Base of each site's counters, by site number. */
  readonly lines: readonly number[];
  /** Told of exceptions that our own code threw: a bug each. */
  onBug(error: Error): void;
}
