import type { Admission } from './admission.ts';
import type { PurgesUnderWay } from './apply-purges.ts';
import { decodePrelude, movedPrelude } from './format.ts';
import type { DiskIndex, Row } from './index-store.ts';
import { firstPlace, segmentOf } from './place.ts';
import type { Segments } from './segments.ts';
import type { SlotTable } from './slots.ts';
import { slotOf, type Writer } from './writer.ts';

/** Rows, and bytes that are copied, in one step. */
const ROWS_PER_STEP = 256;
const BYTES_PER_STEP = 4 << 20;
/** Bodies are copied in pieces of so many bytes. */
const PIECE = 1 << 20;

export interface CleanerParts {
  index: DiskIndex;
  segments: Segments;
  slots: SlotTable;
  writer: Writer;
  purges: PurgesUnderWay;
  admission: Admission;
}

/**
 * Makes the oldest segment free: what was used since it was written is copied to the head, up to half a segment, in the order in
 * which it stands; the rest is left out. Until the end what stands in the segment can be read.
 */
export class Cleaner {
  readonly #parts: CleanerParts;
  #segment = -1;
  #after = -1;
  #kept = 0;
  evicted = 0;
  reinserted = 0;

  constructor(parts: CleanerParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#segment >= 0;
  }

  /** Begins with the oldest segment. False where there is none but the head. */
  begin(): boolean {
    const oldest = this.#parts.segments.oldest();
    if (oldest === undefined) return false;
    this.#segment = oldest;
    this.#after = firstPlace(oldest) - 1;
    this.#kept = 0;
    return true;
  }

  /** What is under way is given up; what was copied stays. */
  abandon(): void {
    this.#segment = -1;
  }

  /** The next few rows. @param keeps whether what was used is kept. Commits what the writer has pending. */
  step(keeps = true): void {
    const { index, segments, slots, writer } = this.#parts;
    const rows = index.rows(this.#after, ROWS_PER_STEP).filter(({ place }) => segmentOf(place) === this.#segment);
    if (rows.length === 0) {
      segments.release(this.#segment);
      slots.setGeneration(this.#segment, segments.generation(this.#segment));
      this.#segment = -1;
      return;
    }
    const moved: [from: Row, to: number][] = [];
    const dropped: Row[] = [];
    let bytes = 0;
    for (const row of rows) {
      const size = row.before + row.body;
      const place = keeps && this.#isWorth(row) ? this.#copy(row) : undefined;
      if (place === undefined) dropped.push(row);
      else {
        moved.push([row, place]);
        this.#kept += size;
        bytes += size;
      }
      this.#after = row.place;
      if (bytes > BYTES_PER_STEP) break;
    }
    writer.commit(() => {
      for (const [from, to] of moved) index.move(from.place, to);
      for (const { place } of dropped) index.remove(place);
    });
    this.#tell(moved, dropped);
  }

  #isWorth(row: Row): boolean {
    const { index, segments, slots, purges } = this.#parts;
    const size = row.before + row.body;
    if (this.#kept + size > segments.segmentBytes / 2 || size > segments.left) return false;
    if ((slots.uses(slotOf(row, 0)) ?? 0) <= 0) return false;
    const names = index.names(row.place);
    return names !== undefined && !purges.concerns({ ...row, ...names }, names.tags);
  }

  /** @returns the new place; undefined where what is to be copied is not what it should be */
  #copy(row: Row): number | undefined {
    const { segments } = this.#parts;
    const bytes = segments.read(row.place, row.before);
    const prelude = bytes && decodePrelude(bytes);
    if (prelude === undefined || prelude.lo !== row.lo || prelude.hi !== row.hi || prelude.bodyBytes !== row.body)
      return;
    if (prelude.generation !== segments.generation(this.#segment)) return undefined;
    if (!segments.reaches(row.place, row.before + row.body)) return undefined;
    const head = movedPrelude(prelude, segments.generation(segments.head));
    return segments.append(this.#pieces(head, row), row.before + row.body);
  }

  *#pieces(head: Uint8Array, row: Row): Generator<Uint8Array> {
    yield head;
    for (let at = 0; at < row.body; at += PIECE) {
      const piece = this.#parts.segments.read(row.place, Math.min(PIECE, row.body - at), row.before + at);
      if (piece === undefined) throw new Error(`segment ${this.#segment} has become shorter`);
      yield piece;
    }
  }

  #tell(moved: readonly [from: Row, to: number][], dropped: readonly Row[]): void {
    const { index, segments, slots, admission } = this.#parts;
    const obsolete: number[] = [];
    slots.changing(() => {
      for (const [from, to] of moved) {
        const copy = slotOf({ ...from, place: to }, segments.generation(segments.head));
        if (slots.move(slotOf(from, 0), copy)) this.reinserted++;
        else obsolete.push(to);
      }
    });
    for (const row of dropped) {
      if ((slots.remove(slotOf(row, 0)) ?? -1) >= 0) admission.remember(row.lo, row.hi);
      this.evicted++;
    }
    if (obsolete.length === 0) return;
    index.transaction(() => {
      for (const place of obsolete) index.remove(place);
    });
  }
}
