/**
 * The cache: one SharedArrayBuffer that every thread opens. It knows keys, heads, metas, bodies and four user words
 * per entry, and nothing of HTTP. Main is worker 0.
 *
 * An id names an entry for as long as the caller pins it. Pinned bytes never change and never move, except that a flight grows.
 */
import { audit } from './audit.ts';
import type { Verdict } from './ban-index.ts';
import { BanView, banSequence } from './bans.ts';
import { slotHeader, stateOf } from './entries.ts';
import { Evictor, MAX_USE } from './eviction.ts';
import { type Claim, Flights, type Unstored, type UserWords } from './flight.ts';
import { type CacheKey, type KeyPrefix, makePrefix, slotHasKey } from './key.ts';
import { Landing } from './landing.ts';
import {
  Arena,
  BROKEN,
  BUCKET_WORDS,
  E_AUX,
  E_BORN,
  E_FLAGS,
  E_FRESH_UNTIL,
  E_HI,
  E_LENGTH,
  E_LO,
  E_SEQ,
  E_SLOT,
  E_STATE,
  E_TOTAL,
  E_USE,
  ENTRY_WORDS,
  FAILED,
  FREE,
  GONE,
  H_BAN_FLOOR,
  H_BAN_SEQ,
  H_CLOCK,
  H_FREE_PAGES,
  H_INVALIDATIONS,
  H_SECRET_HI,
  H_SECRET_LO,
  ID_MASK,
  LIVE,
  REFRESHED,
  RELEASED,
  STATE_MASK,
  STREAMING,
  WAITING,
} from './layout.ts';
import { type Below, type BodyReader, type EntryRecord, type LowerTier, recordOf } from './lower.ts';
import { type Peek, peek } from './peek.ts';
import { hazardOf, Pins } from './pin.ts';
import { Purge } from './purge.ts';
import { type Recovery, recover } from './recover.ts';
import { Slab } from './slab.ts';
import { type CacheStats, objectsOfSite, readStats } from './stats.ts';
import { BodyMap, headOf, metaOf } from './storage.ts';
import { NO_TAGS, type TagHashes, tagHasher, tagsOf } from './tags.ts';

export { HARD_BAN, NO_BAN, SOFT_BAN } from './ban-index.ts';
export type { PurgeSpec } from './bans.ts';
export type { Claim, UserWords } from './flight.ts';
export { CacheKey, KeyPrefix } from './key.ts';
export { createCache } from './layout.ts';
export type { Below, BodyReader, EntryRecord, LowerTier } from './lower.ts';
export type { Peek } from './peek.ts';
export type { Purge } from './purge.ts';
export type { Recovery } from './recover.ts';
export type { CacheStats } from './stats.ts';
export type { TagHashes } from './tags.ts';

/** Entry words open to the caller, for `word` and `setWord`. */
export const USER_FRESH_UNTIL = E_FRESH_UNTIL;
export const USER_BORN = E_BORN;
export const USER_FLAGS = E_FLAGS;
export const USER_AUX = E_AUX;

/** The LIVE entry that a flight became, or the complete bytes that were not stored. */
export const DONE = LIVE;
export { BROKEN, FAILED, REFRESHED, RELEASED, STREAMING, WAITING };

export type Outcome = typeof DONE | Unstored;
export type FlightState = typeof WAITING | typeof STREAMING | Outcome;

/** Probes of a key whose entry is being replaced, before it counts as a miss. */
const PROBES = 16;

/** One page in so many is spare: what is evicted leaves some free. */
const SPARE_SHARE = 32;

/** Opens a cache that `createCache` made; one open cache per worker id at a time. */
export function openCache(sab: SharedArrayBuffer, workerId: number): Cache {
  return new Cache(new Arena(sab, workerId));
}

export class Cache {
  readonly workerId: number;
  /** On main only. */
  readonly purge: Purge;
  /** The hash of a tag, latin1, for `open`, `put` and `replaceHead`. Throws RangeError for characters over 255. */
  readonly tagHash: (tag: string) => number;
  readonly #a: Arena;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #entries: number;
  readonly #index: number;
  readonly #bucketMask: number;
  readonly #hazard: number;
  readonly #lru: boolean;
  readonly #slab: Slab;
  readonly #pins: Pins;
  readonly #bans: BanView;
  readonly #body: BodyMap;
  readonly #landing: Landing;
  readonly #flights: Flights;

  constructor(arena: Arena) {
    this.#a = arena;
    this.workerId = arena.worker;
    this.#words = arena.words;
    this.#entries = arena.entry(0);
    this.#index = arena.at.index;
    this.#bucketMask = arena.bucketMask;
    this.#hazard = hazardOf(arena, arena.worker);
    this.#lru = arena.lru;
    this.#slab = new Slab(arena);
    this.#pins = new Pins(arena);
    this.#bans = new BanView(arena);
    this.#body = new BodyMap(arena, this.#slab);
    const evictor = new Evictor(arena, this.#slab);
    this.#landing = new Landing(arena, this.#slab, evictor, this.#bans);
    this.#flights = new Flights(arena, this.#slab, evictor, this.#pins, this.#landing, this.#body);
    this.purge = new Purge(arena, this.#slab, this.#bans, this.#landing);
    this.tagHash = tagHasher(arena);
  }

  /** The constant part of keys: any bytes (length-prefixed parts), with site and lowercase host for purges. */
  prefix(bytes: Uint8Array, site: number, host: string): KeyPrefix {
    return makePrefix(this.#a, bytes, site, host);
  }

  /**
   * The id of the LIVE entry of a key, now under this worker's transient pin (the former one ends), or 0, with no transient pin.
   * No lock, no allocation, unless a newer purge concerns the entry: after a hard one it is removed, after a soft
   * one its freshUntil is 0.
   */
  lookup(key: CacheKey): number {
    const words = this.#words;
    for (let probe = 0; probe < PROBES; probe++) {
      let id = this.#probe(key, this.#index + (key.lo & this.#bucketMask) * BUCKET_WORDS);
      if (id === 0) id = this.#probe(key, this.#index + (key.hi & this.#bucketMask) * BUCKET_WORDS);
      if (id > 0) {
        const e = this.#entries + id * ENTRY_WORDS;
        // A plain read: it comes after the atomic ones of the probe, and a purge that returned before is seen by then.
        const state = words[e + E_SEQ] === words[H_BAN_SEQ] ? LIVE : this.#obey(id, key);
        if (state === FREE) return 0;
        if (state !== LIVE) continue;
        this.#touch(e + E_USE);
        return id;
      }
      if (id === 0) break;
    }
    if (words[this.#hazard] !== 0) Atomics.store(words, this.#hazard, 0);
    return 0;
  }

  /** What stands under a key, found without leaving a trace: no use is noted, no purge applied. Sets the transient pin as `lookup` does. */
  peek(key: CacheKey): Peek {
    return peek(this.#a, this.#bans, key);
  }

  /** Ends the transient pin. */
  unpin(): void {
    // Atomic: all reads under the pin come before it.
    Atomics.store(this.#words, this.#hazard, 0);
  }

  /** A long pin on the entry under the transient pin, which stays; its handle, or -1 when this worker holds 16,384 already. */
  hold(id: number): number {
    if (this.#words[this.#hazard] !== id || id === 0) throw new Error(`entry ${id} is not under the transient pin`);
    return this.#pins.take(id);
  }

  /** Ends a long pin; throws when the handle is not held. */
  drop(handle: number): void {
    this.#pins.drop(handle);
  }

  /** Changes whenever the id is reused: (id, generation) names immutable bytes. */
  generation(id: number): number {
    return Atomics.load(this.#words, this.#entries + id * ENTRY_WORDS + E_STATE) >>> 4;
  }

  /** One of the USER words. */
  word(id: number, which: number): number {
    return Atomics.load(this.#words, this.#entries + id * ENTRY_WORDS + which);
  }

  setWord(id: number, which: number, value: number): void {
    Atomics.store(this.#words, this.#entries + id * ENTRY_WORDS + which, value);
  }

  /** A new view of the head's bytes; so for `meta` and `body`. */
  head(id: number): Uint8Array<SharedArrayBuffer> {
    return headOf(this.#a, id);
  }

  meta(id: number): Uint8Array<SharedArrayBuffer> {
    return metaOf(this.#a, id);
  }

  /** The tag hashes of a pinned entry. */
  tags(id: number): TagHashes {
    return tagsOf(this.#a, slotHeader(this.#a, id));
  }

  /** Published body bytes. */
  bodyLength(id: number): number {
    return Atomics.load(this.#words, this.#entries + id * ENTRY_WORDS + E_LENGTH);
  }

  /** Declared body bytes; -1 while a flight does not know. */
  totalLength(id: number): number {
    const total = this.#words[this.#entries + id * ENTRY_WORDS + E_TOTAL];
    return total < 0 && (stateOf(this.#a, id) === LIVE || stateOf(this.#a, id) === GONE) ? this.bodyLength(id) : total;
  }

  /** The longest contiguous run of published body bytes from `from`; empty at the end. */
  body(id: number, from: number): Uint8Array<SharedArrayBuffer> {
    this.#body.run(id, from, this.bodyLength(id));
    return this.#a.bytes.subarray(this.#body.offset, this.#body.offset + this.#body.length);
  }

  /**
   * Joins the flight of a key, or starts one with this worker as its leader; under a long pin. Joining notes this worker as a
   * waiter. A flight that a purge has matched since is not joined. Says nothing of LIVE entries: another flight may
   * have ended between lookup and claim, so a leader looks up once more before it asks an origin.
   */
  claim(key: CacheKey): Claim {
    return this.#flights.claim(key);
  }

  /** WAITING, STREAMING (head, meta and user words can be read, the body grows), or how the flight ended. */
  flightState(id: number): FlightState {
    const state = Atomics.load(this.#words, this.#entries + id * ENTRY_WORDS + E_STATE) & STATE_MASK;
    if (state === FREE) throw new Error(`entry ${id} is free: it was not pinned`);
    return (state === GONE ? DONE : state) as FlightState;
  }

  /**
   * Leader only: takes storage and publishes head and meta; WAITING becomes STREAMING. length: body bytes, -1
   * unknown. `key`: the one that `finish` will be given, when already known, so that it has room. `tags`: hashes by `tagHash`;
   * when a purge since the claim is of one of them, the flight goes on for those who joined it, but is not stored. False, and
   * still WAITING: over maxObject, over 128 tags, or no room.
   */
  open(
    id: number,
    head: Uint8Array,
    meta: Uint8Array,
    length: number,
    key?: CacheKey,
    tags: TagHashes = NO_TAGS,
  ): boolean {
    return this.#flights.open(id, head, meta, length, key, tags);
  }

  /** Leader only: copies body bytes in and publishes them. False, and nothing appended: over the declared length or maxObject, or no room. */
  append(id: number, chunk: Uint8Array): boolean {
    return this.#flights.append(id, chunk);
  }

  /**
   * Leader only: ends the flight. DONE: its bytes become the LIVE entry of its key, or of `key`, in place of the former one;
   * false when the body is shorter than declared (then it is BROKEN), when a purge since the claim forbids it, or when
   * there is no room (then it is DONE for those who joined, and not stored). Other outcomes are always true.
   * `words` are set first. `below`: the bytes come from the tier below; they become LIVE only where that still holds them as
   * valid and no other entry has come, and are not offered to it again.
   */
  finish(id: number, outcome: Outcome, key?: CacheKey, words?: UserWords, below?: Below): boolean {
    if (outcome === DONE) return this.#flights.complete(id, key, words, below);
    this.#flights.abandon(id, outcome, words);
    return true;
  }

  /** Masks of the workers that joined a flight, ids 0..31 and 32..62; the caller pins it. */
  waiters(id: number): [lo: number, hi: number] {
    return this.#flights.waiters(id);
  }

  /**
   * Stores a whole object as LIVE. seq: the purge sequence that its content is as new as (`purgeSequence` before the origin
   * was asked, or `sequence` of its flight). Returns its id, unpinned, or 0: no room, too large, over 128 tags, or purged
   * since `seq`. `expected`: the id under the key that it replaces; where there is another one by now, or none, it is not stored.
   * `below`: as for `finish`.
   */
  put(
    key: CacheKey,
    head: Uint8Array,
    meta: Uint8Array,
    body: Uint8Array,
    words: UserWords,
    seq: number = this.purgeSequence(),
    tags: TagHashes = NO_TAGS,
    expected?: number,
    below?: Below,
  ): number {
    const feed = (id: number): boolean => this.#flights.append(id, body);
    return this.#flights.store(key, head, meta, body.length, words, seq, tags, feed, 0, expected, below);
  }

  /** As `put` of an entry from the tier below, whose body `read` brings right into the cache's memory. */
  load(
    key: CacheKey,
    head: Uint8Array,
    meta: Uint8Array,
    length: number,
    words: UserWords,
    seq: number,
    tags: TagHashes,
    below: Below,
    read: BodyReader,
  ): number {
    const feed = (id: number): boolean => this.#flights.readBody(id, read);
    return this.#flights.store(key, head, meta, length, words, seq, tags, feed, 0, undefined, below);
  }

  /**
   * Stores a copy of a pinned entry under another head and meta, as old as the entry; returns as `put` does. Without `tags` it
   * has those of the entry. For tags that the origin has just named, `asked` is the flight by which: purges since count.
   */
  replaceHead(
    id: number,
    key: CacheKey,
    head: Uint8Array,
    meta: Uint8Array,
    words: UserWords,
    tags?: TagHashes,
    asked: number = id,
    expected?: number,
  ): number {
    const feed = (to: number): boolean => this.#flights.copyBody(id, to);
    // Which purges by tag a full log has lost is not known.
    if (asked !== id && tags !== undefined && this.purged(asked, asked)) return 0;
    const seq = tags === undefined ? this.sequence(id) : Math.min(this.sequence(asked), this.sequence(id));
    return this.#flights.store(
      key,
      head,
      meta,
      this.bodyLength(id),
      words,
      seq,
      tags ?? this.tags(id),
      feed,
      0,
      expected,
    );
  }

  /** Removes the LIVE entry of a key; whether there was one. */
  remove(key: CacheKey): boolean {
    return this.#landing.remove(key, false);
  }

  /** As `remove`, and what is on its way to the key, with any variant, goes to those who wait for it but is not stored. */
  invalidate(key: CacheKey): boolean {
    Atomics.add(this.#words, H_INVALIDATIONS, 1);
    return this.#landing.remove(key, true);
  }

  /**
   * Counts calls of `invalidate` on all threads. What was begun at one count and stored must be removed if it is another
   * afterwards: an invalidation may have come before there was anything to remove.
   */
  invalidations(): number {
    return Atomics.load(this.#words, H_INVALIDATIONS);
  }

  /**
   * What purges since `seq` make of content that is as new as that, if it were the body of a pinned flight with these tags. Where
   * it is NO_BAN the flight may be filled with it. HARD_BAN also where not all purges since are known any more.
   */
  verdictSince(id: number, seq: number, tags: TagHashes): Verdict {
    return this.#landing.verdictSince(id, seq, tags);
  }

  /** Whether an object of `bytes` finds room without an eviction. A guess: others take room at the same time. */
  hasRoom(bytes: number): boolean {
    const { pageBytes, pages } = this.#a;
    return this.#words[H_FREE_PAGES] > bytes / pageBytes + pages / SPARE_SHARE + 1;
  }

  /** The newest purge. */
  purgeSequence(): number {
    return banSequence(this.#a);
  }

  /** What is as new as this purge can be told to have met all later ones; what is older cannot. */
  purgeFloor(): number {
    return Atomics.load(this.#words, H_BAN_FLOOR);
  }

  /** The purge that a pinned entry or flight is as new as. */
  sequence(id: number): number {
    return this.#words[this.#entries + id * ENTRY_WORDS + E_SEQ];
  }

  /**
   * Whether a purge, hard or soft, has matched a pinned flight since it was claimed: it brings what is too old to refresh another
   * entry. `refreshed`: that entry, pinned, whose tags count as well.
   */
  purged(id: number, refreshed = 0): boolean {
    return this.#landing.purged(id, refreshed);
  }

  /** Main only, once a worker has ended: returns its pins, breaks its flights, takes over its lock. */
  recover(workerId: number): Recovery {
    return recover(this.#a, this.#slab, this.#landing, workerId);
  }

  /** Told of what this thread stores and removes; undefined: nobody. Whatever stores or removes must have it set on its thread. */
  get lower(): LowerTier | undefined {
    return this.#a.lower;
  }

  set lower(tier: LowerTier | undefined) {
    this.#a.lower = tier;
  }

  /** A long pin on an entry, while it is LIVE and of that generation; else -1. Ends the transient pin. See `hold`. */
  pinEntry(id: number, generation: number): number {
    // First the pin, then the state, both sequentially consistent: see pin.ts.
    Atomics.store(this.#words, this.#hazard, id);
    const handle = this.isLive(id, generation) ? this.#pins.take(id) : -1;
    this.unpin();
    return handle;
  }

  /** Whether an entry is LIVE and of that generation at this moment. */
  isLive(id: number, generation: number): boolean {
    const state = Atomics.load(this.#words, this.#entries + id * ENTRY_WORDS + E_STATE);
    return state >>> 4 === generation && (state & STATE_MASK) === LIVE;
  }

  /** All of a pinned LIVE entry beside its body, as new as the newest purge; undefined when it is purged or no longer LIVE. */
  record(id: number): EntryRecord | undefined {
    return this.#landing.meetStored(id) === LIVE ? recordOf(this.#a, id) : undefined;
  }

  /** What keys the hashes, for `createCache` of another process that is to find what this one has kept elsewhere. */
  secret(): Uint8Array {
    return new Uint8Array(Int32Array.of(this.#words[H_SECRET_LO], this.#words[H_SECRET_HI]).buffer);
  }

  /** For tests, while no thread changes anything: throws on any broken invariant. */
  audit(): void {
    audit(this.#a, this.#slab);
  }

  stats(): CacheStats {
    return readStats(this.#a);
  }

  objectsOfSite(site: number): number {
    return objectsOfSite(this.#a, site);
  }

  /** In one bucket: the id, pinned; 0 none; -1 an entry of this hash is being replaced, look again. */
  #probe(key: CacheKey, bucket: number): number {
    const words = this.#words;
    const { lo, hi } = key;
    const tag = lo & ~ID_MASK;
    let found = 0;
    for (let at = bucket; at < bucket + BUCKET_WORDS; at++) {
      // Plain reads: each is whole, and what they say is verified under the pin.
      const word = words[at];
      if ((word & ~ID_MASK) !== tag) continue;
      const id = word & ID_MASK;
      const e = this.#entries + id * ENTRY_WORDS;
      if (id === 0 || words[e + E_LO] !== lo || words[e + E_HI] !== hi) continue;
      // First the pin, then the state, both sequentially consistent: see pin.ts.
      Atomics.store(words, this.#hazard, id);
      if ((Atomics.load(words, e + E_STATE) & STATE_MASK) !== LIVE) found = -1;
      else if (slotHasKey(this.#a, words[e + E_SLOT], key)) return id;
    }
    return found;
  }

  /** Applies newer purges to a pinned LIVE entry. LIVE: it stands; FREE: it is purged; GONE: another removed it, look again. */
  #obey(id: number, key: CacheKey): typeof LIVE | typeof FREE | typeof GONE {
    const state = this.#landing.meet(id, key);
    if (state === FREE) {
      const generation = this.generation(id);
      this.unpin();
      this.#landing.removeEntry(id, generation);
    }
    return state;
  }

  /** Notes a use; writes nothing to an entry that is hot already. */
  #touch(at: number): void {
    const words = this.#words;
    const use = words[at];
    if (this.#lru) {
      if (use !== words[H_CLOCK]) words[at] = words[H_CLOCK];
    } else if (use < MAX_USE) words[at] = use + 1;
  }
}
