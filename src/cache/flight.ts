/**
 * Flights: entries that are being filled, and how they become LIVE. One worker owns a flight and alone opens, fills and
 * finishes it; others join it and read what is published. Bytes are copied outside the lock, into storage that the entry
 * record owns already.
 */
import { assert } from '../base/assert.ts';
import { banSequence } from './bans.ts';
import { freeBody, giveRecord, setState, slotHeader, stateOf, unitsOf } from './entries.ts';
import type { Evictor } from './eviction.ts';
import { FLIGHT_TAG, find } from './index.ts';
import { type CacheKey, slotHasKey, storedKey, writeKey } from './key.ts';
import type { Landing } from './landing.ts';
import {
  type Arena,
  BROKEN,
  E_AUX,
  E_BORN,
  E_FLAGS,
  E_FRESH_UNTIL,
  E_HI,
  E_LENGTH,
  E_LO,
  E_NEXT,
  E_PAGE,
  E_PREV,
  E_SEQ,
  E_SLOT,
  E_TOTAL,
  E_USE,
  F_DETACHED,
  type FAILED,
  GONE,
  H_BAN_FLOOR,
  Q_FLIGHT,
  type REFRESHED,
  type RELEASED,
  S_HEAD_BYTES,
  S_KEY_WORDS,
  S_META,
  S_META_BYTES,
  S_PREFIX_WORDS,
  S_TAGS,
  S_WAIT_HI,
  S_WAIT_LO,
  SLOT_HEADER,
  SLOT_WORDS,
  STREAMING,
  UNIT,
  UNKNOWN_TAGS,
  WAITING,
} from './layout.ts';
import { acquire, release } from './lock.ts';
import type { Below, BodyReader } from './lower.ts';
import type { Pins } from './pin.ts';
import { pushHead } from './queue.ts';
import { OWNER_BYTES, type Slab } from './slab.ts';
import { type Filling, Space } from './space.ts';
import { align4, type BodyMap, headAt, headOf, metaOf, planFor } from './storage.ts';
import { fitTags, keyRoom, type TagHashes, tagsOf, writeTags } from './tags.ts';

/** User words in the order freshUntil, born, flags, aux. */
export type UserWords = ArrayLike<number>;
/** What a flight that stores nothing ends as. */
export type Unstored = typeof RELEASED | typeof REFRESHED | typeof FAILED | typeof BROKEN;

export interface Claim {
  /** 0: no entry could be had (everything is pinned, or the key is too long): pass through uncached. */
  id: number;
  /** Of the long pin that the claim takes; -1 when id is 0. */
  handle: number;
  /** This worker fills the flight; else it was joined. */
  leader: boolean;
}

const USER_WORDS = [E_FRESH_UNTIL, E_BORN, E_FLAGS, E_AUX];
const NO_CLAIM: Claim = Object.freeze({ id: 0, handle: -1, leader: false });
/** A body of unknown length is copied to an exact place when that frees more than this share. */
const COMPACTION = 0.12;

export class Flights {
  readonly #a: Arena;
  readonly #slab: Slab;
  readonly #evictor: Evictor;
  readonly #pins: Pins;
  readonly #landing: Landing;
  readonly #body: BodyMap;
  readonly #space: Space;
  readonly #filling = new Map<number, Filling>();

  constructor(a: Arena, slab: Slab, evictor: Evictor, pins: Pins, landing: Landing, body: BodyMap) {
    this.#a = a;
    this.#slab = slab;
    this.#evictor = evictor;
    this.#pins = pins;
    this.#landing = landing;
    this.#body = body;
    this.#space = new Space(a, slab, evictor);
  }

  /** Joins the flight of a key, or starts one. */
  claim(key: CacheKey): Claim {
    const a = this.#a;
    acquire(a);
    const flight = find(a, key, FLIGHT_TAG);
    if (flight !== 0 && this.#landing.joinable(flight)) {
      const handle = this.#pins.take(flight);
      if (handle >= 0) this.#wait(flight);
      release(a);
      return handle < 0 ? NO_CLAIM : { id: flight, handle, leader: false };
    }
    const id = this.#begin(key, banSequence(a), 0, null);
    const handle = id === 0 ? -1 : this.#pins.take(id);
    if (handle >= 0 && this.#landing.insert(id, FLIGHT_TAG)) {
      release(a);
      return { id, handle, leader: true };
    }
    if (id !== 0) this.#landing.land(id, BROKEN);
    release(a);
    if (handle >= 0) this.#pins.drop(handle);
    return NO_CLAIM;
  }

  /** See Cache.open. */
  open(
    id: number,
    head: Uint8Array,
    meta: Uint8Array,
    length: number,
    key: CacheKey | undefined,
    tags: TagHashes,
  ): boolean {
    const a = this.#a;
    const words = a.words;
    this.#own(id, WAITING);
    if (length > a.maxObject || !fitTags(tags)) return false;
    const header = slotHeader(a, id);
    const keyWords = Math.max(
      words[header + S_PREFIX_WORDS] + words[header + S_KEY_WORDS],
      key === undefined ? 0 : key.prefix.words.length + key.count,
    );
    const fixed = SLOT_HEADER + (keyWords + tags.length) * 4 + align4(meta.length) + align4(head.length);
    const plan = planFor(this.#slab, a.pageBytes, fixed, length);
    if (plan === null || !this.#space.place(id, plan, fixed, meta.length, head.length, tags)) return false;
    const filling: Filling = { capacity: length < 0 ? plan.inline : length, page: -1, cleared: 0 };
    if (!this.#space.grow(id, filling, plan.pages)) {
      acquire(a);
      freeBody(a, this.#slab, id);
      release(a);
      return false;
    }
    if (tags.length > 0 || words[a.entry(id) + E_SEQ] !== banSequence(a)) {
      acquire(a);
      this.#landing.meetTags(id);
      release(a);
    }
    const at = slotHeader(a, id);
    const bytes = words[a.entry(id) + E_SLOT] * UNIT;
    a.bytes.set(meta, bytes + words[at + S_META]);
    a.bytes.set(head, bytes + headAt(words, at));
    words[a.entry(id) + E_TOTAL] = length;
    this.#filling.set(id, filling);
    // Publication of head and meta. Sequentially consistent with the waiter mask, which the owner reads next: a joiner
    // sets its bit and then reads the state, so one of the two sees the other.
    setState(a, id, STREAMING);
    return true;
  }

  /** See Cache.append. */
  append(id: number, chunk: Uint8Array): boolean {
    const a = this.#a;
    const words = a.words;
    this.#own(id, STREAMING);
    const e = a.entry(id);
    const filling = this.#filling.get(id);
    assert(filling !== undefined, 'a streaming flight of this worker is being filled');
    const from = words[e + E_LENGTH];
    const end = from + chunk.length;
    const total = words[e + E_TOTAL];
    if (end > (total < 0 ? a.maxObject : total)) return false;
    if (end > filling.capacity) {
      const pages = Math.ceil((end - filling.capacity) / a.pageBytes);
      if (!this.#space.grow(id, filling, pages)) return false;
      filling.capacity += pages * a.pageBytes;
    }
    const body = this.#body;
    for (let done = 0; done < chunk.length; done += body.length) {
      body.run(id, from + done, end);
      a.bytes.set(body.length === chunk.length ? chunk : chunk.subarray(done, done + body.length), body.offset);
    }
    // Publication of the bytes; sequentially consistent with the waiter mask, as in open.
    Atomics.store(words, e + E_LENGTH, end);
    return true;
  }

  /** Ends a flight without storing it. `words` are set for those who joined. */
  abandon(id: number, outcome: Unstored, words?: UserWords): void {
    const a = this.#a;
    this.#own(id, WAITING, STREAMING);
    this.#filling.delete(id);
    if (words !== undefined) this.#setWords(id, words);
    acquire(a);
    this.#landing.land(id, outcome);
    release(a);
  }

  /** Ends a complete flight as LIVE; false when it could not be stored (see Cache.finish). */
  complete(id: number, key?: CacheKey, words?: UserWords, below?: Below): boolean {
    const a = this.#a;
    const e = a.entry(id);
    this.#own(id, WAITING, STREAMING);
    const total = a.words[e + E_TOTAL];
    if (stateOf(a, id) !== STREAMING || (total >= 0 && a.words[e + E_LENGTH] !== total)) {
      this.abandon(id, BROKEN, words);
      return false;
    }
    this.#filling.delete(id);
    if (words !== undefined) this.#setWords(id, words);
    const other = key !== undefined && !this.#storesKey(id, key) ? key : null;
    const copied = this.#wantsCopy(id, other);
    if (copied !== '') {
      const stored = this.#copy(id, other, below);
      if (stored || copied === 'key') {
        acquire(a);
        this.#landing.land(id, GONE);
        release(a);
        return stored;
      }
    }
    acquire(a);
    const stored = this.#landing.publish(id, id, other, undefined, below);
    release(a);
    return stored;
  }

  /** Stores a whole object; `feed` appends the body. Returns its id, 0 when there is no room. */
  store(
    key: CacheKey,
    head: Uint8Array,
    meta: Uint8Array,
    length: number,
    words: UserWords,
    seq: number,
    tags: TagHashes,
    feed: (id: number) => boolean,
    flight = 0,
    expected?: number,
    below?: Below,
  ): number {
    const a = this.#a;
    if (!fitTags(tags)) return 0;
    acquire(a);
    // Purges up to the floor are no longer in the log, so whether they concern this key cannot be told any more.
    const id = seq < a.words[H_BAN_FLOOR] ? 0 : this.#begin(key, seq, F_DETACHED, tags);
    const handle = id === 0 ? -1 : this.#pins.take(id);
    if (id !== 0 && handle < 0) this.#landing.land(id, BROKEN);
    // Now: a sweep under way may have passed this record already, and would not meet it as old as it is.
    if (handle >= 0) this.#landing.obey(id);
    release(a);
    if (handle < 0) return 0;
    const whole = this.open(id, head, meta, length, undefined, tags) && feed(id);
    this.#filling.delete(id);
    this.#setWords(id, words);
    acquire(a);
    const stored = whole && this.#landing.publish(id, flight === 0 ? id : flight, null, expected, below);
    if (!whole) this.#landing.land(id, BROKEN);
    release(a);
    this.#pins.drop(handle);
    return stored ? id : 0;
  }

  /** Has the whole body of a flight of known length read into its storage, and publishes it; false when `read` has it not. */
  readBody(id: number, read: BodyReader): boolean {
    const a = this.#a;
    this.#own(id, STREAMING);
    const total = a.words[a.entry(id) + E_TOTAL];
    const body = this.#body;
    for (let at = 0; at < total; at += body.length) {
      body.run(id, at, total);
      if (!read(a.bytes, body.offset, body.length, at)) return false;
    }
    // Publication of the bytes, as in append.
    Atomics.store(a.words, a.entry(id) + E_LENGTH, total);
    return true;
  }

  /** Appends the published body of entry `from`, which the caller pins, to flight `to`. */
  copyBody(from: number, to: number): boolean {
    const a = this.#a;
    const length = Atomics.load(a.words, a.entry(from) + E_LENGTH);
    for (let at = 0; at < length; ) {
      this.#body.run(from, at, length);
      const run = a.bytes.subarray(this.#body.offset, this.#body.offset + this.#body.length);
      if (!this.append(to, run)) return false;
      at += run.length;
    }
    return true;
  }

  /** See Cache.waiters. */
  waiters(id: number): [lo: number, hi: number] {
    const { words } = this.#a;
    const header = slotHeader(this.#a, id);
    return [Atomics.load(words, header + S_WAIT_LO), Atomics.load(words, header + S_WAIT_HI)];
  }

  #wait(id: number): void {
    const { words, worker } = this.#a;
    const at = slotHeader(this.#a, id) + (worker < 32 ? S_WAIT_LO : S_WAIT_HI);
    // Sequentially consistent with the owner's publications: see open.
    Atomics.or(words, at, 1 << (worker & 31));
  }

  /** Under the lock: a new flight in WAITING with just its key and, when known, tags, in no index yet; 0 when there is no room. */
  #begin(key: CacheKey, seq: number, flags: number, tags: TagHashes | null): number {
    const a = this.#a;
    const words = a.words;
    const prefix = key.prefix.words;
    const bytes = SLOT_HEADER + (prefix.length + key.count + (tags?.length ?? 0)) * 4;
    const c = this.#slab.classes.fit(bytes + OWNER_BYTES);
    const id = c < 0 ? 0 : this.#evictor.record();
    if (id === 0) return 0;
    const slot = this.#evictor.slot(c, id);
    if (slot === 0) {
      giveRecord(a, id);
      return 0;
    }
    const header = slot * (UNIT / 4);
    words.fill(0, header, header + SLOT_WORDS);
    writeKey(a, header, key);
    words[header + S_META] = bytes;
    if (tags === null) words[header + S_TAGS] = UNKNOWN_TAGS;
    else writeTags(a, header, tags);
    const e = a.entry(id);
    words[e + E_LO] = key.lo;
    words[e + E_HI] = key.hi;
    words[e + E_SLOT] = slot;
    words[e + E_PAGE] = 0;
    words[e + E_LENGTH] = 0;
    words[e + E_TOTAL] = -1;
    words[e + E_USE] = 0;
    words[e + E_SEQ] = seq;
    words[e + E_PREV] = flags;
    words[e + E_NEXT] = a.worker << 24;
    this.#setWords(id, [0, 0, 0, 0]);
    a.kill?.('flight.begin');
    setState(a, id, WAITING);
    a.kill?.('flight.begun');
    pushHead(a, Q_FLIGHT, id, 0);
    return id;
  }

  #storesKey(id: number, key: CacheKey): boolean {
    return slotHasKey(this.#a, this.#a.words[this.#a.entry(id) + E_SLOT], key);
  }

  /** Why a finished flight must be copied: its new key has no room, it wastes storage, or not at all. */
  #wantsCopy(id: number, key: CacheKey | null): 'key' | 'waste' | '' {
    const a = this.#a;
    const words = a.words;
    const header = slotHeader(a, id);
    if (key !== null && (key.prefix.words.length + key.count) * 4 > keyRoom(a, header)) return 'key';
    if (words[a.entry(id) + E_TOTAL] >= 0) return '';
    const fixed = words[header + S_META] + align4(words[header + S_META_BYTES]) + align4(words[header + S_HEAD_BYTES]);
    const plan = planFor(this.#slab, a.pageBytes, fixed, words[a.entry(id) + E_LENGTH]);
    return plan !== null && plan.units < (1 - COMPACTION) * unitsOf(a, this.#slab, id) ? 'waste' : '';
  }

  /** Stores an exact copy of a finished flight under `key`, its own when null. */
  #copy(id: number, key: CacheKey | null, below?: Below): boolean {
    const a = this.#a;
    const e = a.entry(id);
    const words = USER_WORDS.map((word) => a.words[e + word]);
    const target = key ?? storedKey(a, id);
    const { head, meta } = { head: headOf(a, id), meta: metaOf(a, id) };
    const length = a.words[e + E_LENGTH];
    const feed = (to: number): boolean => this.copyBody(id, to);
    const tags = tagsOf(a, slotHeader(a, id));
    const seq = a.words[e + E_SEQ];
    return this.store(target, head, meta, length, words, seq, tags, feed, id, undefined, below) !== 0;
  }

  #setWords(id: number, values: UserWords): void {
    const e = this.#a.entry(id);
    for (let i = 0; i < USER_WORDS.length; i++) Atomics.store(this.#a.words, e + USER_WORDS[i], values[i]);
  }

  /** Throws unless this worker owns flight `id`, in one of two states: anything else is a bug of the caller. */
  #own(id: number, state: number, orState = state): void {
    const a = this.#a;
    const is = stateOf(a, id);
    const owner = a.words[a.entry(id) + E_NEXT] >>> 24;
    if ((is !== state && is !== orState) || owner !== a.worker) {
      throw new Error(`entry ${id} is no flight of worker ${a.worker} in that state (${is})`);
    }
  }
}
