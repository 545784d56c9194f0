/**
 * Pages and slots. A page is free, or is cut into slots of one size class, or is a body page of one large object. All of
 * it under the lock. Which slots are free stands in a bitmap beside the page table, never in the pages themselves.
 */
import { assert } from '../base/assert.ts';
import {
  type Arena,
  H_CLASSES,
  H_FREE_PAGES,
  H_PAGE_ROTOR,
  MAX_CLASSES,
  MIN_SLOT,
  P_BODY,
  P_FREE,
  P_KIND,
  P_LINK,
  P_NEXT,
  P_PREV,
  PAGE_WORDS,
  UNIT,
} from './layout.ts';

/** Bytes at a slot's end that hold its owner's id. */
export const OWNER_BYTES = 4;
const UNIT_WORDS = UNIT / 4;

/** The size classes of a page size: derived, never stored. */
export class Classes {
  /** Units of a slot, by class, largest first. */
  readonly units: Int32Array;
  /** Slots in a page, by class. */
  readonly slots: Int32Array;
  readonly count: number;
  /** Class by size in units. */
  readonly #bySize: Uint8Array;

  constructor(pageBytes: number) {
    const pageUnits = pageBytes / UNIT;
    const units: number[] = [];
    const slots: number[] = [];
    for (let n = 1; n <= pageBytes / MIN_SLOT; n = Math.max(n + 1, Math.floor(n * 1.2))) {
      const size = Math.max(Math.floor(pageUnits / n), MIN_SLOT / UNIT);
      if (size === units.at(-1)) continue;
      units.push(size);
      slots.push(Math.floor(pageUnits / size));
    }
    if (units.at(-1) !== MIN_SLOT / UNIT) {
      units.push(MIN_SLOT / UNIT);
      slots.push(pageBytes / MIN_SLOT);
    }
    assert(units.length <= MAX_CLASSES, 'too many size classes');
    this.units = Int32Array.from(units);
    this.slots = Int32Array.from(slots);
    this.count = units.length;
    this.#bySize = new Uint8Array(pageUnits + 1);
    for (let size = 0, c = units.length - 1; size <= pageUnits; size++) {
      while (units[c] < size) c--;
      this.#bySize[size] = c;
    }
  }

  /** The smallest class that holds `bytes` (its owner word included), or -1 when that is more than a page. */
  fit(bytes: number): number {
    const size = Math.ceil(bytes / UNIT);
    return size < this.#bySize.length ? this.#bySize[size] : -1;
  }

  /** Bytes of a slot of class `c`, without its owner word. */
  room(c: number): number {
    return this.units[c] * UNIT - OWNER_BYTES;
  }
}

export class Slab {
  readonly classes: Classes;
  readonly #a: Arena;

  constructor(a: Arena) {
    this.#a = a;
    this.classes = new Classes(a.pageBytes);
  }

  /** Word offset of a page's row in the page table. */
  row(page: number): number {
    return this.#a.at.pages + page * PAGE_WORDS;
  }

  pageOf(address: number): number {
    return Math.floor((address - this.#a.firstPage) / this.#a.pageUnits);
  }

  /** Unit address of a page. */
  addressOf(page: number): number {
    return this.#a.firstPage + page * this.#a.pageUnits;
  }

  classOf(address: number): number {
    return this.#a.words[this.row(this.pageOf(address)) + P_KIND] - 1;
  }

  /** Units of the slot at `address`; 0 for address 0. */
  unitsOf(address: number): number {
    return address === 0 ? 0 : this.classes.units[this.classOf(address)];
  }

  ownerWord(address: number, c: number): number {
    return (address + this.classes.units[c]) * UNIT_WORDS - 1;
  }

  /** A free slot of class `c` for entry `owner`: its unit address, or 0 when neither a slot nor a page is free. */
  allocate(c: number, owner: number): number {
    const a = this.#a;
    const words = a.words;
    let page = words[H_CLASSES + c] - 1;
    if (page < 0) {
      page = this.takePage(-1);
      if (page < 0) return 0;
      this.cut(page, c);
      this.#list(page, c);
    }
    a.kill?.('slab.allocate');
    const slot = this.#takeSlot(page);
    const row = this.row(page);
    if (--words[row + P_FREE] === 0) this.#unlist(page, c);
    const address = this.addressOf(page) + slot * this.classes.units[c];
    words[this.ownerWord(address, c)] = owner;
    return address;
  }

  free(address: number): void {
    const a = this.#a;
    const words = a.words;
    const page = this.pageOf(address);
    const row = this.row(page);
    const c = words[row + P_KIND] - 1;
    this.giveSlot(page, this.slotIndex(address, page, c));
    a.kill?.('slab.free');
    const free = ++words[row + P_FREE];
    if (free === this.classes.slots[c]) {
      if (free > 1) this.#unlist(page, c);
      this.givePage(page);
    } else if (free === 1) this.#list(page, c);
  }

  /** Takes a free page, `near` if it is free (for contiguous bodies), else the next one around; -1 when none is. */
  takePage(near: number): number {
    const a = this.#a;
    const words = a.words;
    if (words[H_FREE_PAGES] === 0) return -1;
    const base = a.at.freePages;
    let page = near;
    if (near < 0 || near >= a.pages || (words[base + (near >> 5)] & (1 << (near & 31))) === 0) {
      const count = Math.ceil(a.pages / 32);
      let at = words[H_PAGE_ROTOR];
      while (words[base + at] === 0) at = at + 1 === count ? 0 : at + 1;
      words[H_PAGE_ROTOR] = at;
      page = at * 32 + lowestBit(words[base + at]);
    }
    words[base + (page >> 5)] &= ~(1 << (page & 31));
    words[H_FREE_PAGES]--;
    a.kill?.('slab.page');
    return page;
  }

  /** The first page of a free run of `count` pages, or -1: a hint for `takePage`, nothing is taken. */
  freeRun(count: number): number {
    const a = this.#a;
    if (a.words[H_FREE_PAGES] < count) return -1;
    const base = a.at.freePages;
    for (let page = 0, run = 0; page < a.pages; page++) {
      const word = a.words[base + (page >> 5)];
      if (word === 0) {
        run = 0;
        page |= 31;
      } else if ((word & (1 << (page & 31))) === 0) run = 0;
      else if (++run === count) return page - count + 1;
    }
    return -1;
  }

  givePage(page: number): void {
    const a = this.#a;
    const words = a.words;
    const row = this.row(page);
    words[row + P_KIND] = 0;
    words[row + P_LINK] = 0;
    words[a.at.freePages + (page >> 5)] |= 1 << (page & 31);
    words[H_FREE_PAGES]++;
  }

  /** Makes a taken page a body page, the end of a chain. */
  makeBody(page: number, owner: number): void {
    const row = this.row(page);
    this.#a.words[row + P_KIND] = P_BODY;
    this.#a.words[row + P_FREE] = owner;
    this.#a.words[row + P_LINK] = 0;
  }

  /** Makes a taken page a page of class `c` with all slots free, in no list yet. */
  cut(page: number, c: number): void {
    const words = this.#a.words;
    const row = this.row(page);
    const slots = this.classes.slots[c];
    words[row + P_KIND] = c + 1;
    words[row + P_FREE] = slots;
    words[row + P_LINK] = 0;
    const base = this.#bitmap(page);
    for (let i = 0; i < this.#a.bitmapWords; i++) {
      const left = slots - i * 32;
      words[base + i] = left >= 32 ? -1 : left <= 0 ? 0 : (1 << left) - 1;
    }
  }

  slotIndex(address: number, page: number, c: number): number {
    const index = (address - this.addressOf(page)) / this.classes.units[c];
    assert(Number.isInteger(index), 'an address inside a slot');
    return index;
  }

  isFree(page: number, slot: number): boolean {
    return (this.#a.words[this.#bitmap(page) + (slot >> 5)] & (1 << (slot & 31))) !== 0;
  }

  giveSlot(page: number, slot: number): void {
    assert(!this.isFree(page, slot), 'slot freed twice');
    this.#a.words[this.#bitmap(page) + (slot >> 5)] |= 1 << (slot & 31);
  }

  /** Marks one given slot as taken (rebuild); the page's count and lists are the caller's. */
  markSlot(page: number, slot: number): void {
    assert(this.isFree(page, slot), 'slot owned twice');
    this.#a.words[this.#bitmap(page) + (slot >> 5)] &= ~(1 << (slot & 31));
  }

  /** Puts a page with free slots at the head of its class's list (rebuild). */
  list(page: number): void {
    this.#list(page, this.#a.words[this.row(page) + P_KIND] - 1);
  }

  #bitmap(page: number): number {
    return this.#a.at.bitmaps + page * this.#a.bitmapWords;
  }

  #takeSlot(page: number): number {
    const words = this.#a.words;
    const base = this.#bitmap(page);
    for (let i = 0; i < this.#a.bitmapWords; i++) {
      const word = words[base + i];
      if (word === 0) continue;
      words[base + i] = word & (word - 1);
      return i * 32 + lowestBit(word);
    }
    throw new Error('broken invariant: a listed page without a free slot');
  }

  #list(page: number, c: number): void {
    const words = this.#a.words;
    const row = this.row(page);
    const head = words[H_CLASSES + c];
    words[row + P_NEXT] = head;
    words[row + P_PREV] = 0;
    if (head !== 0) words[this.row(head - 1) + P_PREV] = page + 1;
    words[H_CLASSES + c] = page + 1;
  }

  #unlist(page: number, c: number): void {
    const words = this.#a.words;
    const row = this.row(page);
    const next = words[row + P_NEXT];
    const prev = words[row + P_PREV];
    if (prev === 0) words[H_CLASSES + c] = next;
    else words[this.row(prev - 1) + P_NEXT] = next;
    if (next !== 0) words[this.row(next - 1) + P_PREV] = prev;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
