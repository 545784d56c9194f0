/** How a flight ends, and what a purge does to one under way. Under the lock, save what takes it. */
import { HARD_BAN, NO_BAN, type Verdict } from './ban-index.ts';
import { type BanView, banSequence } from './bans.ts';
import { countLive, makeStale, removeLive, retire, setState, slotHeader, stateOf, unitsOf } from './entries.ts';
import type { Evictor } from './eviction.ts';
import { crowd, erase, FLIGHT_TAG, find, findTwin, insert, LIVE_TAG, locate, replaceAt } from './index.ts';
import { type CacheKey, slotHasTarget, writeKey } from './key.ts';
import {
  type Arena,
  E_FRESH_UNTIL,
  E_HI,
  E_LO,
  E_PREV,
  E_SEQ,
  E_SLOT,
  E_STATE,
  F_DETACHED,
  F_DOOMED,
  F_MISSED,
  F_OLDER,
  F_STALE,
  FREE,
  GONE,
  H_BAN_FLOOR,
  H_CLOCK,
  H_INSERTS,
  LIVE,
  Q_FLIGHT,
  S_TAGS,
  STATE_MASK,
  UNKNOWN_TAGS,
} from './layout.ts';
import { acquire, release } from './lock.ts';
import type { Below } from './lower.ts';
import { looksPinned } from './pin.ts';
import { headOf, nextOf, queueOf, unlink } from './queue.ts';
import type { Slab } from './slab.ts';

export class Landing {
  readonly #a: Arena;
  readonly #slab: Slab;
  readonly #evictor: Evictor;
  readonly #bans: BanView;

  constructor(a: Arena, slab: Slab, evictor: Evictor, bans: BanView) {
    this.#a = a;
    this.#slab = slab;
    this.#evictor = evictor;
    this.#bans = bans;
  }

  /**
   * Applies purges newer than a flight to it. One that matches detaches it: it goes on for those who joined it, nobody
   * joins any more. A hard one dooms it; after a soft one it may still become LIVE, stale, where no newer entry is.
   * One whose tags are not known yet stays as old as the oldest purge by tag that it may turn out to concern.
   */
  obey(id: number): Verdict {
    const a = this.#a;
    const e = a.entry(id);
    if (a.words[e + E_SEQ] === banSequence(a)) return NO_BAN;
    const seq = this.#bans.refresh();
    const verdict = this.#bans.verdictOfSlot(a.words[e + E_SLOT], a.words[e + E_SEQ]);
    if (verdict !== NO_BAN) this.detach(id, verdict === HARD_BAN ? F_DOOMED : F_STALE);
    a.kill?.('flight.obey');
    // After the flags, for `purged`, which reads without lock.
    if (verdict === HARD_BAN || !this.#undecided(id)) Atomics.store(a.words, e + E_SEQ, seq);
    return verdict;
  }

  /** Without the lock. Applies newer purges to a pinned LIVE entry. FREE: it is purged and to be removed; GONE: another has removed it. */
  meet(id: number, key: CacheKey): typeof LIVE | typeof FREE | typeof GONE {
    const { words } = this.#a;
    const e = this.#a.entry(id);
    const since = words[e + E_SEQ];
    const seq = this.#bans.refresh();
    return this.#met(
      id,
      since,
      seq,
      this.#bans.verdict(key.prefix.site, key.prefix.host, key.target, words[e + E_SLOT], since),
    );
  }

  #met(id: number, since: number, seq: number, verdict: Verdict): typeof LIVE | typeof FREE | typeof GONE {
    const { words } = this.#a;
    const e = this.#a.entry(id);
    // A sweep may just have applied purges and dropped them from the log: then it has removed the entry before that.
    if ((Atomics.load(words, e + E_STATE) & STATE_MASK) !== LIVE) return GONE;
    if (verdict === HARD_BAN) return FREE;
    if (verdict !== NO_BAN) makeStale(this.#a, id);
    // Only after the word: who sees the new sequence looks no further. Never back to an older one.
    Atomics.compareExchange(words, e + E_SEQ, since, seq);
    return LIVE;
  }

  /** Without the lock. As `meet`, by the key that the entry stores. */
  meetStored(id: number): typeof LIVE | typeof FREE | typeof GONE {
    const { words } = this.#a;
    const e = this.#a.entry(id);
    if (words[e + E_SEQ] === banSequence(this.#a)) return LIVE;
    const since = words[e + E_SEQ];
    const seq = this.#bans.refresh();
    return this.#met(id, since, seq, this.#bans.verdictOfSlot(words[e + E_SLOT], since));
  }

  /** What stands in the tier below under the key of a flight, with these tags and as new as purge `since`: see Cache.verdictSince. */
  verdictSince(id: number, since: number, tags: ArrayLike<number>): Verdict {
    const a = this.#a;
    acquire(a);
    const isKnown = since - a.words[H_BAN_FLOOR] >= 0;
    const newest = this.#bans.refresh();
    const slot = a.words[a.entry(id) + E_SLOT];
    const verdict = !isKnown ? HARD_BAN : newest === since ? NO_BAN : this.#bans.verdictWithTags(slot, tags, since);
    release(a);
    return verdict;
  }

  /** Whether a flight may be joined: no purge since its claim has matched it, nor can when its tags become known. */
  joinable(id: number): boolean {
    if (this.obey(id) !== NO_BAN) return false;
    if (!this.#undecided(id)) return true;
    this.detach(id, F_OLDER);
    return false;
  }

  /** The log has no room for the purges by tag, up to `seq`, that a flight may have to meet. */
  overtake(id: number, seq: number): void {
    if (this.#a.words[this.#a.entry(id) + E_SEQ] >= seq) return;
    this.detach(id, F_OLDER | F_MISSED);
    Atomics.store(this.#a.words, this.#a.entry(id) + E_SEQ, seq);
  }

  /** A flight's tags have become known. */
  meetTags(id: number): void {
    const a = this.#a;
    const missed = (a.words[a.entry(id) + E_PREV] & F_MISSED) !== 0;
    if (missed && a.words[slotHeader(a, id) + S_TAGS] > 0) this.detach(id, F_DOOMED);
    this.obey(id);
  }

  #undecided(id: number): boolean {
    const a = this.#a;
    const e = a.entry(id);
    return (
      a.words[slotHeader(a, id) + S_TAGS] === UNKNOWN_TAGS &&
      this.#bans.hasTagBan(a.words[e + E_SLOT], a.words[e + E_SEQ])
    );
  }

  /** Without the lock. See Cache.purged. */
  purged(id: number, refreshed: number): boolean {
    const a = this.#a;
    const e = a.entry(id);
    const slot = a.words[e + E_SLOT];
    const since = a.words[e + E_SEQ];
    const tagged = refreshed === 0 ? 0 : a.words[a.entry(refreshed) + E_SLOT];
    if (since !== banSequence(a)) {
      this.#bans.refresh();
      if (this.#bans.verdictOfSlot(slot, since) !== NO_BAN) return true;
      if (tagged !== 0 && this.#bans.verdictOfTags(slot, tagged, since) !== NO_BAN) return true;
    }
    // After the log: a sweep marks the flight before it drops a purge from the log.
    const flags = Atomics.load(a.words, e + E_PREV);
    return (flags & (F_DOOMED | F_STALE)) !== 0 || (tagged !== 0 && (flags & F_MISSED) !== 0);
  }

  /** Takes the lock. Removes the LIVE entry of a key; with `flight`, what is on its way to any variant of it is not stored. */
  remove(key: CacheKey, flight: boolean): boolean {
    const a = this.#a;
    acquire(a);
    const id = find(a, key, LIVE_TAG);
    if (id !== 0) removeLive(a, this.#slab, id);
    a.lower?.forget(key.lo, key.hi);
    // The list, not the index: those that nobody joins any more may yet become LIVE.
    for (let at = flight ? headOf(a, Q_FLIGHT) : 0; at !== 0; at = nextOf(a, at)) {
      if (slotHasTarget(a, a.words[a.entry(at) + E_SLOT], key)) this.detach(at, F_DOOMED);
    }
    release(a);
    return id !== 0;
  }

  /** Takes the lock. Removes an entry, unless it is another by now. */
  removeEntry(id: number, generation: number): void {
    const a = this.#a;
    acquire(a);
    if (a.words[a.entry(id) + E_STATE] >>> 4 === generation && stateOf(a, id) === LIVE) removeLive(a, this.#slab, id);
    release(a);
  }

  /** Nobody joins the flight any more. */
  detach(id: number, flag: number): void {
    const a = this.#a;
    const at = a.entry(id) + E_PREV;
    const attached = (a.words[at] & F_DETACHED) === 0;
    a.words[at] |= F_DETACHED | flag;
    a.kill?.('flight.detach');
    if (attached) erase(a, id, FLIGHT_TAG);
  }

  /** Ends a flight in zombie state `state`; its bytes stay for those who pin it. */
  land(id: number, state: number): void {
    const a = this.#a;
    this.detach(id, 0);
    unlink(a, id, 0);
    setState(a, id, state);
    a.kill?.('flight.land');
    retire(a, this.#slab, id);
  }

  /**
   * Makes a complete flight LIVE, under `key` when that is not null (it must have room), in place of the former
   * LIVE entry of its key. Its purge flags are those of `flight`, itself or the flight that it was copied from. False:
   * it was purged on the way, or the index has no room; then it is GONE.
   *
   * @param expected the entry that must be the one replaced
   * @param below it comes from the tier below: becomes LIVE only where it is valid there still, and where no entry is
   */
  publish(id: number, flight: number, key: CacheKey | null, expected?: number, below?: Below): boolean {
    const a = this.#a;
    const { words } = a;
    const e = a.entry(id);
    if (flight !== id) this.obey(flight);
    this.obey(id);
    const flags = words[e + E_PREV] | words[a.entry(flight) + E_PREV];
    this.detach(id, 0);
    if (key !== null) this.#rename(id, key);
    const former = findTwin(a, id);
    const stale = (flags & F_STALE) !== 0;
    const wanted = below === undefined ? expected : 0;
    const isOutdated = (wanted !== undefined && former !== wanted) || below?.stands() === false;
    if ((flags & F_DOOMED) !== 0 || isOutdated || (former !== 0 && this.#yields(id, flags, former))) {
      this.land(id, GONE);
      return false;
    }
    if (stale) makeStale(a, id);
    unlink(a, id, 0);
    const queue = former === 0 ? 0 : queueOf(a, former);
    const at = former === 0 ? -1 : this.#withdraw(former);
    // From here on readers that still hold a word to this record find it LIVE.
    setState(a, id, LIVE);
    a.kill?.('flight.live');
    words[e + E_PREV] &= ~(F_DETACHED | F_STALE | F_OLDER | F_MISSED);
    if (at >= 0) replaceAt(a, at, id, LIVE_TAG);
    else if (!this.insert(id, LIVE_TAG)) {
      setState(a, id, GONE);
      retire(a, this.#slab, id);
      return false;
    }
    a.kill?.('flight.indexed');
    this.#evictor.admit(id, queue);
    countLive(a, id, 1);
    words[H_INSERTS]++;
    words[H_CLOCK] = (words[H_CLOCK] + 1) & 0x7fff_ffff || 1;
    if (former !== 0) retire(a, this.#slab, former);
    if (below === undefined && a.lower !== undefined) this.#tellBelow(id);
    return true;
  }

  /** What was kept below under the key of a new LIVE entry is replaced, and the entry may be kept instead. */
  #tellBelow(id: number): void {
    const { words, lower } = this.#a;
    const e = this.#a.entry(id);
    lower?.forget(words[e + E_LO], words[e + E_HI]);
    lower?.offer(id, words[e + E_STATE] >>> 4, words[e + E_LO], words[e + E_HI], false);
  }

  /** Whether the entry that stands is the better one: any after a soft purge; one as fresh after a newer flight was begun. */
  #yields(id: number, flags: number, former: number): boolean {
    const { words } = this.#a;
    if ((flags & F_STALE) !== 0) return true;
    const isFresher = words[this.#a.entry(id) + E_FRESH_UNTIL] > words[this.#a.entry(former) + E_FRESH_UNTIL];
    return (flags & F_OLDER) !== 0 && !isFresher;
  }

  /** Indexes an entry, evicting another from its two buckets when both are full; false when all of those are in use. */
  insert(id: number, kind: number): boolean {
    const a = this.#a;
    if (insert(a, id, kind)) return true;
    const e = a.entry(id);
    for (const other of crowd(a, a.words[e + E_LO], a.words[e + E_HI])) {
      if (other === id || stateOf(a, other) !== LIVE || looksPinned(a, other)) continue;
      this.#evictor.evict(other);
      return insert(a, id, kind);
    }
    return false;
  }

  /** Takes a LIVE entry out of service for its successor; returns the place of its index word, which the successor takes. */
  #withdraw(id: number): number {
    const a = this.#a;
    // First a zombie, then the successor LIVE: a death in between loses an entry, the other order would leave two.
    setState(a, id, GONE);
    a.kill?.('flight.withdraw');
    countLive(a, id, -1);
    unlink(a, id, unitsOf(a, this.#slab, id));
    return locate(a, id, LIVE_TAG);
  }

  #rename(id: number, key: CacheKey): void {
    const a = this.#a;
    const e = a.entry(id);
    writeKey(a, slotHeader(a, id), key);
    a.words[e + E_LO] = key.lo;
    a.words[e + E_HI] = key.hi;
    a.kill?.('flight.rename');
  }
}
