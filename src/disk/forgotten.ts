import type { DiskIndex, Row } from './index-store.ts';
import { placeOf } from './place.ts';
import type { RingRecord } from './ring.ts';
import { emptySlot, type SlotTable } from './slots.ts';
import { slotOf } from './writer.ts';

/** Rows go in batches of so many, or when the first of a batch is so old, in ms. */
const BATCH = 256;
const AGE = 100;
/** So many are kept while they cannot be written. */
const MOST = 200_000;
/** Slots that are looked at in one turn for those that nobody could tell of. */
const SWEPT = 65536;

/** Told when it is not known any more which rows are valid. */
export class OutOfStep extends Error {}

export type Told = Pick<RingRecord, 'lo' | 'hi' | 'segment' | 'offset'>;

/** Records that edges have made invalid: their slots are dead, their rows still have to go. */
export class Forgotten {
  readonly #index: DiskIndex;
  readonly #slots: SlotTable;
  readonly #slot = emptySlot();
  #told: Told[] = [];
  #since = 0;
  /** The next slot to be looked at; -1 while all were told of. */
  #swept = -1;

  constructor(index: DiskIndex, slots: SlotTable) {
    this.#index = index;
    this.#slots = slots;
  }

  get told(): readonly Told[] {
    return this.#told;
  }

  get isEmpty(): boolean {
    return this.#told.length === 0;
  }

  get isDue(): boolean {
    return this.#told.length >= BATCH || (this.#told.length > 0 && performance.now() - this.#since >= AGE);
  }

  /** @throws OutOfStep where there are more than can be kept */
  add({ lo, hi, segment, offset }: Told): void {
    if (this.#told.length >= MOST) throw new OutOfStep('too much was replaced while the index could not be written');
    if (this.#told.length === 0) this.#since = performance.now();
    // who told of it did not find a slot: it may have been filled since
    if (segment < 0) while (this.#slots.find(lo, hi, this.#slot)) this.#slots.kill(this.#slot);
    this.#told.push({ lo, hi, segment, offset });
  }

  /** Some could not be told. @throws OutOfStep where they have no slots either */
  lose(isLoaded: boolean): void {
    if (!isLoaded) throw new OutOfStep('too much was replaced while the index was loaded');
    this.#swept = 0;
  }

  /** Looks for slots that are dead without having been told of. */
  sweep(): void {
    if (this.#swept < 0) return;
    for (const { lo, hi, segment, offset } of this.#slots.sweepDead(this.#swept, SWEPT))
      this.add({ lo, hi, segment, offset });
    this.#swept += SWEPT;
    if (this.#swept >= this.#slots.capacity) this.#swept = -1;
  }

  /** @param inTransaction does its own and this in one transaction; where it throws nothing is forgotten */
  commit(inTransaction: (work: () => void) => void): void {
    const gone: Row[] = [];
    inTransaction(() => {
      for (const told of this.#told) {
        for (const row of this.#index.find(told.lo, told.hi)) {
          if (told.segment >= 0 && row.place !== placeOf(told.segment, told.offset)) continue;
          this.#index.remove(row.place);
          gone.push(row);
        }
      }
    });
    for (const row of gone) this.#slots.remove(slotOf(row, 0));
    for (const { lo, hi, segment, offset } of this.#told)
      if (segment >= 0) this.#slots.remove({ lo, hi, segment, offset });
    this.#told = [];
  }
}
