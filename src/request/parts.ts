import { CacheKey, USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { holdParts, type KnownParts, offsetIn, PARTS_NAME, useOfParts } from '../fill/parts.ts';
import type { RangeTask } from '../fill/range-fetch.ts';
import type { StoredParts } from '../fill/stored.ts';
import {
  type ByteRange,
  isExcessiveRange,
  isWholeRange,
  type RangeSpec,
  resolveSpec,
  singleRange,
} from '../http/range.ts';
import { decideReuse } from '../http/reuse.ts';
import { PRECONDITION_NAMES } from '../http/stored-headers.ts';
import type { Exchange } from './exchange.ts';

/**
 * What is done with a request for a resource that is not stored as a whole: `serve` from its stored parts (`entry` is
 * set then), `pass` to the origin, `fill` as a whole, or a range to be fetched as far as it is not stored.
 */
export type PartsPlan = 'serve' | 'pass' | 'fill' | PlannedRange;

/** A range to be fetched as far as it is not stored. */
export interface PlannedRange {
  /** As the client sent it. */
  spec: RangeSpec;
  /** The bytes that it selects of what is stored; meant only with `known`. */
  wanted: ByteRange;
  /** What is stored of the resource, of which the range is known to be a part then. */
  known: KnownParts | undefined;
  /** The range is all of the resource, and was not asked for as a range. */
  whole: boolean;
}

/** Of the request that is being planned; no object is made for each miss. */
const partsKey = new CacheKey();

const RANGE_NAMES: ReadonlySet<string> = new Set(['range', 'if-range']);

const ALL: RangeSpec = { start: 0, end: -1 };
const NOTHING: ByteRange = { start: 0, end: -1 };

/** Forgets a Range that asks for too much: no origin has to answer what lb itself would answer by everything. */
export function dropExcessiveRange(x: Exchange): void {
  const range = x.field('range');
  if (range === '' || !isExcessiveRange(range)) return;
  x.headers = (x.headers ?? x.readHeaders()).filter((_, i, list) => !RANGE_NAMES.has(list[i & ~1]));
}

/** Looks at the stored parts of a resource; sets and leaves the transient pin where it says `serve`. */
export function planParts(x: Exchange): PartsPlan {
  const range = x.field('range');
  // whoever asks for a part of what is being fetched as a whole gets it from there
  if (range !== '' && (x.wantsAll || isBeingFetched(x))) return 'fill';
  const spec = range === '' ? undefined : singleRange(range);
  if (range !== '' && spec === undefined) return 'pass';
  if (range !== '' && (x.marker !== undefined || PRECONDITION_NAMES.some((name) => x.field(name) !== '')))
    return 'pass';
  const { cache, stored } = x.context;
  const id = x.marker === undefined ? cache.lookup(partsKey.set(x.host.prefix, x.target, x.keyParts + PARTS_NAME)) : 0;
  if (id === 0)
    return spec === undefined || isWholeRange(spec)
      ? 'fill'
      : { spec, wanted: NOTHING, known: undefined, whole: false };
  const { meta } = stored.of(id);
  const { parts } = meta;
  if (parts === undefined) {
    cache.unpin();
    return 'pass';
  }
  const use = useOfParts(meta, parts, spec);
  if (use.kind === 'held' && isFresh(x, id)) {
    x.entry = id;
    return 'serve';
  }
  cache.unpin();
  if (use.kind === 'outside') return 'pass';
  if (use.kind === 'all') return 'fill';
  const known = use.kind === 'gaps' ? use.known : undefined;
  return { spec: spec ?? ALL, wanted: use.wanted, known, whole: spec === undefined };
}

/** What a fill is to fetch, with the bytes that are stored of it; undefined where it is to fetch the resource as such. */
export function rangeTask(x: Exchange, { spec, wanted, known, whole }: PlannedRange): RangeTask | undefined {
  if (known === undefined) return { spec, wanted, held: undefined, whole };
  const key = partsKey.set(x.host.prefix, x.target, x.keyParts + PARTS_NAME);
  const held = holdParts(x.context, key, known, wanted);
  return held === undefined && whole ? undefined : { spec, wanted, held, whole };
}

function isBeingFetched(x: Exchange): boolean {
  const { cache } = x.context;
  const { fetching } = cache.peek(partsKey.set(x.host.prefix, x.target, x.keyParts));
  cache.unpin();
  return fetching && x.marker === undefined && x.field('if-match') === '' && x.field('if-unmodified-since') === '';
}

function isFresh(x: Exchange, id: number): boolean {
  const { cache } = x.context;
  const state = {
    freshUntil: cache.word(id, USER_FRESH_UNTIL),
    born: cache.word(id, USER_BORN),
    alwaysRevalidate: false,
    mayServeStale: false,
    staleWhileRevalidate: 0,
  };
  return decideReuse(state, x.now, x.clientDirectives()) === 'fresh';
}

/** Whether stored parts hold what is asked for. */
export function hasPart(x: Exchange): boolean {
  const isServed = x.method === 'GET' && x.field('range') !== '' && planParts(x) === 'serve';
  x.context.cache.unpin();
  return isServed;
}

/** The part of a resource that a request gets of stored parts, and where it stands in the entry's body. */
export function wantedPart(field: string, { ranges, complete }: StoredParts): { range: ByteRange; offset: number } {
  const spec = singleRange(field);
  const range = (spec === undefined ? undefined : resolveSpec(spec, complete)) ?? ranges[0];
  const held = ranges.find(({ start, end }) => start <= range.start && range.end <= end);
  return held === undefined ? { range: ranges[0], offset: 0 } : { range, offset: offsetIn(ranges, range.start) };
}
