/**
 * The life of an entry record: FREE -> WAITING -> STREAMING -> LIVE -> GONE (zombie) -> FREE. All under the lock.
 *
 * Order of writes, so that a death between any two leaves a table from which everything else can be rebuilt: a record
 * owns storage only while its state is not FREE; storage is first taken, then written into the record; on the way
 * back the state becomes FREE first, then the storage is given back.
 */

import { erase, LIVE_TAG } from './index.ts';
import {
  type Arena,
  E_FRESH_UNTIL,
  E_NEXT,
  E_PAGE,
  E_PREV,
  E_SLOT,
  E_STATE,
  FREE,
  GONE,
  H_FREE_ENTRY,
  H_HIGH_WATER,
  H_OBJECTS,
  H_STALE_STAMP,
  ID_MASK,
  LIVE,
  P_LINK,
  Q_ZOMBIE,
  S_SITE,
  S_TAIL,
  SITE_COUNTERS,
  STATE_MASK,
  UNIT,
} from './layout.ts';
import { isPinned } from './pin.ts';
import { countOf, headOf, moveTo, pushHead, tailOf, unlink } from './queue.ts';
import type { Slab } from './slab.ts';

export function stateOf(a: Arena, id: number): number {
  return a.words[a.entry(id) + E_STATE] & STATE_MASK;
}

/** Sequentially consistent: readers pin and then read the state, freers write it and then read the pins. */
export function setState(a: Arena, id: number, state: number): void {
  const at = a.entry(id) + E_STATE;
  Atomics.store(a.words, at, (a.words[at] & ~STATE_MASK) | state);
}

/** Word offset of the slot header of an entry. */
export function slotHeader(a: Arena, id: number): number {
  return a.words[a.entry(id) + E_SLOT] * (UNIT / 4);
}

/** A FREE record, or 0 when there is none. It stays FREE, and so without storage, until the caller sets a state. */
export function takeRecord(a: Arena): number {
  const words = a.words;
  const id = words[H_FREE_ENTRY];
  if (id !== 0) {
    words[H_FREE_ENTRY] = words[a.entry(id) + E_NEXT] & ID_MASK;
    return id;
  }
  if (words[H_HIGH_WATER] >= a.entries) return 0;
  return ++words[H_HIGH_WATER];
}

/** Gives back a record that `takeRecord` gave and that is still FREE. */
export function giveRecord(a: Arena, id: number): void {
  const e = a.entry(id);
  a.words[e + E_PREV] = 0;
  a.words[e + E_NEXT] = a.words[H_FREE_ENTRY];
  a.words[H_FREE_ENTRY] = id;
}

/** Storage that an entry occupies, in 64-byte units. */
export function unitsOf(a: Arena, slab: Slab, id: number): number {
  const words = a.words;
  const e = a.entry(id);
  let units = slab.unitsOf(words[e + E_SLOT]) + slab.unitsOf(words[slotHeader(a, id) + S_TAIL]);
  for (let page = words[e + E_PAGE]; page !== 0; page = words[slab.row(page - 1) + P_LINK]) units += a.pageUnits;
  return units;
}

/** Gives back tail and body pages. */
export function freeBody(a: Arena, slab: Slab, id: number): void {
  const e = a.entry(id);
  const header = slotHeader(a, id);
  const tail = a.words[header + S_TAIL];
  const chain = a.words[e + E_PAGE];
  a.words[header + S_TAIL] = 0;
  a.words[e + E_PAGE] = 0;
  a.kill?.('entry.body');
  releaseStorage(a, slab, 0, tail, chain);
}

function releaseStorage(a: Arena, slab: Slab, slot: number, tail: number, chain: number): void {
  if (slot !== 0) slab.free(slot);
  if (tail !== 0) slab.free(tail);
  for (let page = chain - 1; page >= 0; ) {
    const next = a.words[slab.row(page) + P_LINK] - 1;
    slab.givePage(page);
    page = next;
  }
}

/** Frees an entry that is in no index and no queue, and pinned by nobody. */
export function freeEntry(a: Arena, slab: Slab, id: number): void {
  const words = a.words;
  const e = a.entry(id);
  const slot = words[e + E_SLOT];
  const tail = words[slotHeader(a, id) + S_TAIL];
  const chain = words[e + E_PAGE];
  // A new generation: whoever remembers (id, generation) sees that these bytes are gone.
  Atomics.store(words, e + E_STATE, ((words[e + E_STATE] & ~STATE_MASK) + (STATE_MASK + 1)) | FREE);
  a.kill?.('entry.free');
  words[e + E_SLOT] = 0;
  words[e + E_PAGE] = 0;
  releaseStorage(a, slab, slot, tail, chain);
  giveRecord(a, id);
}

/** Frees a zombie that is in no queue, or keeps it on the zombie list until its last pin goes. */
export function retire(a: Arena, slab: Slab, id: number): void {
  if (isPinned(a, id)) pushHead(a, Q_ZOMBIE, id, unitsOf(a, slab, id));
  else freeEntry(a, slab, id);
}

/** Frees unpinned zombies among the `budget` oldest; the pinned ones go to the end of the line. */
export function reap(a: Arena, slab: Slab, budget: number): number {
  let freed = 0;
  for (let left = Math.min(budget, countOf(a, Q_ZOMBIE)); left > 0; left--) {
    const id = tailOf(a, Q_ZOMBIE);
    if (isPinned(a, id)) {
      if (headOf(a, Q_ZOMBIE) !== id) moveTo(a, Q_ZOMBIE, id, unitsOf(a, slab, id));
    } else {
      unlink(a, id, unitsOf(a, slab, id));
      freeEntry(a, slab, id);
      freed++;
    }
  }
  return freed;
}

/** Takes a LIVE entry out of service; its storage goes once nobody pins it. */
export function removeLive(a: Arena, slab: Slab, id: number): void {
  setState(a, id, GONE);
  a.kill?.('entry.remove');
  erase(a, id, LIVE_TAG);
  countLive(a, id, -1);
  unlink(a, id, unitsOf(a, slab, id));
  a.kill?.('entry.removed');
  retire(a, slab, id);
}

/** Counts an entry that becomes or ceases to be LIVE. */
export function countLive(a: Arena, id: number, step: 1 | -1): void {
  a.words[H_OBJECTS] += step;
  const site = a.words[slotHeader(a, id) + S_SITE];
  if (site >= 0 && site < SITE_COUNTERS) a.words[a.at.sites + site] += step;
}

/** Whether a state is one of an entry in no index, which waits for its last pin. */
export function isZombie(state: number): boolean {
  return state > LIVE;
}

/** Leaves of an entry's freshness what soft purges leave. */
export function makeStale(a: Arena, id: number): void {
  const at = a.entry(id) + E_FRESH_UNTIL;
  const stamp = Atomics.load(a.words, H_STALE_STAMP);
  if (Atomics.load(a.words, at) > stamp) Atomics.store(a.words, at, stamp);
}
