import type { CacheKey } from '../cache/cache.ts';
import { contentRangeOf } from '../http/content-range.ts';
import { dateOf } from '../http/freshness.ts';
import { getHeader } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import type { EdgeContext } from './context.ts';
import { entryOf } from './entry.ts';
import type { Source } from './fetch.ts';
import type { FillTask } from './fill-task.ts';
import { bodyLength, type OriginAnswer } from './judge.ts';
import { adoptSlice } from './slice-hold.ts';
import { isSliceable, type SliceProbe, wholeOf } from './slice-probe.ts';
import { isOfResource, newSlices, type SlicedResource, slicedResource } from './slices.ts';
import type { StoredSlices } from './stored.ts';

const NOTHING = new Uint8Array(0);

/** The head of all of a resource, and its length. */
export interface WholeAnswer {
  whole: OriginAnswer;
  complete: number;
}

/**
 * What an answer says of a resource that the cache has no room for, where its origin can be asked for slices of it instead;
 * undefined elsewhere.
 *
 * @param now cache time in seconds
 */
export function largeAnswer(
  { slices }: EdgeContext,
  { client, key, marker }: FillTask,
  answer: OriginAnswer,
  now: number,
): WholeAnswer | undefined {
  if (slices.size(client.policy) === 0 || marker !== undefined || client.body !== undefined) return undefined;
  const complete = answer.status === 206 ? (contentRangeOf(answer.headers)?.complete ?? -1) : bodyLength(answer);
  if (!slices.isLarge(complete) || slices.isRefused(key, now)) return undefined;
  const whole = answer.status === 206 ? wholeOf(answer, complete) : answer;
  const offers = answer.status === 206 || getHeader(answer.headers, 'accept-ranges')?.toLowerCase() === 'bytes';
  return whole.status === 200 && offers && isSliceable(whole) ? { whole, complete } : undefined;
}

/** A resource of which slices are to be stored. */
export interface NewSlices extends WholeAnswer, Pick<FillTask, 'client' | 'parts' | 'stale'> {
  /** Of the resource. */
  key: CacheKey;
  judgement: Judgement;
  /** What brings a slice of it, if anything does. */
  probe: SliceProbe | undefined;
  fetch: Source;
  /** The newest purge, and `cache.invalidations`, before the origin was asked. */
  since: number;
  invalidations: number;
}

/**
 * Stores the marker under which a resource's slices are found, and the slice that comes already. Slices of the same
 * representation stay.
 *
 * @returns false where it may not be stored, was purged or changed meanwhile, or the cache has no room: nothing comes then
 */
export function beginSlices(context: EdgeContext, task: NewSlices): boolean {
  const { fetch, probe, client, whole, judgement } = task;
  const resource = judgement.storage.storable ? storeMarker(context, task) : undefined;
  if (resource === undefined || probe === undefined || probe.n < 0) fetch.abort();
  else adoptSlice(context, resource, probe.n, client, fetch, whole.headers);
  return resource !== undefined;
}

function storeMarker(context: EdgeContext, task: NewSlices): SlicedResource | undefined {
  const { cache } = context;
  const { key, parts, whole, judgement, client, since, invalidations } = task;
  const slices = slicesOf(context, task);
  const { head, meta, words, tags } = entryOf(cache, whole, judgement, client.host.plan.hidden, { slices });
  const { etag, lastModified } = judgement;
  const resource = slicedResource(key.copy(), parts, { etag, lastModified, date: dateOf(whole), slices });
  if (resource === undefined || cache.put(key, head, meta, NOTHING, words, since, tags) === 0) return undefined;
  if (cache.invalidations() === invalidations) return resource;
  cache.remove(key);
  return undefined;
}

function slicesOf(
  context: EdgeContext,
  { key, parts, stale, whole, probe, complete, client }: NewSlices,
): StoredSlices {
  const size = probe?.size ?? context.slices.size(client.policy);
  const known = stale?.meta.slices;
  if (stale === undefined || known?.size !== size || known.complete !== complete) return newSlices(size, complete);
  const resource = slicedResource(key, parts, stale.meta);
  return resource !== undefined && isOfResource(resource, whole.headers) ? known : newSlices(size, complete);
}
