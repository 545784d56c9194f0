/**
 * Which entry goes, and room for a new one.
 *
 * S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023), counted in bytes: new entries enter
 * the small queue (10 % of the bytes); those used again there move on to the main queue, the rest leave a ghost; an
 * entry whose ghost is still known enters the main queue at once. A hit only raises E_USE, without lock.
 * `lru`: one queue; a hit marks the entry, and the evictor moves marked entries to the head when it meets them.
 */

import { freeEntry, reap, removeLive, stateOf, takeRecord, unitsOf } from './entries.ts';
import { addGhost, takeGhost } from './ghost.ts';
import {
  type Arena,
  E_HI,
  E_LO,
  E_PAGE,
  E_SLOT,
  E_STATE,
  E_USE,
  H_EVICTIONS,
  H_RECLAIMED_PAGES,
  LIVE,
  P_BODY,
  P_FREE,
  P_KIND,
  Q_MAIN,
  Q_SMALL,
} from './layout.ts';
import { looksPinned } from './pin.ts';
import { countOf, moveTo, pushHead, queueOf, tailOf, unitsIn, unlink } from './queue.ts';
import type { Slab } from './slab.ts';

/** E_USE saturates here; lookup does not write beyond. */
export const MAX_USE = 3;
const SMALL_SHARE = 10;
/** Entries examined for one victim before the best seen is taken. */
const EXAMINED = 128;
/**
 * Victims taken one by one for one allocation before a whole page is reclaimed. What they free in other size classes is used by
 * later allocations, while a reclaimed page takes young entries with it: so many for a slot, few for a page, which single
 * victims seldom yield.
 */
const SLOT_SINGLES = 64;
const PAGE_SINGLES = 8;
/** Pages tried before an allocation is given up. */
const PAGES_TRIED = 32;
const ZOMBIES_REAPED = 8;

export class Evictor {
  readonly #a: Arena;
  readonly #slab: Slab;
  /** Of the pages of one allocation's victims, the emptiest, and its share of free slots. */
  #page = -1;
  #share = 0;

  constructor(a: Arena, slab: Slab) {
    this.#a = a;
    this.#slab = slab;
  }

  /** Queues a new LIVE entry; `former` is the queue of the entry that it replaces, or 0. */
  admit(id: number, former: number): void {
    const a = this.#a;
    const known = a.lru || former === Q_MAIN || takeGhost(a, id, countOf(a, Q_MAIN) + countOf(a, Q_SMALL));
    a.words[a.entry(id) + E_USE] = 0;
    pushHead(a, known ? Q_MAIN : Q_SMALL, id, unitsOf(a, this.#slab, id));
  }

  /** The entry to evict next: unpinned, still LIVE and queued; 0 when none was found. Ages those it passes over. */
  victim(): number {
    const a = this.#a;
    const limit = Math.min(EXAMINED, countOf(a, Q_SMALL) + countOf(a, Q_MAIN));
    let fallback = 0;
    let pinnedSmall = 0;
    let pinnedMain = 0;
    for (let i = 0; i < limit; i++) {
      let kind = this.#queueToEvict();
      // large entries may be few in a queue, and all of them in use
      if (kind === Q_SMALL && pinnedSmall > 0 && pinnedSmall >= countOf(a, Q_SMALL)) kind = Q_MAIN;
      else if (kind === Q_MAIN && pinnedMain > 0 && pinnedMain >= countOf(a, Q_MAIN)) kind = Q_SMALL;
      if (countOf(a, kind) === 0) break;
      const id = tailOf(a, kind);
      const use = a.entry(id) + E_USE;
      const used = a.words[use];
      if (looksPinned(a, id)) {
        if (kind === Q_SMALL) pinnedSmall++;
        else pinnedMain++;
        this.#rotate(kind, id);
      } else if (used === 0) {
        return id;
      } else {
        // Racing with a hit loses a count at most.
        a.words[use] = a.lru || kind === Q_SMALL ? 0 : used - 1;
        this.#rotate(Q_MAIN, id);
        if (a.lower !== undefined && (a.lru || kind === Q_SMALL)) this.#offer(id);
        fallback = id;
      }
    }
    return fallback !== 0 && !looksPinned(a, fallback) ? fallback : 0;
  }

  /** Tells the tier below of an entry that was used again. */
  #offer(id: number): void {
    const { words, lower } = this.#a;
    const e = this.#a.entry(id);
    lower?.offer(id, words[e + E_STATE] >>> 4, words[e + E_LO], words[e + E_HI], true);
  }

  /** Takes a LIVE entry out; its storage is free at once unless someone pins it. */
  evict(id: number): void {
    const a = this.#a;
    if (queueOf(a, id) === Q_SMALL) addGhost(a, id);
    a.words[H_EVICTIONS]++;
    removeLive(a, this.#slab, id);
  }

  /** A slot of class `c` for entry `owner`, evicting as needed; 0 when there is no room to be had. */
  slot(c: number, owner: number): number {
    for (let step = 0; ; step++) {
      const address = this.#slab.allocate(c, owner);
      if (address !== 0) return address;
      if (!this.#makeRoom(step, SLOT_SINGLES)) return 0;
    }
  }

  /** A page, evicting as needed, `near` if it is free; -1 when there is no room to be had. */
  page(near: number): number {
    for (let step = 0; ; step++) {
      const page = this.#slab.takePage(near);
      if (page >= 0) return page;
      if (!this.#makeRoom(step, PAGE_SINGLES)) return -1;
    }
  }

  /** A FREE entry record, evicting as needed; 0 when there is none to be had. */
  record(): number {
    for (let step = 0; ; step++) {
      const id = takeRecord(this.#a);
      if (id !== 0) return id;
      if (!this.#makeRoom(step, EXAMINED) || step >= EXAMINED) return 0;
    }
  }

  /** Frees something; false when nothing more can or should be freed for this allocation. */
  #makeRoom(step: number, singles: number): boolean {
    const a = this.#a;
    if (step === 0) this.#page = -1;
    if (step >= singles + PAGES_TRIED) return false;
    if (reap(a, this.#slab, ZOMBIES_REAPED) > 0) return true;
    const id = this.victim();
    if (id === 0) return false;
    const page = this.#slab.pageOf(a.words[a.entry(id) + E_SLOT]);
    if (step < singles || a.words[a.entry(id) + E_PAGE] !== 0) {
      this.evict(id);
      this.#consider(page);
    } else {
      if (this.#page < 0 || !this.#reclaim(this.#page)) {
        if (!this.#reclaim(page)) this.#rotate(queueOf(a, id), id);
      }
      this.#page = -1;
    }
    return true;
  }

  /** Remembers the page of a victim, for reclaiming, when it is emptier than that of the others. */
  #consider(page: number): void {
    const words = this.#a.words;
    const row = this.#slab.row(page);
    const kind = words[row + P_KIND];
    if (kind === 0 || kind === P_BODY) return;
    const share = words[row + P_FREE] / this.#slab.classes.slots[kind - 1];
    if (this.#page >= 0 && share <= this.#share) return;
    this.#page = page;
    this.#share = share;
  }

  /** Evicts all entries with a slot in the page; false, and nothing done, when one of them is pinned. */
  #reclaim(page: number): boolean {
    const a = this.#a;
    const owners = this.#owners(page);
    if (owners.some((owner) => stateOf(a, owner) < LIVE || looksPinned(a, owner))) return false;
    a.words[H_RECLAIMED_PAGES]++;
    for (const owner of owners) {
      const state = stateOf(a, owner);
      if (state === LIVE) this.evict(owner);
      else if (state > LIVE) {
        unlink(a, owner, unitsOf(a, this.#slab, owner));
        freeEntry(a, this.#slab, owner);
      }
    }
    return true;
  }

  #owners(page: number): number[] {
    const a = this.#a;
    const slab = this.#slab;
    const kind = a.words[slab.row(page) + P_KIND];
    const owners = new Set<number>();
    if (kind === 0 || kind === P_BODY) return [];
    const c = kind - 1;
    for (let slot = 0; slot < slab.classes.slots[c]; slot++) {
      if (slab.isFree(page, slot)) continue;
      owners.add(a.words[slab.ownerWord(slab.addressOf(page) + slot * slab.classes.units[c], c)]);
    }
    return [...owners];
  }

  #queueToEvict(): number {
    const a = this.#a;
    if (countOf(a, Q_SMALL) === 0) return Q_MAIN;
    if (countOf(a, Q_MAIN) === 0) return Q_SMALL;
    const small = unitsIn(a, Q_SMALL);
    return small * SMALL_SHARE >= small + unitsIn(a, Q_MAIN) ? Q_SMALL : Q_MAIN;
  }

  #rotate(kind: number, id: number): void {
    moveTo(this.#a, kind, id, unitsOf(this.#a, this.#slab, id));
  }
}
