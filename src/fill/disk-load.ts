import type { Cache, CacheKey, Claim } from '../cache/cache.ts';
import { DiskFault } from '../disk/fault.ts';
import { BLOCK } from '../disk/format.ts';
import type { DiskReader } from '../disk/reader.ts';
import type { RecentReads } from '../disk/recent.ts';
import { type DiskRecord, MAX_BLOCKS } from '../disk/record.ts';
import type { EdgeContext } from './context.ts';
import type { LocalFlight } from './flights.ts';

/** The disks as one thread has them. */
export interface DiskTier {
  readonly reader: DiskReader;
  readonly recent: RecentReads;
  /**
   * Asks the thread of a disk that still reads its index whether it has a key of this hash. Where it has, it is found from then on.
   * @returns what takes the question back
   */
  ask(disk: number, lo: number, hi: number, then: () => void): () => void;
}

/** Bytes of larger bodies that one thread brings into memory at a time. */
const MAX_LOADING = 64 << 20;

let loading = 0;

/** What a disk has under a key; to be closed. Nothing is read yet. */
export function findOnDisk({ disks, cache }: EdgeContext, key: CacheKey): DiskRecord | undefined {
  return disks?.reader.find(key, cache.purgeFloor());
}

/** Notes a use of a small entry. Whether memory is to have it: it was used lately, or pushes nobody out. */
export function isWorthMemory({ cache, disks }: EdgeContext, { lo, hi }: CacheKey, { length }: DiskRecord): boolean {
  return disks?.recent.use(lo, hi, length) === true || cache.hasRoom(length);
}

/**
 * Brings a small entry, which may be open already, into memory without a wait, and closes it.
 * @returns undefined where it takes a wait: then it is still open; false where it cannot be had
 */
export function loadNow({ cache }: EdgeContext, key: CacheKey, record: DiskRecord): boolean | undefined {
  let isLoaded: boolean | undefined;
  try {
    if (record.isOpen) isLoaded = keep(cache, key, record, record.body());
    else if (record.isSmall && record.openHeadNow()) isLoaded = bring(cache, key, record);
  } catch (error) {
    if (!(error instanceof DiskFault)) throw error;
    isLoaded = false;
  }
  if (isLoaded !== undefined) record.close();
  return isLoaded;
}

/** The body goes right to where it is stored. */
function bring(cache: Cache, key: CacheKey, record: DiskRecord): boolean | undefined {
  const { head, meta, userWords, tags } = record.prelude;
  const { length, sequence, bodyInto } = record;
  const id = cache.load(key, head, meta, length, userWords, sequence, tags, record, bodyInto);
  return id === 0 && record.isAway ? undefined : id !== 0;
}

/**
 * Brings an entry into memory, as the flight of its key that this thread leads, and closes it. Whoever follows the flight looks up
 * anew when it ends, whatever came of it.
 */
export function loadLater(context: EdgeContext, flight: LocalFlight, key: CacheKey, record: DiskRecord): void {
  flight.filling = true;
  void load(context, key.copy(), record).then(() => {
    context.flights.standDown(flight);
    context.flights.land(flight);
  });
}

/** As `loadLater`, where nobody has claimed the key yet. @returns the claim; whoever gets it enters the flight */
export function claimLoad(context: EdgeContext, key: CacheKey, record: DiskRecord): Claim {
  const claim = context.cache.claim(key);
  if (!claim.leader) record.close();
  return claim;
}

/** Never rejects. */
async function load(context: EdgeContext, key: CacheKey, record: DiskRecord): Promise<void> {
  const bytes = record.isSmall ? 0 : record.length;
  // there is no end to what clients may ask for; it is fetched from the origin then
  if (bytes > 0 && loading + bytes > MAX_LOADING && loading > 0) {
    record.close();
    return;
  }
  loading += bytes;
  try {
    await record.open();
    const body = record.isSmall ? record.body() : await gather(record);
    keep(context.cache, key, record, body);
  } catch (error) {
    if (!(error instanceof DiskFault)) context.onBug(error as Error);
  } finally {
    loading -= bytes;
    record.close();
  }
}

async function gather(record: DiskRecord): Promise<Uint8Array> {
  const body = Buffer.allocUnsafeSlow(record.length);
  for (let block = 0; block < record.blocks; block += MAX_BLOCKS) {
    const count = Math.min(MAX_BLOCKS, record.blocks - block);
    body.set(record.blocksNow(block, count) ?? (await record.blocksOf(block, count)), block * BLOCK);
  }
  return body;
}

/** Stores what was read, as new as it is on the disk. */
function keep(cache: Cache, key: CacheKey, record: DiskRecord, body: Uint8Array): boolean {
  const { head, meta, userWords, tags } = record.prelude;
  return cache.put(key, head, meta, body, userWords, record.sequence, tags, undefined, record) !== 0;
}
