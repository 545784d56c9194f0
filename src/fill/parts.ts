import type { Cache, CacheKey, UserWords } from '../cache/cache.ts';
import { USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { parseEntityTag } from '../http/etag.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import type { ByteRange } from '../http/range.ts';
import { joinRanges } from '../http/range-set.ts';
import type { EdgeContext } from './context.ts';
import { encodeMeta, type StoredMeta, type StoredParts } from './stored.ts';

/** What is kept of one resource in parts, at most, in bytes: joining copies it. */
const MAX_PARTS = 16 * 1024 * 1024;

/** Last part of the key under which a resource's parts are stored; no variant's name begins so. */
export const PARTS_NAME = '~parts';

/** Last part of the key of a range that is being fetched. */
export function rangeName(range: string): string {
  return `~range ${range}`;
}

/** Parts of a response that are stored (RFC 9111 section 3.3). */
export interface HeldParts extends StoredParts {
  /** For If-Range: a strong validator. */
  validator: string;
  etag: string | undefined;
  lastModified: string | undefined;
  /** A copy of bytes from `start` on, at most up to `end`, as far as they are in one piece. */
  read(start: number, end: number): Buffer;
}

/** The parts in an entry under the transient pin, all copied; undefined where no strong validator allows joining. */
export function heldParts(cache: Cache, id: number, meta: StoredMeta): HeldParts | undefined {
  const { parts } = meta;
  const validator = strongValidator(meta);
  if (parts === undefined || validator === undefined) return undefined;
  const body = bodyOf(cache, id);
  const read = (start: number, end: number): Buffer => {
    const at = offsetIn(parts.ranges, start);
    const range = parts.ranges.find((held) => held.start <= start && start <= held.end);
    if (at < 0 || range === undefined) return Buffer.alloc(0);
    return body.subarray(at, at + Math.min(end, range.end) - start + 1);
  };
  return { ...parts, validator, etag: meta.etag, lastModified: meta.lastModified, read };
}

/** The entity tag, where it is strong; else Last-Modified, where it was a minute old at least (RFC 9110 section 8.8.2.2). */
function strongValidator(meta: StoredMeta): string | undefined {
  const { etag, lastModified, date } = meta;
  if (etag !== undefined) return parseEntityTag(etag)?.weak === false ? etag : undefined;
  const modified = lastModified === undefined ? Number.NaN : Date.parse(lastModified) / 1000;
  return date !== undefined && date - modified >= 60 ? lastModified : undefined;
}

/** Whether an answer is of the representation that the stored parts are of: the strong validator and the length agree. */
export function isSameRepresentation(held: HeldParts, headers: HeaderList, complete: number): boolean {
  if (complete !== held.complete || getHeader(headers, 'etag') !== held.etag) return false;
  return held.etag !== undefined || getHeader(headers, 'last-modified') === held.lastModified;
}

/** Offset of a byte of the resource in the bytes of the stored ranges, one after the other; -1 where it is not stored. */
export function offsetIn(ranges: readonly ByteRange[], position: number): number {
  let offset = 0;
  for (const { start, end } of ranges) {
    if (position >= start && position <= end) return offset + position - start;
    offset += end - start + 1;
  }
  return -1;
}

function bodyOf(cache: Cache, id: number): Buffer {
  const length = cache.bodyLength(id);
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const run = cache.body(id, at);
    bytes.set(run, at);
    at += run.length;
  }
  return bytes;
}

/** A part that has just been stored under a key of its own. */
export interface FetchedPart {
  /** Pinned. */
  id: number;
  /** Its own key, that of the resource's parts, and that of the whole resource. */
  key: CacheKey;
  partsKey: CacheKey;
  wholeKey: CacheKey;
  tags: number[];
}

/**
 * Joins a part with those stored before, where they are of one representation; else it takes their place. Once nothing
 * is missing, the resource is stored as a whole. What was purged meanwhile is not stored.
 */
export function keepPart({ cache, stored }: EdgeContext, part: FetchedPart): void {
  const { id, key, partsKey, wholeKey, tags } = part;
  const { meta } = stored.read(id);
  const { parts } = meta;
  if (parts === undefined) return;
  const freshUntil = cache.word(id, USER_FRESH_UNTIL);
  const born = cache.word(id, USER_BORN);
  const former = cache.lookup(partsKey);
  const held = former === 0 ? undefined : heldParts(cache, former, stored.of(former).meta);
  const formerTags = former === 0 ? [] : Array.from(cache.tags(former));
  const seq = former === 0 ? cache.sequence(id) : Math.min(cache.sequence(id), cache.sequence(former));
  cache.unpin();
  cache.remove(key);
  const { complete } = parts;
  const fresh = { ...parts, body: bodyOf(cache, id) };
  const joinable = held !== undefined && isJoinable(fresh, held, meta) ? held : undefined;
  const { ranges, body } = joinable === undefined ? fresh : join(fresh, joinable);
  const allTags = joinable === undefined ? tags : [...new Set([...tags, ...formerTags])];
  const isWhole = ranges.length === 1 && ranges[0].start === 0 && ranges[0].end === complete - 1;
  const joined = isWhole ? { ...meta, status: 200, parts: undefined } : { ...meta, parts: { ranges, complete } };
  const words: UserWords = [freshUntil, born, 0, joined.status];
  const head = cache.head(id).slice();
  const kept = cache.put(isWhole ? wholeKey : partsKey, head, encodeMeta(joined), body, words, seq, allTags);
  if (isWhole && kept !== 0) cache.remove(partsKey);
}

/** Whether a part is of the representation of which parts are stored, and the sum of them not too large. */
function isJoinable(fresh: StoredParts, held: HeldParts, meta: StoredMeta): boolean {
  if (held.complete !== fresh.complete || held.etag !== meta.etag) return false;
  if (held.etag === undefined && held.lastModified !== meta.lastModified) return false;
  return lengthOf(joinRanges([...held.ranges, ...fresh.ranges])) <= MAX_PARTS;
}

function join(fresh: StoredParts & { body: Buffer }, held: HeldParts): { ranges: ByteRange[]; body: Buffer } {
  const ranges = joinRanges([...held.ranges, ...fresh.ranges]);
  const body = Buffer.allocUnsafe(lengthOf(ranges));
  for (const { start, end } of held.ranges) body.set(held.read(start, end), offsetIn(ranges, start));
  body.set(fresh.body, offsetIn(ranges, fresh.ranges[0].start));
  return { ranges, body };
}

function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
}
