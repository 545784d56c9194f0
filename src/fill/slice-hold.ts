import { CacheKey, DONE, type FlightState } from '../cache/cache.ts';
import type { HeaderList } from '../http/headers.ts';
import { SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';
import type { Source } from './fetch.ts';
import type { FlightClient, LocalFlight } from './flights.ts';
import type { ClientRequest } from './origin-request.ts';
import { SliceFill } from './slice-fill.ts';
import { type SlicedResource, setSliceKey } from './slices.ts';

const key = new CacheKey();

const NOBODY: FlightClient = { onFlight() {} };

/** One slice under a pin: stored, or on its way to the cache. */
export interface HeldSlice {
  /** Of the entry or flight. */
  readonly id: number;
  /** Of the long pin on a stored slice; -1 where a flight has it. */
  readonly handle: number;
  readonly flight: LocalFlight | undefined;
}

/** The id of a stored slice, now under the transient pin, or 0. The one place where a slice is looked up. */
function findSlice({ cache }: EdgeContext, resource: SlicedResource, n: number): number {
  return cache.lookup(setSliceKey(key, resource, n));
}

/** Whether a slice is stored. */
export function hasSlice(context: EdgeContext, resource: SlicedResource, n: number): boolean {
  const isStored = findSlice(context, resource, n) !== 0;
  context.cache.unpin();
  return isStored;
}

/**
 * Pins a slice that is stored, or joins or begins the flight by which it comes. Undefined where the cache has no room for
 * it now. To be released.
 *
 * @param waiting told as the flight goes on
 */
export function holdSlice(
  context: EdgeContext,
  resource: SlicedResource,
  n: number,
  client: ClientRequest,
  waiting: FlightClient,
): HeldSlice | undefined {
  const stored = holdStored(context, resource, n);
  if (stored !== 0) {
    context.counters.add(context.lines[client.host.plan.index], SLOT.sliceHits, 1);
    return stored;
  }
  const { cache, flights } = context;
  const claim = cache.claim(key);
  if (claim.id === 0) return undefined;
  const flight = flights.enter(claim);
  flight.clients.add(waiting);
  if (claim.leader) {
    // another flight may have ended between look-up and claim
    const meanwhile = holdStored(context, resource, n);
    if (meanwhile !== 0) {
      flights.standDown(flight);
      flights.leave(flight, waiting);
      return meanwhile;
    }
    new SliceFill(context, flight, client, resource, n).start();
  }
  return { id: flight.id, handle: -1, flight };
}

/** 0 where the slice is not stored, undefined where no pin can be had. */
function holdStored(context: EdgeContext, resource: SlicedResource, n: number): HeldSlice | undefined | 0 {
  const { cache } = context;
  const id = findSlice(context, resource, n);
  if (id === 0) return 0;
  const handle = cache.hold(id);
  cache.unpin();
  return handle < 0 ? undefined : { id, handle, flight: undefined };
}

/** Has a slice stored whose answer comes already: its head is that of the resource. */
export function adoptSlice(
  context: EdgeContext,
  resource: SlicedResource,
  n: number,
  client: ClientRequest,
  fetch: Source,
  headers: HeaderList,
): void {
  const { cache, flights } = context;
  const isStored = hasSlice(context, resource, n);
  const claim = cache.claim(key);
  const flight = claim.id === 0 ? undefined : flights.enter(claim);
  if (flight !== undefined && claim.leader && !isStored) {
    new SliceFill(context, flight, client, resource, n).adopt(fetch, headers);
    return;
  }
  fetch.abort();
  if (flight === undefined) return;
  if (claim.leader) flights.standDown(flight);
  flights.leave(flight, NOBODY);
}

/** How far a held slice has come: to be read before the length of its body. */
export function stateOf({ cache }: EdgeContext, { id, flight }: HeldSlice): FlightState {
  return flight === undefined ? DONE : cache.flightState(id);
}

export function releaseSlice({ cache, flights }: EdgeContext, held: HeldSlice, waiting: FlightClient): void {
  if (held.flight !== undefined) flights.leave(held.flight, waiting);
  else cache.drop(held.handle);
}
