import type { Cache, EntryRecord } from '../cache/cache.ts';
import { BlockSums, encodePrelude, recordBytes } from './format.ts';
import type { DiskIndex, Row, RowNames } from './index-store.ts';
import { offsetOf, placeOf, segmentOf } from './place.ts';
import type { Segments } from './segments.ts';
import type { SlotFields, SlotTable } from './slots.ts';

/** A batch is committed when it has so many rows, or bytes, or its first row is so old, in ms. */
const BATCH_ROWS = 256;
const BATCH_BYTES = 8 << 20;
const BATCH_AGE = 100;
/** Of the cache's memory a batch keeps so much from being used otherwise, at most: there may be several disks. */
const BATCH_SHARE = 1 / 16;

/** A row whose record is on its way to the disk. */
interface Pending {
  row: Row;
  names: RowNames;
  /** The entry that it is of, and the pin that holds it. */
  entry: number;
  entryGeneration: number;
  pin: number;
}

/**
 * Writes entries of the cache to the head, and rows of them to the index in batches: first the bytes, then the rows, then
 * the slots. Each entry is pinned until then. One that is no longer LIVE afterwards has been replaced or removed meanwhile,
 * since what is pinned is not evicted: its slot goes again.
 */
export class Writer {
  readonly #cache: Cache;
  readonly #segments: Segments;
  readonly #index: DiskIndex;
  readonly #slots: SlotTable;
  readonly #batchBytes: number;
  #pending: Pending[] = [];
  #bytes = 0;
  #since = 0;
  written = 0;
  writtenBytes = 0;

  constructor(cache: Cache, segments: Segments, index: DiskIndex, slots: SlotTable) {
    this.#cache = cache;
    this.#segments = segments;
    this.#index = index;
    this.#slots = slots;
    this.#batchBytes = Math.min(BATCH_BYTES, cache.stats().memory * BATCH_SHARE);
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  get isDue(): boolean {
    if (this.#pending.length === 0) return false;
    if (this.#pending.length >= BATCH_ROWS || this.#bytes >= this.#batchBytes) return true;
    return performance.now() - this.#since >= BATCH_AGE;
  }

  /** Whether an entry is pending already. */
  has(entry: number, entryGeneration: number): boolean {
    return this.#pending.some((other) => other.entry === entry && other.entryGeneration === entryGeneration);
  }

  /** Appends an entry that is pinned by `pin`, which is the writer's from here on; the head has room for it. */
  append(entry: number, entryGeneration: number, pin: number, record: EntryRecord): void {
    const segments = this.#segments;
    if (this.#pending.length === 0) this.#since = performance.now();
    const sums = new BlockSums(record.length);
    for (const run of this.#runs(entry, record.length)) sums.add(run);
    const prelude = encodePrelude(record, segments.generation(segments.head), sums.sums);
    const { lo, hi, sequence } = record;
    const row: Row = { place: -1, lo, hi, before: prelude.length, body: record.length, seq: sequence };
    // noted before the write: whatever becomes of that, `abandon` or `commit` ends the pin
    this.#pending.push({ row, names: namesOf(record), entry, entryGeneration, pin });
    row.place = segments.append(this.#parts(prelude, entry, record.length), prelude.length + record.length);
    this.#bytes += recordBytes(record);
  }

  /**
   * Writes what is pending to the disk and its index, then to the slots.
   * @param also further changes for the same transaction
   * @throws errors of the file system or the index; then `abandon`
   */
  commit(also: () => void = () => {}): void {
    const segments = this.#segments;
    const former: Row[] = [];
    segments.flush();
    this.#index.transaction(() => {
      also();
      for (const { row, names } of this.#pending) {
        for (const old of this.#index.find(row.lo, row.hi)) {
          this.#index.remove(old.place);
          former.push(old);
        }
        this.#index.insert(row, names);
      }
      segments.saveHead();
    });
    segments.committed();
    for (const old of former) this.#slots.remove(slotOf(old, 0));
    this.#publish();
  }

  /** Gives up what is pending. */
  abandon(): void {
    this.#segments.rewind();
    this.#release();
  }

  #publish(): void {
    const obsolete: Row[] = [];
    for (const { row, entry, entryGeneration } of this.#pending) {
      const displaced = this.#slots.insert(slotOf(row, this.#segments.generation(segmentOf(row.place))));
      if (displaced !== undefined) obsolete.push(rowOf(displaced));
      // First the slot, then the state; whoever replaces the entry first changes the state, then kills the slot.
      if (!this.#cache.isLive(entry, entryGeneration)) {
        this.#slots.remove(slotOf(row, 0));
        obsolete.push(row);
      }
    }
    this.written += this.#pending.length;
    this.writtenBytes += this.#bytes;
    this.#release();
    if (obsolete.length === 0) return;
    this.#index.transaction(() => {
      for (const { place } of obsolete) this.#index.remove(place);
    });
  }

  #release(): void {
    for (const { pin } of this.#pending) this.#cache.drop(pin);
    this.#pending = [];
    this.#bytes = 0;
  }

  *#parts(prelude: Uint8Array, entry: number, length: number): Generator<Uint8Array> {
    yield prelude;
    yield* this.#runs(entry, length);
  }

  *#runs(entry: number, length: number): Generator<Uint8Array> {
    for (let at = 0; at < length; ) {
      const run = this.#cache.body(entry, at);
      at += run.length;
      yield run;
    }
  }
}

/** A row as the slots have it. */
export function slotOf(row: Row, generation: number): SlotFields {
  return {
    lo: row.lo,
    hi: row.hi,
    segment: segmentOf(row.place),
    offset: offsetOf(row.place),
    prelude: row.before,
    body: row.body,
    sequence: row.seq,
    generation,
  };
}

/** The row that a slot stands for. */
export function rowOf({ lo, hi, segment, offset, prelude, body, sequence }: SlotFields): Row {
  return { place: placeOf(segment, offset), lo, hi, before: prelude, body, seq: sequence };
}

/** What purges find an entry by. */
function namesOf({ site, hostAt, prefixCount, keyWords, tags }: EntryRecord): RowNames {
  const text = (at: number, length: number): string =>
    Buffer.from(keyWords.buffer, keyWords.byteOffset + at, length).toString('latin1');
  const host = text(hostAt >>> 16, hostAt & 0xffff);
  const target = keyWords.length < prefixCount + 2 ? '' : text((prefixCount + 2) * 4, keyWords[prefixCount]);
  return { site, host, target, tags: Int32Array.from(tags) };
}
