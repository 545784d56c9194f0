import type { DiskIndex, Row } from './index-store.ts';
import { segmentOf } from './place.ts';
import type { Segments } from './segments.ts';
import type { SlotTable } from './slots.ts';
import { rowOf, slotOf } from './writer.ts';

const ROWS_PER_STEP = 4096;

/** Fills the slots from the index, some thousand rows at a time. */
export class Loader {
  readonly #index: DiskIndex;
  readonly #segments: Segments;
  readonly #slots: SlotTable;
  /** The newest purge: no row is as new as a later one, save by a fault. */
  readonly #newest: () => number;
  #after = -1;
  #isDone = false;
  loaded = 0;

  constructor(index: DiskIndex, segments: Segments, slots: SlotTable, newest: () => number) {
    this.#index = index;
    this.#segments = segments;
    this.#slots = slots;
    this.#newest = newest;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * The next rows; where these were the last, `onLast` is called before anybody is told that a key is not there.
   * @returns rows that have no slot, and are to go
   */
  step(onLast: () => void): Row[] {
    const rows = this.#index.rows(this.#after, ROWS_PER_STEP);
    const unusable: Row[] = [];
    this.#slots.changing(() => {
      for (const row of rows) {
        if (!this.#isUsable(row)) {
          unusable.push(row);
          continue;
        }
        const fields = slotOf(row, this.#segments.generation(segmentOf(row.place)));
        // what was asked for, or written, meanwhile
        if (this.#slots.uses(fields) !== undefined) continue;
        const displaced = this.#slots.insert(fields);
        if (displaced !== undefined) unusable.push(rowOf(displaced));
      }
      this.loaded += rows.length;
      if (rows.length > 0) this.#after = rows[rows.length - 1].place;
      if (rows.length < ROWS_PER_STEP) {
        this.#isDone = true;
        onLast();
      }
    });
    return unusable;
  }

  /** Puts what the index has of a hash into its slot; whether there is something. */
  find(lo: number, hi: number): boolean {
    let found = false;
    this.#slots.changing(() => {
      for (const row of this.#index.find(lo, hi)) {
        if (!this.#isUsable(row)) continue;
        const fields = slotOf(row, this.#segments.generation(segmentOf(row.place)));
        const uses = this.#slots.uses(fields);
        if (uses === undefined) this.#slots.insert(fields);
        found ||= uses === undefined || uses >= 0;
      }
    });
    return found;
  }

  #isUsable({ place, seq }: Row): boolean {
    return seq <= this.#newest() && this.#segments.has(segmentOf(place));
  }
}
