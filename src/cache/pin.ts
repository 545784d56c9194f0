/**
 * Pins keep an entry's bytes in place.
 *
 * A transient pin is a hazard pointer (Michael, "Hazard pointers: safe memory reclamation for lock-free objects"): one
 * slot per worker. The reader stores the id, then reads the entry's state; whoever frees stores a zombie state, then reads the
 * slots. Both are sequentially consistent, so at least one of the two sees the other.
 *
 * A long pin is a count in the entry and a line in its worker's ledger, from which a dead worker's pins are returned.
 * The ledger line is -id while the count is being changed: a death just then leaves the count in doubt (see recover.ts).
 */
import { type Arena, E_PINS, W_HELD, WORKER_WORDS } from './layout.ts';

export class Pins {
  readonly #a: Arena;
  readonly #hazard: number;
  readonly #ledger: number;
  /** Free ledger lines, a stack; only this worker uses its ledger. */
  readonly #free: Int32Array;
  #top: number;

  constructor(a: Arena) {
    this.#a = a;
    this.#hazard = hazardOf(a, a.worker);
    this.#ledger = ledgerOf(a, a.worker);
    this.#free = new Int32Array(a.ledgerSize);
    this.#top = 0;
    for (let line = a.ledgerSize - 1; line >= 0; line--) {
      if (a.words[this.#ledger + line] === 0) this.#free[this.#top++] = line;
    }
  }

  /** Handle of a new long pin on an entry that cannot be freed meanwhile, or -1 when the ledger is full. */
  take(id: number): number {
    if (this.#top === 0) return -1;
    const words = this.#a.words;
    const line = this.#free[--this.#top];
    const at = this.#ledger + line;
    words[at] = -id;
    // Atomic: many workers change one count. Sequentially consistent with the hazard slot, which is cleared only later.
    Atomics.add(words, this.#a.entry(id) + E_PINS, 1);
    Atomics.store(words, at, id);
    words[this.#hazard + W_HELD]++;
    return line;
  }

  /** Returns a long pin; throws on a handle that is not held. */
  drop(handle: number): void {
    const words = this.#a.words;
    const at = this.#ledger + handle;
    const id = handle >= 0 && handle < this.#a.ledgerSize ? words[at] : 0;
    if (id <= 0) throw new Error(`no pin ${handle} is held`);
    words[at] = -id;
    // Atomic: everything this worker read under the pin was read before the count falls.
    Atomics.sub(words, this.#a.entry(id) + E_PINS, 1);
    Atomics.store(words, at, 0);
    this.#free[this.#top++] = handle;
    words[this.#hazard + W_HELD]--;
  }

  /** The entry under this worker's transient pin, or 0. */
  get transient(): number {
    return this.#a.words[this.#hazard];
  }
}

export function hazardOf(a: Arena, worker: number): number {
  return a.at.workers + worker * WORKER_WORDS;
}

export function ledgerOf(a: Arena, worker: number): number {
  return a.at.ledgers + worker * a.ledgerSize;
}

/**
 * Whether anyone pins the entry. Final once the entry is a zombie. Hazard slots first, then the count: a reader that goes
 * from its slot to the count raises the count before it clears the slot, so looking the other way round could miss both.
 */
export function isPinned(a: Arena, id: number): boolean {
  const words = a.words;
  for (let worker = 0, at = a.at.workers; worker <= a.workers; worker++, at += WORKER_WORDS) {
    if (Atomics.load(words, at) === id) return true;
  }
  return Atomics.load(words, a.entry(id) + E_PINS) !== 0;
}

/** Whether an entry looks pinned: plain reads, cheaper, good enough for choosing a victim; `isPinned` then decides. */
export function looksPinned(a: Arena, id: number): boolean {
  const words = a.words;
  if (words[a.entry(id) + E_PINS] !== 0) return true;
  const end = a.at.workers + (a.workers + 1) * WORKER_WORDS;
  for (let at = a.at.workers; at < end; at += WORKER_WORDS) if (words[at] === id) return true;
  return false;
}
