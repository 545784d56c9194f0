/**
 * Mark and sweep: after a death inside a critical section, everything but the entry records is made anew from the entry
 * records. Their order of writes (entries.ts) makes each record whole at any moment: it owns what it points to while its
 * state is not FREE. Readers go on meanwhile and at worst miss. Under the lock.
 */
import { countLive, giveRecord, isZombie, retire, setState, slotHeader, stateOf, unitsOf } from './entries.ts';
import { FLIGHT_TAG, insert, LIVE_TAG } from './index.ts';
import {
  type Arena,
  BROKEN,
  BUCKET_WORDS,
  E_NEXT,
  E_PAGE,
  E_PREV,
  E_SLOT,
  F_DETACHED,
  FREE,
  GONE,
  H_CLASSES,
  H_FREE_ENTRY,
  H_FREE_PAGES,
  H_HIGH_WATER,
  H_OBJECTS,
  H_PAGE_ROTOR,
  H_REBUILDS,
  LIVE,
  P_FREE,
  P_KIND,
  P_LINK,
  P_NEXT,
  P_PREV,
  Q_FLIGHT,
  Q_MAIN,
  Q_SMALL,
  Q_ZOMBIE,
  S_TAIL,
  SITE_COUNTERS,
} from './layout.ts';
import { pushHead, queueOf, resetQueue } from './queue.ts';
import type { Slab } from './slab.ts';

/** No entry has been found in the page so far. */
const UNOWNED = -1;

export function rebuild(a: Arena, slab: Slab, dead: number): void {
  a.words[H_REBUILDS]++;
  clear(a, slab);
  for (let id = 1; id <= a.words[H_HIGH_WATER]; id++) {
    if (stateOf(a, id) !== FREE) markEntry(a, slab, id);
  }
  sweepPages(a, slab);
  // Down, so that the free list hands out low ids first.
  for (let id = a.words[H_HIGH_WATER]; id > 0; id--) relink(a, slab, id, dead);
}

function clear(a: Arena, slab: Slab): void {
  const { words, at } = a;
  words[H_FREE_ENTRY] = 0;
  words[H_FREE_PAGES] = 0;
  words[H_PAGE_ROTOR] = 0;
  words[H_OBJECTS] = 0;
  words.fill(0, H_CLASSES, H_CLASSES + slab.classes.count);
  words.fill(0, at.sites, at.sites + SITE_COUNTERS);
  words.fill(0, at.freePages, at.freePages + Math.ceil(a.pages / 32));
  for (const kind of [Q_SMALL, Q_MAIN, Q_FLIGHT, Q_ZOMBIE]) resetQueue(a, kind);
  for (let page = 0; page < a.pages; page++) {
    const row = slab.row(page);
    words[row + P_FREE] = UNOWNED;
    words[row + P_NEXT] = 0;
    words[row + P_PREV] = 0;
  }
  words.fill(0, at.index, at.index + (a.bucketMask + 1) * BUCKET_WORDS);
}

function markEntry(a: Arena, slab: Slab, id: number): void {
  const { words } = a;
  const slot = words[a.entry(id) + E_SLOT];
  const tail = words[slotHeader(a, id) + S_TAIL];
  markSlot(a, slab, slot);
  if (tail !== 0) markSlot(a, slab, tail);
  for (let page = words[a.entry(id) + E_PAGE] - 1; page >= 0; ) {
    const next = words[slab.row(page) + P_LINK];
    slab.makeBody(page, id);
    words[slab.row(page) + P_LINK] = next;
    page = next - 1;
  }
}

function markSlot(a: Arena, slab: Slab, address: number): void {
  const page = slab.pageOf(address);
  const row = slab.row(page);
  const c = a.words[row + P_KIND] - 1;
  if (a.words[row + P_FREE] === UNOWNED) slab.cut(page, c);
  slab.markSlot(page, slab.slotIndex(address, page, c));
  a.words[row + P_FREE]--;
}

function sweepPages(a: Arena, slab: Slab): void {
  for (let page = 0; page < a.pages; page++) {
    const row = slab.row(page);
    const kind = a.words[row + P_KIND];
    const free = a.words[row + P_FREE];
    if (free === UNOWNED) slab.givePage(page);
    else if (kind <= slab.classes.count && free > 0) slab.list(page);
  }
}

/** Puts an entry back into queue and index; what the dead worker was filling is broken. */
function relink(a: Arena, slab: Slab, id: number, dead: number): void {
  const { words } = a;
  const e = a.entry(id);
  const state = stateOf(a, id);
  const queue = queueOf(a, id);
  const flags = words[e + E_PREV] & F_DETACHED;
  if (state === FREE) {
    giveRecord(a, id);
    return;
  }
  words[e + E_PREV] &= 0xf800_0000;
  words[e + E_NEXT] &= 0xff00_0000;
  if (state === LIVE) {
    words[e + E_PREV] = 0;
    words[e + E_NEXT] = 0;
    if (insert(a, id, LIVE_TAG)) {
      pushHead(a, queue === Q_SMALL ? Q_SMALL : Q_MAIN, id, unitsOf(a, slab, id));
      countLive(a, id, 1);
    } else {
      setState(a, id, GONE);
      retire(a, slab, id);
    }
  } else if (isZombie(state)) retire(a, slab, id);
  else if (words[e + E_NEXT] >>> 24 === dead) {
    setState(a, id, BROKEN);
    retire(a, slab, id);
  } else {
    pushHead(a, Q_FLIGHT, id, 0);
    if (flags === 0 && !insert(a, id, FLIGHT_TAG)) words[e + E_PREV] |= F_DETACHED;
  }
}
