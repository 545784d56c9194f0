import type { CacheKey } from '../cache/cache.ts';
import { claimLoad, findOnDisk, loadLater, loadNow } from '../fill/disk-load.ts';
import type { FlightClient } from '../fill/flights.ts';
import type { RequestContext } from './context.ts';

const NOBODY: FlightClient = { onFlight() {} };

/**
 * The variant of a key that is not in memory, from a disk: its entry, which has the transient pin then; 0 where there is
 * none, or where it takes a wait. Then it is brought into memory for those who come later, and nobody waits for it.
 */
export function variantFromDisk(context: RequestContext, key: CacheKey): number {
  if (context.disks === undefined) return 0;
  const record = findOnDisk(context, key);
  if (record === undefined) return 0;
  const isLoaded = loadNow(context, key, record);
  if (isLoaded === true) return context.cache.lookup(key);
  if (isLoaded === false) return 0;
  const claim = claimLoad(context, key, record);
  if (claim.id === 0) return 0;
  const flight = context.flights.enter(claim);
  if (claim.leader) loadLater(context, flight, key, record);
  else context.flights.leave(flight, NOBODY);
  return 0;
}
