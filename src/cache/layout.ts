/**
 * The binary format of the cache: one SharedArrayBuffer, fixed offsets, little-endian int32 words.
 *
 *   header | worker lines | pin ledgers | site counters | page table | page bitmaps | ghosts | index | entries | ban log | pages
 *
 * Every region starts on a 64-byte line. Addresses of slots are in units of 64 bytes from the start of the buffer, so
 * that 16 GB fit a signed word. Regions that are never used are never touched, and so are not resident.
 */
import { randomBytes } from 'node:crypto';
import type { LowerTier } from './lower.ts';

const MAGIC = 0x6c62_0001;
export const VERSION = 2;

/** Bytes of an address unit, a cache line. */
export const UNIT = 64;

// Header words. Line 0 is constant after creation.
export const H_MAGIC = 0;
export const H_VERSION = 1;
export const H_UNITS = 2; // size of the buffer in 64-byte units
export const H_WORKERS = 3;
export const H_PAGE_SHIFT = 4;
export const H_PAGES = 5;
export const H_ENTRIES = 6;
export const H_BUCKETS = 7;
export const H_LRU = 8;
export const H_MAX_OBJECT = 9;
export const H_SECRET_LO = 10;
export const H_SECRET_HI = 11;
export const H_LEDGER = 12;
export const H_GHOSTS = 13;
export const H_BAN_BYTES = 14;
/** The mutation lock: 0 free, else (owner + 1), with LOCK_CONTENDED when someone sleeps on it. */
export const H_LOCK = 16;
// Ban log, written by main alone. Positions are byte counts since creation, modulo 2^32; offset = position mod size.
export const H_BAN_SEQ = 32; // the newest purge; readers compare it with an entry's E_SEQ
export const H_BAN_HEAD = 33; // oldest record kept
export const H_BAN_TAIL = 34; // end of the newest record
export const H_BAN_FLOOR = 35; // every entry has E_SEQ >= this; the log holds all later purges
/** Logical time for least-recently-used: insertions so far. */
export const H_CLOCK = 48;
// Guarded by the lock from here on.
export const H_FREE_ENTRY = 64; // head of the list of freed entry records
export const H_HIGH_WATER = 65; // records 1..this were in use at some time
export const H_FREE_PAGES = 66;
export const H_PAGE_ROTOR = 67;
export const H_OBJECTS = 68; // LIVE entries
export const H_EVICTIONS = 69;
export const H_GHOST_CLOCK = 70;
export const H_DEAD_LO = 71; // workers that died and are not yet recovered
export const H_DEAD_HI = 72;
export const H_RECLAIMED_PAGES = 73;
export const H_REBUILDS = 74;
export const H_INSERTS = 75;
export const H_STALE_STAMP = 77; // what the newest soft purge leaves of fresh-until words
export const H_INVALIDATIONS = 76; // calls of invalidate, each before it takes effect
/** Queues: 4 words each (head, tail, count, units), at H_QUEUES + 4 * kind. */
export const H_QUEUES = 80;
/** Entry ids whose pin count a death left in doubt. */
export const H_DOUBTS = 112;
export const DOUBTS = 16;
/** Head (page + 1) of the list of partly free pages of class c. */
export const H_CLASSES = 128;
const HEADER_WORDS = 256;
export const MAX_CLASSES = HEADER_WORDS - H_CLASSES;

// Worker line; its first word is the transient pin (hazard slot).
export const WORKER_WORDS = 16;
export const W_HELD = 1; // long pins held: a statistic, the ledger is the truth

// Entry record.
export const ENTRY_WORDS = 16;
export const E_STATE = 0; // generation << 4 | state
export const E_LO = 1; // keyed hash
export const E_HI = 2;
export const E_SLOT = 3; // unit address of the meta slot: slot header, key, meta, head, first part of the body
export const E_PAGE = 4; // first body page + 1
export const E_AUX = 5; // user
export const E_LENGTH = 6; // published body bytes
export const E_TOTAL = 7; // declared body bytes, -1 unknown
export const E_PINS = 8; // long pins
export const E_PREV = 9; // queue link (24 bits) | queue kind (3 bits at 24) | flight flags
export const E_NEXT = 10; // queue link (24 bits) | owner of a flight (8 bits at 24)
export const E_USE = 11; // S3-FIFO frequency 0..3, or last use for LRU; written without lock
export const E_SEQ = 12; // purges up to this one have been applied
export const E_FRESH_UNTIL = 13; // user
export const E_BORN = 14; // user
export const E_FLAGS = 15; // user

export const ID_MASK = 0x00ff_ffff;

// States of an entry. From GONE on it is a zombie: in no index, waiting for its last pin.
export const FREE = 0;
export const WAITING = 1;
export const STREAMING = 2;
export const LIVE = 3;
export const GONE = 4;
export const RELEASED = 5;
export const REFRESHED = 6;
export const FAILED = 7;
export const BROKEN = 8;
export const STATE_MASK = 15;

// Queue kinds, in bits 24..26 of E_PREV.
export const Q_SMALL = 1;
export const Q_MAIN = 2;
export const Q_FLIGHT = 3;
export const Q_ZOMBIE = 4;
// Flags of a flight, in E_PREV.
export const F_DETACHED = 1 << 27; // not in the index: nobody joins it
export const F_DOOMED = 1 << 28; // a hard purge matched it: never becomes LIVE
export const F_STALE = 1 << 29; // a soft purge matched it: becomes LIVE as stale
export const F_OLDER = 1 << 30; // a newer flight of its key was begun: becomes LIVE where no entry is that stays fresh as long
export const F_MISSED = 1 << 31; // a purge by tag left the log before its tags were known: LIVE only without tags

// Slot header (meta slots); the key's words follow it, and after some room the tags, which end where the meta begins. The
// last word of every slot is its owner's entry id.
//
// A tag is a word: 32 bits of a hash that the secret keys, never 0. Two tags of the same hash are purged together: at ten
// million different tags about one purge in 400 takes objects with it that do not have its tag. It never misses one that does.
export const S_PREFIX_WORDS = 0;
export const S_KEY_WORDS = 1;
export const S_SITE = 2;
export const S_HOST = 3; // byte offset in the prefix << 16 | bytes
export const S_META = 4; // byte offset in the slot
export const S_META_BYTES = 5;
export const S_HEAD_BYTES = 6; // the head follows meta, the inline body follows the head, each on 4 bytes
export const S_INLINE = 7; // body bytes that the slot holds
export const S_TAIL = 8; // unit address of the tail slot, 0 none
export const S_WAIT_LO = 9; // workers to wake, ids 0..31
export const S_WAIT_HI = 10; // ids 32..62
export const S_TAGS = 11; // number of tags, -1 while a flight does not know them
export const SLOT_WORDS = 12;
export const SLOT_HEADER = SLOT_WORDS * 4;
/** Tags of one entry; what has more is not stored, so that no purge misses it. */
export const MAX_TAGS = 128;
export const UNKNOWN_TAGS = -1;

// Page table row.
export const PAGE_WORDS = 8;
export const P_KIND = 0; // 0 free, 1.. size class + 1, P_BODY
export const P_FREE = 1; // free slots
export const P_NEXT = 2; // list of partly free pages of the class, page + 1
export const P_PREV = 3;
export const P_LINK = 4; // next page of the body + 1
export const P_BODY = 255;

export const BUCKET_WORDS = 16;
/** Smallest slot, bytes. */
export const MIN_SLOT = 128;
export const SITE_COUNTERS = 1024;
export const MAX_WORKERS = 62;
export const MIN_MEMORY = 1 << 20;
const MAX_MEMORY = 2 ** 36;

export interface CacheOptions {
  /** Bytes, at least 1 MB: a hard limit on everything the cache holds. */
  memory: number;
  /** Edge threads, 1 to 62; the main thread is worker 0 beside them. */
  workers: number;
  eviction: 's3fifo' | 'lru';
  /** Bytes of the largest body. */
  maxObject?: number;
  /** 8 bytes that key the hash; random by default. */
  secret?: Uint8Array;
  /** The purge sequence goes on from here; 0 by default. */
  purgeSequence?: number;
}

const floorPow2 = (n: number): number => 2 ** Math.floor(Math.log2(n));
const ceilPow2 = (n: number): number => 2 ** Math.ceil(Math.log2(n));
const clamp = (n: number, low: number, high: number): number => Math.min(Math.max(n, low), high);

/** Word offsets of the regions, from the header's line 0. */
export interface Regions {
  workers: number;
  ledgers: number;
  sites: number;
  pages: number;
  freePages: number;
  bitmaps: number;
  ghosts: number;
  index: number;
  entries: number;
  bans: number;
  /** First word after all regions. */
  end: number;
}

interface Geometry {
  workers: number;
  pageShift: number;
  pages: number;
  entries: number;
  buckets: number;
  ledger: number;
  ghosts: number;
  banBytes: number;
}

/** Words of slot bitmap per page. */
const bitmapWords = (pageShift: number): number => 2 ** pageShift / MIN_SLOT / 32;

export function regionsOf(g: Geometry): Regions {
  let at = HEADER_WORDS;
  const take = (words: number): number => {
    const start = at;
    at += Math.ceil(words / 16) * 16;
    return start;
  };
  const lines = g.workers + 1;
  return {
    workers: take(lines * WORKER_WORDS),
    ledgers: take(lines * g.ledger),
    sites: take(SITE_COUNTERS),
    pages: take(g.pages * PAGE_WORDS),
    freePages: take(Math.ceil(g.pages / 32)),
    bitmaps: take(g.pages * bitmapWords(g.pageShift)),
    ghosts: take(g.ghosts),
    index: take(g.buckets * BUCKET_WORDS),
    entries: take((g.entries + 1) * ENTRY_WORDS),
    bans: take(g.banBytes / 4),
    end: at,
  };
}

function geometryFor(memory: number, workers: number): Geometry {
  const pageBytes = clamp(floorPow2(memory / 256), 16384, 262144);
  const entries = Math.min(ID_MASK, Math.floor(memory / 1024));
  const geometry: Geometry = {
    workers,
    pageShift: Math.log2(pageBytes),
    pages: Math.floor(memory / pageBytes),
    entries,
    buckets: ceilPow2((entries * 1.25) / BUCKET_WORDS),
    ledger: clamp(floorPow2(memory / 4096), 256, 16384),
    ghosts: floorPow2(entries),
    banBytes: clamp(floorPow2(memory / 1024), 16384, 1048576),
  };
  // The page table shrinks with the number of pages that the rest leaves room for; two rounds settle it.
  for (let round = 0; round < 2; round++) {
    geometry.pages = Math.floor((memory - regionsOf(geometry).end * 4) / pageBytes);
  }
  if (geometry.pages < 8) throw new RangeError(`${memory} bytes are too few for a cache of ${workers} workers`);
  return geometry;
}

/** Largest body by default: a quarter of the memory, at least 64 MB from 128 MB of memory up, at most 2 GB. */
function defaultMaxObject(memory: number): number {
  return Math.min(2 ** 31 - 1, Math.max(Math.floor(memory / 4), memory >= 2 ** 27 ? 2 ** 26 : 0));
}

/** Makes an empty cache; throws RangeError on impossible options. The buffer is never larger than `memory`. */
export function createCache(options: CacheOptions): SharedArrayBuffer {
  const { memory, workers } = options;
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) throw new RangeError('workers: 1 to 62');
  if (!(memory >= MIN_MEMORY && memory <= MAX_MEMORY)) throw new RangeError('memory: 1 MB to 64 GB');
  const secret = options.secret ?? randomBytes(8);
  if (secret.length !== 8) throw new RangeError('secret: 8 bytes');
  const g = geometryFor(memory, workers);
  const r = regionsOf(g);
  const bytes = Math.ceil((r.end * 4) / UNIT) * UNIT + g.pages * 2 ** g.pageShift;
  const sab = new SharedArrayBuffer(bytes);
  const header = new Int32Array(sab, 0, HEADER_WORDS);
  header[H_MAGIC] = MAGIC;
  header[H_VERSION] = VERSION;
  header[H_UNITS] = bytes / UNIT;
  header[H_WORKERS] = g.workers;
  header[H_PAGE_SHIFT] = g.pageShift;
  header[H_PAGES] = g.pages;
  header[H_ENTRIES] = g.entries;
  header[H_BUCKETS] = g.buckets;
  header[H_LRU] = options.eviction === 'lru' ? 1 : 0;
  header[H_MAX_OBJECT] = clamp(options.maxObject ?? defaultMaxObject(memory), 0, 2 ** 31 - 1);
  header[H_SECRET_LO] = Buffer.from(secret).readInt32LE(0);
  header[H_SECRET_HI] = Buffer.from(secret).readInt32LE(4);
  header[H_BAN_SEQ] = options.purgeSequence ?? 0;
  header[H_BAN_FLOOR] = options.purgeSequence ?? 0;
  header[H_LEDGER] = g.ledger;
  header[H_GHOSTS] = g.ghosts;
  header[H_BAN_BYTES] = g.banBytes;
  header[H_FREE_PAGES] = g.pages;
  const free = new Int32Array(sab, r.freePages * 4, Math.ceil(g.pages / 32));
  for (let page = 0; page < g.pages; page++) free[page >> 5] |= 1 << (page & 31);
  return sab;
}

/** One thread's views and constants over the buffer; made once per thread. */
export class Arena {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly worker: number;
  readonly workers: number;
  readonly pageShift: number;
  readonly pageBytes: number;
  readonly pageUnits: number;
  readonly pages: number;
  readonly entries: number;
  readonly bucketMask: number;
  readonly ledgerSize: number;
  readonly ghostMask: number;
  readonly banBytes: number;
  readonly maxObject: number;
  readonly lru: boolean;
  readonly at: Regions;
  /** Unit address of page 0. */
  readonly firstPage: number;
  readonly bitmapWords: number;
  /** Test seam: called at each point of a critical section where a death leaves shared state half-changed. */
  kill: ((point: string) => void) | null = null;
  /** This thread's way to the tier below. */
  lower: LowerTier | undefined;

  /** Throws when `sab` is not a cache of this version, or `worker` is out of its range. */
  constructor(sab: SharedArrayBuffer, worker: number) {
    const words = new Int32Array(sab);
    if (words[H_MAGIC] !== MAGIC || words[H_VERSION] !== VERSION) throw new TypeError('not a cache of this version');
    if (!(worker >= 0 && worker <= words[H_WORKERS])) throw new RangeError(`no worker ${worker} in this cache`);
    this.words = words;
    this.bytes = new Uint8Array(sab);
    this.worker = worker;
    this.workers = words[H_WORKERS];
    this.pageShift = words[H_PAGE_SHIFT];
    this.pageBytes = 2 ** this.pageShift;
    this.pageUnits = this.pageBytes / UNIT;
    this.pages = words[H_PAGES];
    this.entries = words[H_ENTRIES];
    this.bucketMask = words[H_BUCKETS] - 1;
    this.ledgerSize = words[H_LEDGER];
    this.ghostMask = words[H_GHOSTS] - 1;
    this.banBytes = words[H_BAN_BYTES];
    this.maxObject = words[H_MAX_OBJECT];
    this.lru = words[H_LRU] === 1;
    this.bitmapWords = bitmapWords(this.pageShift);
    this.at = regionsOf({
      workers: this.workers,
      pageShift: this.pageShift,
      pages: this.pages,
      entries: this.entries,
      buckets: words[H_BUCKETS],
      ledger: this.ledgerSize,
      ghosts: words[H_GHOSTS],
      banBytes: this.banBytes,
    });
    this.firstPage = Math.ceil((this.at.end * 4) / UNIT);
  }

  /** Word offset of an entry record. */
  entry(id: number): number {
    return this.at.entries + id * ENTRY_WORDS;
  }
}
