import { cacheNow } from '../base/clock.ts';
import { USER_FRESH_UNTIL } from '../cache/cache.ts';
import type { EdgeContext } from './context.ts';
import { Fill } from './fill.ts';
import type { FillTask, StaleEntry } from './fill-task.ts';
import type { FlightClient } from './flights.ts';

/** A refresh of what is stored, which no client waits for. */
export interface RefreshTask extends FillTask {
  stale: StaleEntry;
}

/** Fills without a client that one thread has at a time for one site, and for all: each holds pins and a connection. */
const MAX_OF_SITE = 64;
const MAX_OF_ALL = 256;

/** Counts a thread's fills that no client waits for. */
export class BackgroundFills {
  readonly #bySite = new Map<number, number>();
  #all = 0;

  /** Whether a site may have one more; to be given back. */
  take(site: number): boolean {
    const count = this.#bySite.get(site) ?? 0;
    if (count >= MAX_OF_SITE || this.#all >= MAX_OF_ALL) return false;
    this.#bySite.set(site, count + 1);
    this.#all++;
    return true;
  }

  give(site: number): void {
    this.#bySite.set(site, (this.#bySite.get(site) ?? 1) - 1);
    this.#all--;
  }
}

const NOBODY: FlightClient = { onFlight() {} };

/** Refreshes a stale entry, for which a place has been taken, once the current callback is over, unless it is being refreshed already, on any thread. */
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
  const { cache, flights, pools, background } = context;
  const site = task.client.host.plan.index;
  const giveBack = () => background.give(site);
  const claim = cache.claim(task.key);
  const flight = claim.id === 0 ? undefined : flights.enter(claim);
  if (flight !== undefined && claim.leader && isStillStale(context, task)) {
    const fill = new Fill(context, flight, task);
    fill.ended = giveBack;
    fill.start(pools.route(site, task.client));
    return;
  }
  if (flight !== undefined) {
    if (claim.leader) flights.standDown(flight);
    flights.leave(flight, NOBODY);
  }
  cache.drop(task.stale.handle);
  giveBack();
}
