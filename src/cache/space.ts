/** Storage for a flight: its final meta slot, its tail slot and its body pages. */
import type { Evictor } from './eviction.ts';
import {
  type Arena,
  E_PAGE,
  E_SLOT,
  H_FREE_PAGES,
  P_LINK,
  S_HEAD_BYTES,
  S_INLINE,
  S_KEY_WORDS,
  S_META,
  S_META_BYTES,
  S_PREFIX_WORDS,
  S_TAIL,
  SLOT_WORDS,
  UNIT,
} from './layout.ts';
import { acquire, release } from './lock.ts';
import { Reach } from './reach.ts';
import type { Slab } from './slab.ts';
import { align4, type Plan } from './storage.ts';
import { type TagHashes, writeTags } from './tags.ts';

/** Pages allocated under one acquisition of the lock. */
const PAGES_PER_HOLD = 16;
/** One page in so many is left to small entries, whatever else is pinned: bodies of whole pages do not push them all out. */
const LEFT_SHARE = 32;
/** Evictions for so many pages, of all there are, follow one look at what they can yield. */
const LOOK_SHARE = 64;
/** Room in a slot that a longer (variant) key may still take. */
const KEY_SLACK = 256;

export interface Filling {
  /** Body bytes allocated. */
  capacity: number;
  /** Last body page, -1 none. */
  page: number;
  /** Pages that evictions may make room for before it is looked anew whether they can. */
  cleared: number;
}

/** Takes the lock by itself. */
export class Space {
  readonly #a: Arena;
  readonly #slab: Slab;
  readonly #evictor: Evictor;
  readonly #reach: Reach;

  constructor(a: Arena, slab: Slab, evictor: Evictor) {
    this.#a = a;
    this.#slab = slab;
    this.#evictor = evictor;
    this.#reach = new Reach(a, slab);
  }

  /** Moves a flight into its final meta slot, with its tags, and takes its tail slot. */
  place(id: number, plan: Plan, fixed: number, metaBytes: number, headBytes: number, tags: TagHashes): boolean {
    const a = this.#a;
    const words = a.words;
    const e = a.entry(id);
    acquire(a);
    const slot = this.#evictor.slot(plan.slot, id);
    if (slot !== 0) {
      const old = words[e + E_SLOT];
      const from = old * (UNIT / 4);
      const to = slot * (UNIT / 4);
      const count = SLOT_WORDS + words[from + S_PREFIX_WORDS] + words[from + S_KEY_WORDS];
      words.copyWithin(to, from, from + count);
      const slack = this.#slab.classes.room(plan.slot) - fixed - plan.inline;
      words[to + S_META] = fixed - align4(metaBytes) - align4(headBytes) + Math.min(slack & ~3, KEY_SLACK);
      words[to + S_META_BYTES] = metaBytes;
      words[to + S_HEAD_BYTES] = headBytes;
      words[to + S_INLINE] = plan.inline;
      // Before the slot is the entry's: a sweep compares what it finds there.
      writeTags(a, to, tags);
      a.kill?.('flight.place');
      words[e + E_SLOT] = slot;
      a.kill?.('flight.placed');
      this.#slab.free(old);
      if (plan.tail >= 0) words[to + S_TAIL] = this.#evictor.slot(plan.tail, id);
    }
    const tail = slot === 0 ? 0 : words[slot * (UNIT / 4) + S_TAIL];
    release(a);
    return slot !== 0 && (plan.tail < 0 || tail !== 0);
  }

  /** Chains `pages` more body pages, a few at a time so that others get the lock. False where there is no room to be had for all. */
  grow(id: number, filling: Filling, pages: number): boolean {
    const a = this.#a;
    const slab = this.#slab;
    let room = true;
    for (let done = 0; done < pages && room; ) {
      acquire(a);
      if (filling.page < 0) filling.page = slab.freeRun(pages) - 1;
      for (let batch = PAGES_PER_HOLD; batch > 0 && done < pages && room; batch--, done++) {
        const page = this.#mayTake(filling, pages - done) ? this.#evictor.page(filling.page + 1) : -1;
        room = page >= 0;
        if (room) this.#chain(id, filling, page);
      }
      release(a);
    }
    return room;
  }

  /** Whether there are so many pages, or evictions can make room for them. */
  #mayTake(filling: Filling, pages: number): boolean {
    const a = this.#a;
    if (a.words[H_FREE_PAGES] >= pages || filling.cleared-- > 0) return true;
    const room = this.#reach.pages() - Math.floor(a.pages / LEFT_SHARE);
    filling.cleared = Math.min(room, Math.max(PAGES_PER_HOLD, Math.floor(a.pages / LOOK_SHARE))) - 1;
    return room >= pages;
  }

  #chain(id: number, filling: Filling, page: number): void {
    const a = this.#a;
    this.#slab.makeBody(page, id);
    a.kill?.('flight.chain');
    const e = a.entry(id) + E_PAGE;
    if (a.words[e] === 0) a.words[e] = page + 1;
    else a.words[this.#slab.row(filling.page) + P_LINK] = page + 1;
    filling.page = page;
  }
}
