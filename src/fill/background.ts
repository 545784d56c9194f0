import { cacheNow } from '../base/clock.ts';
import { REFRESHED, USER_FRESH_UNTIL } from '../cache/cache.ts';
import type { EdgeContext } from './context.ts';
import { Fill, type FillTask, type StaleEntry } from './fill.ts';
import type { FlightClient } from './flights.ts';

/** A refresh of what is stored, which no client waits for. */
export interface RefreshTask extends FillTask {
  stale: StaleEntry;
}

const NOBODY: FlightClient = { onFlight() {} };

/** Refreshes a stale entry once the current callback is over, unless it is being refreshed already, on any thread. */
export function refreshLater(context: EdgeContext, task: RefreshTask): void {
  queueMicrotask(() => refresh(context, task));
}

/** Whether the entry is neither refreshed nor replaced nor purged meanwhile. */
function isStillStale({ cache }: EdgeContext, { key, stale }: RefreshTask): boolean {
  const isCurrent = cache.lookup(key) === stale.id;
  const isStale = isCurrent && cacheNow() >= cache.word(stale.id, USER_FRESH_UNTIL);
  cache.unpin();
  return isStale;
}

function refresh(context: EdgeContext, task: RefreshTask): void {
  const { cache, flights, pools } = context;
  const { handle } = task.stale;
  const claim = cache.claim(task.key);
  if (claim.id === 0) {
    cache.drop(handle);
    return;
  }
  const flight = flights.enter(claim);
  if (!claim.leader || !isStillStale(context, task)) {
    if (claim.leader) {
      cache.finish(flight.id, REFRESHED);
      flights.announce(flight);
    }
    flights.leave(flight, NOBODY);
    cache.drop(handle);
    return;
  }
  new Fill(context, flight, task).start(pools.pick(task.client.host.plan.index));
}
