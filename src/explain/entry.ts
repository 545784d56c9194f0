import { fromCacheTime, toCacheTime } from '../base/clock.ts';
import { type Cache, CacheKey, HARD_BAN, type Peek, USER_BORN, USER_FLAGS, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { parseTail } from '../fill/head.ts';
import { judge, variantName } from '../fill/judge.ts';
import { PARTS_NAME, rangeName } from '../fill/parts.ts';
import { FLAG_VARY_MARKER, type StoredMeta, StoredViews } from '../fill/stored.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { keyParts } from '../site/key-plan.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { RequestKey } from './key.ts';
import { type FoundSlices, findSlices } from './slices.ts';

/** A stored response, read whole: nothing here refers to the cache. */
export interface Entry {
  meta: StoredMeta;
  /** As stored, with those that clients do not get; Date and Age as they came. */
  headers: HeaderList;
  bytes: number;
  /** Where it is stored in slices. */
  slices: FoundSlices | undefined;
  uses: number | null;
  /** Cache time; `freshUntil` is 0 where a purge or no-cache made it stale. */
  born: number;
  freshUntil: number;
  /** What is to become of it by a newer purge: its next look-up does it. */
  ban: Peek['ban'];
  /** The newest purge that it has met. */
  sequence: number;
  /** Hashes. */
  tags: Peek['tags'];
  /** Folder of the disk that has it, where memory has not. */
  disk: string | undefined;
}

/** What a disk has under a key. */
export interface OnDisk {
  folder: string;
  /** The record, beside its body. */
  prelude: {
    readonly head: Uint8Array;
    readonly meta: Uint8Array;
    readonly tags: Int32Array;
    /** freshUntil, born, flags, aux. */
    readonly userWords: Int32Array;
    readonly bodyBytes: number;
  };
  /** The newest purge that it has met. */
  sequence: number;
  ban: Peek['ban'];
}

/** Looks on disks, without leaving a trace. */
export type DiskFind = (key: CacheKey) => OnDisk | undefined;

/** What the cache holds for a request. */
export interface Found {
  /** The key that decides in the end: of the variant, where the resource varies. */
  key: CacheKey;
  marker: StoredMeta | undefined;
  entry: Entry | undefined;
  /** Where no whole response is stored: parts of one. */
  parts: Entry | undefined;
  /** Of the variants that the marker knows, those that are stored, by name. */
  variants: ReadonlySet<string>;
  /** A request to the origin for it is under way. */
  fetching: boolean;
  /** One for the range that is asked for. */
  fetchingRange: boolean;
}

/** Looks a request up without leaving a trace: see `Cache.peek`. */
export function findEntry(
  cache: Cache,
  { host, target, configured, headers }: RequestKey,
  onDisk: DiskFind = () => undefined,
): Found {
  const parts = keyParts(configured);
  const key = new CacheKey().set(host.prefix, target, parts);
  const views = new StoredViews(cache);
  try {
    const plain = cache.peek(key);
    const below = plain.id === 0 ? notPurged(onDisk(key)) : undefined;
    const flags = plain.id === 0 ? (below?.prelude.userWords[2] ?? 0) : cache.word(plain.id, USER_FLAGS);
    const isMarker = (flags & FLAG_VARY_MARKER) !== 0;
    const { fetching } = plain;
    const none = {
      ...{ key, marker: undefined, parts: undefined, variants: new Set<string>(), fetching },
      fetchingRange: false,
    };
    // without its marker no variant is found
    if (isMarker && plain.ban === HARD_BAN) return { ...none, entry: undefined };
    if (!isMarker) {
      const found = read(cache, views, plain) ?? readDisk(below);
      const slices = found && findSlices(cache, key, parts, found.meta);
      const entry = found && { ...found, slices, bytes: slices?.complete ?? found.bytes };
      if (entry !== undefined && entry.ban !== HARD_BAN) return { ...none, entry };
      const partsKey = new CacheKey().set(host.prefix, target, parts + PARTS_NAME);
      const held = read(cache, views, cache.peek(partsKey)) ?? readDisk(notPurged(onDisk(partsKey)));
      const rangeKey = new CacheKey().set(host.prefix, target, parts + rangeName(getHeader(headers, 'range') ?? ''));
      const fetchingRange = cache.peek(rangeKey).fetching;
      return { ...none, entry, parts: held?.ban === HARD_BAN ? undefined : held, fetchingRange };
    }
    const marker = below === undefined ? views.meta(plain.id) : metaOf(below);
    const { variant = '', vary = [], known = [] } = marker;
    const isStored = (name: string): boolean => {
      const { id, ban } = cache.peek(key.set(host.prefix, target, parts + name));
      return id !== 0 && ban !== HARD_BAN;
    };
    const variants = new Set(known.map(({ name }) => name).filter(isStored));
    const chosen = cache.peek(
      key.set(host.prefix, target, parts + variantName(variant, vary, selecting(vary, headers))),
    );
    const { fetching: isFetched } = chosen;
    const entry = read(cache, views, chosen) ?? readDisk(notPurged(onDisk(key)));
    return { key, marker, parts: undefined, variants, entry, fetching: isFetched, fetchingRange: false };
  } finally {
    cache.unpin();
  }
}

/** Where Accept-Encoding alone selects, look-ups see only its first line, which finds something that the client takes. */
function selecting(vary: readonly string[], headers: HeaderList): HeaderList {
  if (vary.length !== 1 || vary[0] !== 'accept-encoding') return headers;
  const first = getHeader(headers, 'accept-encoding');
  return first === undefined ? [] : ['accept-encoding', first];
}

function read(cache: Cache, views: StoredViews, { id, ban, uses, tags }: Peek): Entry | undefined {
  if (id === 0) return undefined;
  const { meta, tail } = views.read(id);
  const headers = headersOf(meta, tail.slice());
  const born = cache.word(id, USER_BORN);
  const freshUntil = cache.word(id, USER_FRESH_UNTIL);
  return {
    meta,
    headers,
    bytes: cache.bodyLength(id),
    slices: undefined,
    uses,
    born,
    freshUntil,
    ban,
    sequence: cache.sequence(id),
    tags,
    disk: undefined,
  };
}

function notPurged(found: OnDisk | undefined): OnDisk | undefined {
  return found?.ban === HARD_BAN ? undefined : found;
}

function metaOf({ prelude }: OnDisk): StoredMeta {
  return JSON.parse(Buffer.from(prelude.meta).toString()) as StoredMeta;
}

function readDisk(found: OnDisk | undefined): Entry | undefined {
  if (found === undefined) return undefined;
  const { folder, prelude, sequence, ban } = found;
  const meta = metaOf(found);
  const [freshUntil, born] = prelude.userWords;
  return {
    meta,
    headers: headersOf(meta, prelude.head.subarray(meta.tail)),
    bytes: prelude.bodyBytes,
    slices: undefined,
    uses: null,
    ...{ born, freshUntil, ban, sequence },
    tags: prelude.tags,
    disk: folder,
  };
}

function headersOf(meta: StoredMeta, tail: Uint8Array): HeaderList {
  const headers = [...parseTail(tail), ...(meta.hidden ?? [])];
  if (meta.date !== undefined) headers.push('date', new Date(meta.date * 1000).toUTCString());
  if (meta.age !== undefined) headers.push('age', String(meta.age));
  return headers;
}

/** The judgement of a stored response at its arrival, made again by the code that made it. */
export function judgeAgain(entry: Entry, path: string, policy: CachePolicy): Judgement {
  const { meta, headers } = entry;
  const responseTime = meta.arrived ?? meta.date ?? 0;
  const answer = { status: meta.status, headers, requestTime: responseTime - (meta.delay ?? 0), responseTime };
  return judge({ path, headers: [], policy }, answer, meta.parts !== undefined);
}

/** Whether a purge has taken of its lifetime, or no-cache all of it. What lasts beyond the end of cache time ends there. */
export function isCut({ born, freshUntil, meta }: Entry): boolean {
  return freshUntil < toCacheTime(fromCacheTime(born) + (meta.life ?? 0));
}

/** Whether a 304 has begun its lifetime anew since it arrived. */
export function isConfirmed({ born }: Entry, judgement: Judgement): boolean {
  return born !== toCacheTime(judgement.born);
}
