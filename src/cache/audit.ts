/** Checks every invariant of the shared structures; for tests. Pin counts can only be checked while nobody changes them. */
import { assert } from '../base/assert.ts';
import { isZombie, slotHeader, stateOf, unitsOf } from './entries.ts';
import { FLIGHT_TAG, LIVE_TAG, locate } from './index.ts';
import {
  type Arena,
  BUCKET_WORDS,
  DOUBTS,
  E_LENGTH,
  E_PAGE,
  E_PINS,
  E_PREV,
  E_SLOT,
  F_DETACHED,
  FREE,
  H_CLASSES,
  H_DOUBTS,
  H_FREE_ENTRY,
  H_FREE_PAGES,
  H_HIGH_WATER,
  H_OBJECTS,
  ID_MASK,
  LIVE,
  MAX_TAGS,
  P_BODY,
  P_FREE,
  P_KIND,
  P_LINK,
  P_NEXT,
  P_PREV,
  Q_FLIGHT,
  Q_MAIN,
  Q_SMALL,
  Q_ZOMBIE,
  S_INLINE,
  S_SITE,
  S_TAGS,
  S_TAIL,
  SITE_COUNTERS,
} from './layout.ts';
import { acquire, release } from './lock.ts';
import { ledgerOf } from './pin.ts';
import { countOf, headOf, nextOf, prevOf, queueOf, tailOf, unitsIn } from './queue.ts';
import type { Slab } from './slab.ts';
import { keyBytes, keyRoom, tagsOf } from './tags.ts';

/** Throws on the first broken invariant. */
export function audit(a: Arena, slab: Slab): void {
  acquire(a);
  try {
    auditStorage(a, slab);
    auditEntries(a);
    auditIndex(a);
    for (const kind of [Q_SMALL, Q_MAIN, Q_FLIGHT, Q_ZOMBIE]) auditQueue(a, slab, kind);
    auditPins(a);
  } finally {
    release(a);
  }
}

function auditStorage(a: Arena, slab: Slab): void {
  const { words } = a;
  const owners = new Map<number, number>();
  const used = new Int32Array(a.pages);
  const own = (address: number, id: number): void => {
    assert(!owners.has(address), `storage ${address} of ${id} has another owner, ${owners.get(address)}`);
    owners.set(address, id);
  };
  const ownSlot = (address: number, id: number): void => {
    own(address, id);
    const page = slab.pageOf(address);
    const c = slab.classOf(address);
    assert(c >= 0 && c < slab.classes.count, `slot ${address} of ${id} stands in a page of slots`);
    assert(!slab.isFree(page, slab.slotIndex(address, page, c)), `slot ${address} of ${id} is taken`);
    assert(words[slab.ownerWord(address, c)] === id, `slot ${address} names its owner ${id}`);
    used[page]++;
  };
  for (let id = 1; id <= words[H_HIGH_WATER]; id++) {
    if (stateOf(a, id) === FREE) continue;
    const tail = words[slotHeader(a, id) + S_TAIL];
    ownSlot(words[a.entry(id) + E_SLOT], id);
    if (tail !== 0) ownSlot(tail, id);
    auditTags(a, id);
    let bytes = words[slotHeader(a, id) + S_INLINE];
    for (let page = words[a.entry(id) + E_PAGE] - 1; page >= 0; page = words[slab.row(page) + P_LINK] - 1) {
      own(slab.addressOf(page), id);
      assert(words[slab.row(page) + P_KIND] === P_BODY, `page ${page} of ${id} is a body page`);
      used[page]++;
      bytes += a.pageBytes;
    }
    if (tail !== 0) bytes += slab.classes.room(slab.classOf(tail));
    assert(words[a.entry(id) + E_LENGTH] <= bytes, `entry ${id} has room for its body`);
  }
  auditPages(a, slab, used);
}

function auditTags(a: Arena, id: number): void {
  const header = slotHeader(a, id);
  const count = a.words[header + S_TAGS];
  assert(count <= MAX_TAGS && (count >= 0 || stateOf(a, id) !== LIVE), `entry ${id} has ${count} tags`);
  assert(keyBytes(a, header) <= keyRoom(a, header), `key and tags of entry ${id} do not overlap`);
  const tags = tagsOf(a, header);
  for (let i = 0; i < tags.length; i++) assert(tags[i] !== 0, `tag ${i} of entry ${id} is a hash`);
}

function auditPages(a: Arena, slab: Slab, used: Int32Array): void {
  const { words } = a;
  let free = 0;
  const listed = new Set<number>();
  for (let c = 0; c < slab.classes.count; c++) {
    let before = 0;
    for (let page = words[H_CLASSES + c]; page !== 0; page = words[slab.row(page - 1) + P_NEXT]) {
      assert(words[slab.row(page - 1) + P_KIND] === c + 1, `page ${page - 1} is in the list of its class`);
      assert(words[slab.row(page - 1) + P_PREV] === before, `page ${page - 1} is linked both ways`);
      assert(!listed.has(page - 1), 'no cycle in a class list');
      listed.add(page - 1);
      before = page;
    }
  }
  for (let page = 0; page < a.pages; page++) {
    const kind = words[slab.row(page) + P_KIND];
    const bit = (words[a.at.freePages + (page >> 5)] & (1 << (page & 31))) !== 0;
    assert(bit === (kind === 0), `page ${page}: free bit and kind ${kind}`);
    if (kind === 0) {
      free++;
      assert(used[page] === 0, `free page ${page} is unused`);
    } else if (kind !== P_BODY) {
      const slots = slab.classes.slots[kind - 1];
      let bits = 0;
      for (let slot = 0; slot < slots; slot++) if (slab.isFree(page, slot)) bits++;
      assert(bits === words[slab.row(page) + P_FREE], `page ${page}: free slots add up`);
      assert(used[page] === slots - bits, `page ${page}: ${used[page]} slots owned, ${slots - bits} taken`);
      assert(listed.has(page) === bits > 0, `page ${page}: listed while it has free slots`);
    } else assert(used[page] === 1, `body page ${page} has one owner`);
  }
  assert(free === words[H_FREE_PAGES], 'free pages add up');
}

function auditEntries(a: Arena): void {
  const { words } = a;
  const free = new Set<number>();
  for (let id = words[H_FREE_ENTRY]; id !== 0; id = nextOf(a, id)) {
    assert(!free.has(id) && stateOf(a, id) === FREE, `record ${id} is free once`);
    free.add(id);
  }
  const sites = new Int32Array(SITE_COUNTERS);
  let objects = 0;
  for (let id = 1; id <= words[H_HIGH_WATER]; id++) {
    const state = stateOf(a, id);
    const queue = queueOf(a, id);
    assert(free.has(id) === (state === FREE), `record ${id}: in the free list while FREE`);
    if (state === FREE) assert(queue === 0, `free record ${id} is in no queue`);
    else if (isZombie(state)) assert(queue === Q_ZOMBIE, `zombie ${id} is on the zombie list`);
    else if (state === LIVE) {
      assert(queue === Q_SMALL || queue === Q_MAIN, `LIVE ${id} is queued`);
      objects++;
      const site = words[slotHeader(a, id) + S_SITE];
      if (site >= 0 && site < SITE_COUNTERS) sites[site]++;
    } else assert(queue === Q_FLIGHT, `flight ${id} is on the flight list`);
  }
  assert(objects === words[H_OBJECTS], `${objects} LIVE entries, ${words[H_OBJECTS]} counted`);
  for (let site = 0; site < SITE_COUNTERS; site++) {
    assert(sites[site] === words[a.at.sites + site], `objects of site ${site} add up`);
  }
}

function auditIndex(a: Arena): void {
  const { words } = a;
  let indexed = 0;
  for (let id = 1; id <= words[H_HIGH_WATER]; id++) {
    const state = stateOf(a, id);
    const flight = state !== FREE && state < LIVE && (words[a.entry(id) + E_PREV] & F_DETACHED) === 0;
    if (state === LIVE || flight) indexed++;
    assert(locate(a, id, LIVE_TAG) >= 0 === (state === LIVE), `entry ${id}: indexed while LIVE`);
    assert(locate(a, id, FLIGHT_TAG) >= 0 === flight, `flight ${id}: indexed while attached`);
  }
  const end = a.at.index + (a.bucketMask + 1) * BUCKET_WORDS;
  for (let at = a.at.index; at < end; at++) if ((words[at] & ID_MASK) !== 0) indexed--;
  assert(indexed === 0, 'every index word leads to an entry');
}

function auditQueue(a: Arena, slab: Slab, kind: number): void {
  let count = 0;
  let units = 0;
  let before = 0;
  for (let id = headOf(a, kind); id !== 0; id = nextOf(a, id)) {
    assert(queueOf(a, id) === kind && prevOf(a, id) === before, `entry ${id} is well linked in queue ${kind}`);
    assert(++count <= countOf(a, kind), `no cycle in queue ${kind}`);
    if (kind !== Q_FLIGHT) units += unitsOf(a, slab, id);
    before = id;
  }
  assert(before === tailOf(a, kind), `the tail of queue ${kind}`);
  assert(count === countOf(a, kind), `the length of queue ${kind}`);
  assert(units === unitsIn(a, kind), `the size of queue ${kind}: ${units}, ${unitsIn(a, kind)} counted`);
}

function auditPins(a: Arena): void {
  const { words } = a;
  const pins = new Int32Array(words[H_HIGH_WATER] + 1);
  for (let worker = 0; worker <= a.workers; worker++) {
    for (let line = 0, at = ledgerOf(a, worker); line < a.ledgerSize; line++, at++) {
      assert(words[at] >= 0, 'no pin is half taken');
      if (words[at] > 0) pins[words[at]]++;
    }
  }
  for (let id = 1; id <= words[H_HIGH_WATER]; id++) {
    assert(
      pins[id] === words[a.entry(id) + E_PINS],
      `entry ${id}: ${words[a.entry(id) + E_PINS]} pins, ${pins[id]} in ledgers`,
    );
    if (pins[id] > 0) assert(stateOf(a, id) !== FREE, `pinned entry ${id} is not free`);
  }
  for (let at = H_DOUBTS; at < H_DOUBTS + DOUBTS; at++) assert(words[at] === 0, 'no pin count in doubt');
}
