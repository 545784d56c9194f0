import { CacheKey, DONE, type FlightState } from '../cache/cache.ts';
import type { DiskRecord } from '../disk/record.ts';
import type { HeaderList } from '../http/headers.ts';
import { SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';
import { claimLoad, findOnDisk, loadLater, loadNow } from './disk-load.ts';
import type { Source } from './fetch.ts';
import type { FlightClient, LocalFlight } from './flights.ts';
import type { ClientRequest } from './origin-request.ts';
import { SliceFill } from './slice-fill.ts';
import { type SlicedResource, setSliceKey, sliceRange } from './slices.ts';

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

/** Whether a slice is stored, in memory or on a disk. */
export function hasSlice(context: EdgeContext, resource: SlicedResource, n: number): boolean {
  if (isInMemory(context, resource, n)) return true;
  const record = findOnDisk(context, key);
  record?.close();
  return record !== undefined;
}

function isInMemory(context: EdgeContext, resource: SlicedResource, n: number): boolean {
  const isStored = findSlice(context, resource, n) !== 0;
  context.cache.unpin();
  return isStored;
}

/** A slice that somebody needs. */
export interface WantedSlice {
  resource: SlicedResource;
  n: number;
  client: ClientRequest;
  /** Told as its flight goes on. */
  waiting: FlightClient;
  /** Disks may have it. */
  below: boolean;
}

/**
 * Pins a slice that is stored, or joins or begins the flight by which it comes; a large one that is on a disk is found there,
 * to be read or closed. Undefined where the cache has no room for it now. To be released.
 */
export function holdSlice(context: EdgeContext, wanted: WantedSlice): HeldSlice | DiskRecord | undefined {
  const { resource, n, client, waiting, below } = wanted;
  const stored = holdStored(context, resource, n);
  const record = stored === 0 && below ? recordOf(context, resource, n) : undefined;
  if (stored !== 0 || record !== undefined) {
    context.counters.add(context.lines[client.host.plan.index], SLOT.sliceHits, 1);
  }
  if (stored !== 0) return stored;
  if (record !== undefined) return record.isSmall ? loadSlice(context, wanted, record) : record;
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

/** What a disk has under a slice's key; only what is all of the slice. */
function recordOf(context: EdgeContext, { slices }: SlicedResource, n: number): DiskRecord | undefined {
  const record = findOnDisk(context, key);
  const { start, end } = sliceRange(slices, n);
  if (record === undefined || record.length === end - start + 1) return record;
  record.close();
  return undefined;
}

/** A small slice is brought into memory: whoever waits for its flight looks for it once more. */
function loadSlice(context: EdgeContext, wanted: WantedSlice, record: DiskRecord): HeldSlice | DiskRecord | undefined {
  const { flights } = context;
  if (loadNow(context, key, record) !== undefined) return holdSlice(context, { ...wanted, below: false });
  const claim = claimLoad(context, key, record);
  if (claim.id === 0) return undefined;
  const flight = flights.enter(claim);
  flight.clients.add(wanted.waiting);
  if (claim.leader) loadLater(context, flight, key, record);
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
  const isStored = isInMemory(context, resource, n);
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
