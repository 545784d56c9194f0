import { randomBytes } from 'node:crypto';
import { CacheKey, USER_FLAGS } from '../cache/cache.ts';
import { contentRangeOf } from '../http/content-range.ts';
import { type HeaderList, hasHeader, withHeader } from '../http/headers.ts';
import type { ByteRange } from '../http/range.ts';
import type { EdgeContext } from './context.ts';
import { selectingFields } from './judge.ts';
import { isSameRepresentation, sameRange, strongValidator } from './parts.ts';
import { FLAG_SLICED, type StoredMeta, type StoredSlices } from './stored.ts';

/** No object is made for each slice. */
const scratch = new CacheKey();

/** A large resource of which slices are stored, each an entry of its own, and how to ask for more of it. */
export interface SlicedResource {
  /** Of the marker, which holds the head and no body. */
  key: CacheKey;
  /** What the configuration adds to the key. */
  parts: string;
  slices: StoredSlices;
  etag: string | undefined;
  lastModified: string | undefined;
  /** For If-Range. */
  validator: string;
}

/** Undefined where the entry is no marker of slices. */
export function slicedResource(
  key: CacheKey,
  parts: string,
  meta: Pick<StoredMeta, 'slices' | 'etag' | 'lastModified' | 'date'>,
): SlicedResource | undefined {
  const { slices, etag, lastModified } = meta;
  const validator = strongValidator(meta);
  if (slices === undefined || validator === undefined) return undefined;
  return { key, parts, slices, etag, lastModified, validator };
}

/** Slices of a resource whose representation nobody has seen before. */
export function newSlices(size: number, complete: number): StoredSlices {
  return { size, complete, nonce: randomBytes(9).toString('base64url') };
}

/** Last part of a slice's key: no variant's name begins so. Other representations of the resource have another nonce. */
export function sliceName({ nonce }: StoredSlices, n: number): string {
  return `~slice:${nonce}:${n}`;
}

/** Sets a key to that of a slice. */
export function setSliceKey(to: CacheKey, { key, parts, slices }: SlicedResource, n: number): CacheKey {
  return to.set(key.prefix, key.target, parts + sliceName(slices, n));
}

/** The bytes of slice `n`; its end is that of the resource where that comes first. */
export function sliceRange({ size, complete }: Pick<StoredSlices, 'size' | 'complete'>, n: number): ByteRange {
  return { start: n * size, end: Math.min((n + 1) * size, complete) - 1 };
}

/** Whether a 206 is exactly this range of the representation that is stored in slices. */
export function isRangeOf(resource: SlicedResource, range: ByteRange, headers: HeaderList): boolean {
  const given = contentRangeOf(headers);
  if (given?.range === undefined || !sameRange(given.range, range)) return false;
  return given.complete === resource.slices.complete && isOfResource(resource, headers) && !isCoded(headers);
}

/** Whether an answer has the validators of what is stored in slices. */
export function isOfResource({ slices, etag, lastModified }: SlicedResource, headers: HeaderList): boolean {
  const { complete } = slices;
  return isSameRepresentation({ complete, etag, lastModified }, headers, complete);
}

/** Whether the body is coded: its coding is a client's choice, and slices are for all of them. */
export function isCoded(headers: HeaderList): boolean {
  return hasHeader(headers, 'content-encoding');
}

/**
 * The fields that select among answers of which this is one in no coding. Accept-Encoding is none of them: everybody takes
 * what is not coded.
 */
export function selectsSliced(headers: HeaderList): string {
  return selectingFields(headers)
    .split(',')
    .filter((name) => name !== '' && name !== 'accept-encoding')
    .join();
}

/** A request for all of a resource, made one for a range of it as it is, in no coding. */
export function rangeRequest(headers: HeaderList, { start, end }: ByteRange, validator?: string): HeaderList {
  const plain = withHeader(headers, 'accept-encoding', 'identity');
  const conditions = validator === undefined ? [] : ['if-range', validator];
  return [...plain, 'range', `bytes=${start}-${end}`, ...conditions];
}

/** Statuses that say that the representation is no more, or that the origin does not answer by parts of it. */
const GONE: ReadonlySet<number> = new Set([200, 204, 206, 404, 410, 412, 416]);

/** Whether an answer to a request for a slice, which is not that slice, says so of the representation; others say so of the moment. */
export function isGone(status: number): boolean {
  return GONE.has(status);
}

/** Forgets a resource's marker, and with it the way to its slices, unless it is of another representation by now. */
export function forgetSliced({ cache, stored }: EdgeContext, { key, slices }: SlicedResource): void {
  const id = cache.lookup(key);
  const isSame = id !== 0 && stored.of(id).meta.slices?.nonce === slices.nonce;
  cache.unpin();
  if (isSame) cache.remove(key);
}

/** Whether a resource's slices can still be found. */
export function isKnown({ cache, stored }: EdgeContext, { key, slices }: SlicedResource): boolean {
  const id = cache.lookup(key);
  const isMarker = id !== 0 && (cache.word(id, USER_FLAGS) & FLAG_SLICED) !== 0;
  const known = isMarker && stored.of(id).meta.slices?.nonce === slices.nonce;
  cache.unpin();
  return known;
}

export function dropSlice({ cache }: EdgeContext, resource: SlicedResource, n: number): void {
  cache.remove(setSliceKey(scratch, resource, n));
}
