import type { Cache, CacheKey, UserWords } from '../cache/cache.ts';
import { USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { contentRangeOf } from '../http/content-range.ts';
import { parseHttpDate } from '../http/date.ts';
import { parseEntityTag } from '../http/etag.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import { type ByteRange, type RangeSpec, resolveSpec } from '../http/range.ts';
import { joinRanges, missingRanges } from '../http/range-set.ts';
import type { EdgeContext } from './context.ts';
import { encodeMeta, type StoredMeta, type StoredParts } from './stored.ts';

/** What is kept of one resource in parts, at most, in bytes: joining copies it. */
const MAX_PARTS = 16 * 1024 * 1024;

/** Ranges that are kept of one resource, at most. */
const MAX_RANGES = 64;

/** Last part of the key under which a resource's parts are stored; no variant's name begins so. */
export const PARTS_NAME = '~parts';

/** Last part of the key of a range that is being fetched. */
export function rangeName(range: string): string {
  return `~range ${range}`;
}

/** What a 206 holds, where it says of how much. */
export function partsOf(headers: HeaderList): StoredParts | undefined {
  const { range, complete = -1 } = contentRangeOf(headers) ?? {};
  return range === undefined || complete < 0 ? undefined : { ranges: [range], complete };
}

/** What is stored of a resource in parts, without its bytes (RFC 9111 section 3.3). */
export interface KnownParts extends StoredParts {
  /** For If-Range: a strong validator. */
  validator: string;
  etag: string | undefined;
  lastModified: string | undefined;
}

/** Stored parts, with the bytes of a range. */
export interface HeldParts extends KnownParts {
  /** The bytes from `start` on, at most up to `end`, as far as they are stored in one piece. */
  read(start: number, end: number): Buffer;
}

/** The parts that an entry's meta tells of; undefined where no strong validator allows joining. */
export function knownParts(meta: StoredMeta): KnownParts | undefined {
  const { parts, etag, lastModified } = meta;
  const validator = strongValidator(meta);
  return parts === undefined || validator === undefined ? undefined : { ...parts, validator, etag, lastModified };
}

/** What the stored parts of a resource are to a request for a range of it, or for all of it. */
export type PartsUse =
  /** The range lies beyond its end. */
  | { kind: 'outside' }
  /** To be fetched as a whole. */
  | { kind: 'all' }
  /** All of the range is stored. */
  | { kind: 'held'; wanted: ByteRange }
  /** `known` is undefined where nothing can be joined with what is stored. */
  | { kind: 'gaps'; wanted: ByteRange; missing: ByteRange[]; known: KnownParts | undefined };

/** @param spec undefined for all of the resource */
export function useOfParts(meta: StoredMeta, { ranges, complete }: StoredParts, spec: RangeSpec | undefined): PartsUse {
  const wanted = spec === undefined ? { start: 0, end: complete - 1 } : resolveSpec(spec, complete);
  if (wanted === undefined) return { kind: 'outside' };
  const missing = missingRanges(wanted, ranges);
  if (missing.length === 0) return spec === undefined ? { kind: 'all' } : { kind: 'held', wanted };
  const known = knownParts(meta);
  return known === undefined && spec === undefined ? { kind: 'all' } : { kind: 'gaps', wanted, missing, known };
}

/**
 * Copies what is stored of a range, in the entry of a key; undefined where other parts than those that were known are
 * stored by now. Ends the transient pin.
 */
export function holdParts(
  { cache, stored }: EdgeContext,
  key: CacheKey,
  known: KnownParts,
  range: ByteRange,
): HeldParts | undefined {
  const id = cache.lookup(key);
  const now = id === 0 ? undefined : knownParts(stored.of(id).meta);
  const held =
    now !== undefined && isSameParts(now, known) ? { ...known, read: copyOf(cache, id, known, range) } : undefined;
  cache.unpin();
  return held;
}

function isSameParts(a: KnownParts, b: KnownParts): boolean {
  const sameRanges = a.ranges.length === b.ranges.length && a.ranges.every((range, i) => sameRange(range, b.ranges[i]));
  return sameRanges && a.validator === b.validator && a.complete === b.complete;
}

export function sameRange(a: ByteRange, b: ByteRange | undefined): boolean {
  return b !== undefined && a.start === b.start && a.end === b.end;
}

function copyOf(cache: Cache, id: number, { ranges }: StoredParts, wanted: ByteRange): HeldParts['read'] {
  const pieces: { start: number; bytes: Buffer }[] = [];
  let offset = 0;
  for (const { start, end } of ranges) {
    const from = Math.max(start, wanted.start);
    const to = Math.min(end, wanted.end);
    if (from <= to) pieces.push({ start: from, bytes: bytesOf(cache, id, offset + from - start, to - from + 1) });
    offset += end - start + 1;
  }
  return (start, end) => {
    const piece = pieces.find((one) => one.start <= start && start < one.start + one.bytes.length);
    return piece === undefined ? NO_BYTES : piece.bytes.subarray(start - piece.start, end - piece.start + 1);
  };
}

const NO_BYTES = Buffer.alloc(0);

/** The entity tag, where it is strong; else Last-Modified, where it was a minute old at least (RFC 9110 section 8.8.2.2). */
export function strongValidator(meta: Pick<StoredMeta, 'etag' | 'lastModified' | 'date'>): string | undefined {
  const { etag, lastModified, date } = meta;
  if (etag !== undefined) return parseEntityTag(etag)?.weak === false ? etag : undefined;
  const modified = lastModified === undefined ? Number.NaN : parseHttpDate(lastModified);
  return date !== undefined && date - modified >= 60 ? lastModified : undefined;
}

/** Whether an answer is of the representation that the stored parts are of: the strong validator and the length agree. */
export function isSameRepresentation(
  held: Pick<KnownParts, 'complete' | 'etag' | 'lastModified'>,
  headers: HeaderList,
  complete: number,
): boolean {
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

/** A copy of body bytes. */
function bytesOf(cache: Cache, id: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const run = cache.body(id, from + at).subarray(0, length - at);
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
  /** `cache.invalidations` before it was stored. */
  invalidations: number;
}

/**
 * Joins a part with those stored before, where they are of one representation; else it takes their place. Once nothing
 * is missing, the resource is stored as a whole, unless something else has been stored for it meanwhile. What was purged
 * or changed meanwhile is not stored.
 */
export function keepPart(context: EdgeContext, part: FetchedPart): void {
  const { cache, stored } = context;
  const { id, key, partsKey, wholeKey, tags, invalidations } = part;
  const { meta } = stored.read(id);
  const { parts } = meta;
  const seq = cache.sequence(id);
  const freshUntil = cache.word(id, USER_FRESH_UNTIL);
  const born = cache.word(id, USER_BORN);
  const head = cache.head(id).slice();
  cache.remove(key);
  if (parts === undefined || lengthOf(parts.ranges) > MAX_PARTS) return;
  const former = formerParts(context, partsKey, parts, meta);
  const body = bytesOf(cache, id, 0, lengthOf(parts.ranges));
  const { ranges, body: bytes } = former === undefined ? { ...parts, body } : former.join(parts.ranges, body);
  const { complete } = parts;
  const isWhole = ranges.length === 1 && ranges[0].start === 0 && ranges[0].end === complete - 1;
  const joined = isWhole ? { ...meta, status: 200, parts: undefined } : { ...meta, parts: { ranges, complete } };
  const words: UserWords = [freshUntil, born, 0, joined.status];
  const allTags = former === undefined ? tags : [...new Set([...tags, ...former.tags])];
  const oldest = former === undefined ? seq : Math.min(seq, former.sequence);
  const target = isWhole ? wholeKey : partsKey;
  const expected = isWhole ? 0 : undefined;
  const kept = cache.put(target, head, encodeMeta(joined), bytes, words, oldest, allTags, expected);
  if (kept !== 0 && isWhole) cache.remove(partsKey);
  if (kept !== 0 && cache.invalidations() !== invalidations) cache.remove(target);
}

interface FormerParts {
  sequence: number;
  tags: number[];
  join(ranges: readonly ByteRange[], body: Buffer): { ranges: ByteRange[]; body: Buffer };
}

/** The stored parts that a fresh one can be joined with: of one representation, neither too many nor too large in sum. */
function formerParts(
  context: EdgeContext,
  key: CacheKey,
  fresh: StoredParts,
  meta: StoredMeta,
): FormerParts | undefined {
  const { cache, stored } = context;
  const id = cache.lookup(key);
  const known = id === 0 ? undefined : knownParts(stored.of(id).meta);
  const ranges = known === undefined ? [] : joinRanges([...known.ranges, ...fresh.ranges]);
  const isJoinable =
    known !== undefined &&
    known.complete === fresh.complete &&
    known.etag === meta.etag &&
    (known.etag !== undefined || known.lastModified === meta.lastModified) &&
    ranges.length <= MAX_RANGES &&
    lengthOf(ranges) <= MAX_PARTS;
  if (!isJoinable) {
    cache.unpin();
    return undefined;
  }
  const sequence = cache.sequence(id);
  const tags = Array.from(cache.tags(id));
  const held = bytesOf(cache, id, 0, lengthOf(known.ranges));
  cache.unpin();
  const join = (more: readonly ByteRange[], body: Buffer) => {
    const bytes = Buffer.allocUnsafe(lengthOf(ranges));
    for (const [parts, from] of [[known.ranges, held] as const, [more, body] as const]) {
      let at = 0;
      for (const { start, end } of parts) {
        bytes.set(from.subarray(at, at + end - start + 1), offsetIn(ranges, start));
        at += end - start + 1;
      }
    }
    return { ranges, body: bytes };
  };
  return { sequence, tags, join };
}

function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
}
