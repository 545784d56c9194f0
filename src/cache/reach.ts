/** How many pages evictions could make free, so that what can never find room pushes nobody out. Under the lock. */
import { slotHeader, stateOf } from './entries.ts';
import { type Arena, E_LENGTH, E_PAGE, E_SLOT, FREE, LIVE, P_LINK, S_INLINE, S_TAIL, W_HELD } from './layout.ts';
import { hazardOf, ledgerOf } from './pin.ts';
import type { Slab } from './slab.ts';

export class Reach {
  readonly #a: Arena;
  readonly #slab: Slab;
  /** By page, whether it has been counted. */
  readonly #seen: Uint8Array;
  #pinned = 0;

  constructor(a: Arena, slab: Slab) {
    this.#a = a;
    this.#slab = slab;
    this.#seen = new Uint8Array(a.pages);
  }

  /**
   * Pages that hold nothing that is pinned: free, or free once all entries in them are evicted. Looks at each pin, so it is for
   * bodies of several pages, and not for each of those. A snapshot: pins come and go without the lock.
   */
  pages(): number {
    const a = this.#a;
    const { words } = a;
    this.#seen.fill(0);
    this.#pinned = 0;
    for (let worker = 0; worker <= a.workers; worker++) {
      const hazard = hazardOf(a, worker);
      this.#count(words[hazard]);
      const ledger = ledgerOf(a, worker);
      // the lines in use are the first ones as a rule
      for (let line = ledger, left = words[hazard + W_HELD]; left > 0 && line < ledger + a.ledgerSize; line++) {
        if (words[line] === 0) continue;
        // negative while the pin is being changed
        this.#count(Math.abs(words[line]));
        left--;
      }
    }
    return a.pages - this.#pinned;
  }

  #count(id: number): void {
    const a = this.#a;
    if (id === 0 || stateOf(a, id) === FREE) return;
    this.#countSlot(a.words[a.entry(id) + E_SLOT]);
    this.#countSlot(a.words[slotHeader(a, id) + S_TAIL]);
    const first = a.words[a.entry(id) + E_PAGE] - 1;
    // body pages have one entry: whose first is known has been counted
    if (first >= 0 && this.#see(first)) this.#pinned += this.#bodyPages(id, first) - 1;
  }

  #countSlot(address: number): void {
    if (address !== 0) this.#see(this.#slab.pageOf(address));
  }

  /** Counts a page; false where it has been counted. */
  #see(page: number): boolean {
    if (this.#seen[page] === 1) return false;
    this.#seen[page] = 1;
    this.#pinned++;
    return true;
  }

  #bodyPages(id: number, first: number): number {
    const a = this.#a;
    const { words } = a;
    if (stateOf(a, id) === LIVE) {
      const header = slotHeader(a, id);
      const pages = (words[a.entry(id) + E_LENGTH] - words[header + S_INLINE]) / a.pageBytes;
      return words[header + S_TAIL] === 0 ? Math.ceil(pages) : Math.floor(pages);
    }
    let pages = 0;
    for (let page = first; page >= 0; page = words[this.#slab.row(page) + P_LINK] - 1) pages++;
    return pages;
  }
}
