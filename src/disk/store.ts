/**
 * What a disk's thread does with an open folder: takes what the other threads offer, writes, makes room, applies purges, fills
 * the slots. All in turns of some milliseconds; whoever calls decides when. Errors of the file system and of the index come
 * out of `turn`, `keep` and `find`; then `abandon` brings the store back to what the index says.
 */
import { statfsSync } from 'node:fs';
import type { Cache } from '../cache/cache.ts';
import type { DiskFigures, DiskPurge } from '../threads/messages.ts';
import { Admission } from './admission.ts';
import { PurgesUnderWay } from './apply-purges.ts';
import { Cleaner } from './cleaner.ts';
import type { OpenFolder } from './folder.ts';
import { Forgotten, type Told } from './forgotten.ts';
import { recordBytes } from './format.ts';
import type { DiskIndex, NamedRow, Row } from './index-store.ts';
import { Loader } from './loader.ts';
import { firstPlace, offsetOf, segmentOf } from './place.ts';
import { FORGET, OFFER_AGAIN, type OfferRing, type RingRecord } from './ring.ts';
import { Segments } from './segments.ts';
import { largestRecord } from './sizes.ts';
import { emptySlot, READY, type SlotTable } from './slots.ts';
import { slotOf, Writer } from './writer.ts';

/** Records that are taken from each ring in one turn, and ms after which a turn ends. */
const RECORDS_PER_TURN = 256;
const TURN = 5;
/** Purges that are applied are kept for disks that have missed them. */
const HISTORY = 1000;
/** Bytes that the index may grow by while a segment fills, at least. */
const MIN_SLACK = 1 << 20;
/** On a full file system room is looked for again after so long, in ms. */
const CROWDED = 30_000;
const ROWS_PER_TRANSACTION = 256;

export interface StoreParts {
  folder: OpenFolder;
  cache: Cache;
  slots: SlotTable;
  rings: OfferRing[];
  /** What edges have told while nobody had the folder open. */
  forgotten: readonly Told[];
}

export class DiskStore {
  readonly #folder: OpenFolder;
  readonly #index: DiskIndex;
  readonly #cache: Cache;
  readonly #slots: SlotTable;
  readonly #rings: readonly OfferRing[];
  readonly #segments: Segments;
  readonly #purges: PurgesUnderWay;
  readonly #admission: Admission;
  readonly #writer: Writer;
  readonly #cleaner: Cleaner;
  readonly #loader: Loader;
  readonly #forgotten: Forgotten;
  readonly #slot = emptySlot();
  /** Rows that purges took away in the transaction under way. */
  #killed: NamedRow[] = [];
  /** Writing is left out. */
  paused = false;
  #refused = 0;
  #missed = 0;
  #shrinks = false;
  /** Until then the file system has no room for one more segment. */
  #crowdedUntil = 0;

  /** The slots are empty, in the state LOADING, when this returns. @throws errors of the file system and of the index */
  constructor({ folder, cache, slots, rings, forgotten }: StoreParts) {
    const { index } = folder;
    this.#folder = folder;
    this.#index = index;
    this.#cache = cache;
    this.#slots = slots;
    this.#rings = rings;
    const segments = new Segments(folder.path, folder.segmentBytes, index);
    this.#segments = segments;
    // those that a thread before this one has not told its index of
    const dead = slots.sweepDead(0, slots.capacity);
    slots.clear();
    for (const [number, generation] of segments.generations()) slots.setGeneration(number, generation);
    const purges = new PurgesUnderWay(index, folder.sequence, (row) => this.#killed.push(row));
    this.#purges = purges;
    for (const purge of folder.index.purges()) if (purge.sequence > folder.applied) purges.add(purge);
    slots.applied = purges.applied;
    const admission = new Admission(folder.size);
    this.#admission = admission;
    const writer = new Writer(cache, segments, index, slots);
    this.#writer = writer;
    this.#cleaner = new Cleaner({ index, segments, slots, writer, purges, admission });
    this.#loader = new Loader(index, segments, slots, () => cache.purgeSequence());
    this.#forgotten = new Forgotten(index, slots);
    for (const told of [...forgotten, ...dead]) this.#forgotten.add(told);
    try {
      this.#commit();
      this.#fit();
    } catch (error) {
      segments.close();
      throw error;
    }
  }

  get isLoaded(): boolean {
    return this.#loader.isDone;
  }

  /** Purges up to this one are applied. */
  get applied(): number {
    return this.#purges.applied;
  }

  /**
   * Some of what there is to do.
   * @returns whether there is more
   */
  turn(): boolean {
    const end = performance.now() + TURN;
    let more = this.#takeOffers();
    this.#forgotten.sweep();
    if (!this.#loader.isDone) {
      this.#loadSome();
      more = true;
    }
    if (this.paused) return more;
    if (!this.#purges.isDone) {
      this.#purgeSome();
      more = true;
    }
    if (this.#loader.isDone) more = this.#clean(end) || more;
    if (this.#writer.isDue || this.#forgotten.isDue) this.#commit();
    this.#fit();
    return more;
  }

  /** What is known not to be valid any more must not be found, however shortly: its row goes before rows are read. */
  #loadSome(): void {
    if (!this.#forgotten.isEmpty && !this.paused) this.#commit();
    if (!this.#forgotten.isEmpty) return;
    for (const { lo, hi, place } of this.#loader.step(() => this.#onLoaded())) {
      this.#forgotten.add({ lo, hi, segment: segmentOf(place), offset: offsetOf(place) });
    }
    this.#takeOffers();
  }

  #onLoaded(): void {
    this.#slots.state = READY;
  }

  /** Keeps purges for good. From when it returns, `applied` grows towards them. */
  keep(purges: readonly DiskPurge[]): void {
    // what is on its way is to have its row when purges are applied
    this.#commit();
    this.#folder.reserve(purges[purges.length - 1].sequence);
    this.#index.transaction(() => {
      for (const purge of purges) {
        this.#index.addPurge(purge);
        this.#index.saveSetting('sequence', String(purge.sequence));
      }
    }, true);
    for (const purge of purges) this.#purges.add(purge);
  }

  /** While the slots are being filled: that of a key; whether there is something. */
  find(lo: number, hi: number): boolean {
    // who asks has perhaps told before that what there was is not valid any more
    while (this.#takeOffers());
    if (!this.#forgotten.isEmpty) this.#commit();
    return this.#loader.find(lo, hi);
  }

  /** Writes what was offered so far. @throws errors of the file system and of the index */
  flush(): void {
    while (this.#takeOffers());
    this.#commit();
  }

  /** Writes something, to see whether that can be. @throws errors of the file system and of the index */
  probe(): void {
    this.#index.transaction(() => this.#index.saveSetting('probed', String(Date.now())));
    this.#commit();
  }

  /** What edges have told that is not in the index yet. */
  get told(): readonly Told[] {
    return this.#forgotten.told;
  }

  /** After an error: gives up what was not committed. */
  abandon(): void {
    this.#killed = [];
    this.#writer.abandon();
  }

  /**
   * The file system is full: one segment is given back, the oldest as a rule. Until there is more room what the files have is
   * the limit. What was not committed must have been given up.
   * @returns false where there is nothing to give
   * @throws errors of the file system and of the index
   */
  makeRoom(): boolean {
    this.#crowdedUntil = performance.now() + CROWDED;
    const segments = this.#segments;
    const number = segments.victim((segment) => this.#slots.isRead(segment));
    if (number === undefined) return false;
    this.#cleaner.abandon();
    this.#slots.setGeneration(number, segments.generation(number) + 1);
    // the index has room for saying so only then
    segments.cut(number);
    for (let rows = this.#rowsOf(number); rows.length > 0; rows = this.#rowsOf(number)) {
      this.#index.transaction(() => {
        for (const { place } of rows) this.#index.remove(place);
      });
      for (const row of rows) this.#slots.remove(slotOf(row, 0));
    }
    segments.drop(number);
    return true;
  }

  #rowsOf(segment: number): Row[] {
    const rows = this.#index.rows(firstPlace(segment) - 1, ROWS_PER_TRANSACTION);
    return rows.filter(({ place }) => segmentOf(place) === segment);
  }

  figures(): Omit<DiskFigures, 'errors' | 'paused'> {
    const { written, writtenBytes } = this.#writer;
    const { evicted, reinserted } = this.#cleaner;
    const indexBytes = this.#index.bytes();
    return {
      objects: this.#slots.live,
      bytes: this.#segments.bytes + indexBytes,
      limit: this.#folder.size,
      indexBytes,
      segments: this.#segments.count,
      written,
      writtenBytes,
      refused: this.#refused,
      missed: this.#missed,
      evicted,
      reinserted,
      purged: this.#purges.removed,
    };
  }

  /** Writes what is pending, if that can be, and closes all files. */
  close(): void {
    try {
      if (!this.paused) this.flush();
    } catch {
      this.abandon();
    }
    this.#segments.close();
  }

  /** Whether there may be more. */
  #takeOffers(): boolean {
    let more = false;
    for (const ring of this.#rings) {
      const taken = ring.take(RECORDS_PER_TURN, (record) => {
        if (record.kind === FORGET) this.#forgotten.add(record);
        else this.#consider(record);
      });
      more ||= taken === RECORDS_PER_TURN;
      if (ring.lost() > 0) this.#forgotten.lose(this.#loader.isDone);
    }
    return more;
  }

  #consider({ id, generation, lo, hi, kind }: RingRecord): void {
    if (this.paused) return;
    // an entry that came from here, or has been written before
    if (this.#slots.find(lo, hi, this.#slot) || this.#writer.has(id, generation)) return;
    if (!this.#admission.admits(lo, hi, kind === OFFER_AGAIN, this.#hasRoom())) {
      this.#refused++;
      return;
    }
    const pin = this.#cache.pinEntry(id, generation);
    if (pin < 0) {
      this.#missed++;
      return;
    }
    let taken = false;
    try {
      const record = this.#cache.record(id);
      if (record === undefined) this.#missed++;
      else if (
        recordBytes(record) > largestRecord(this.#segments.segmentBytes) ||
        !this.#ensureRoom(recordBytes(record))
      ) {
        this.#refused++;
      } else {
        taken = true;
        this.#writer.append(id, generation, pin, record);
      }
    } finally {
      if (!taken) this.#cache.drop(pin);
    }
    if (this.#writer.isDue) this.#commit();
  }

  #commit(): void {
    if (this.#writer.isEmpty && this.#forgotten.isEmpty) return;
    this.#forgotten.commit((also) => this.#writer.commit(also));
  }

  /** Whether something could be written without anything being left out for it. */
  #hasRoom(): boolean {
    return this.#segments.free > 1 || this.#mayCreate();
  }

  #mayCreate(): boolean {
    if (performance.now() < this.#crowdedUntil) return false;
    const { segmentBytes, count } = this.#segments;
    const files = (count + 1) * segmentBytes + this.#index.bytes();
    return count < this.#slots.segments && files + this.#slack <= this.#folder.size;
  }

  get #slack(): number {
    return Math.max(MIN_SLACK, this.#segments.segmentBytes / 16);
  }

  /** Whether the file system has room for one segment more; some do not say what they have. */
  #isUncrowded(): boolean {
    const { bavail, bsize, blocks } = statfsSync(this.#folder.path);
    if (blocks === 0 || bavail * bsize >= this.#segments.segmentBytes + this.#slack) return true;
    this.#crowdedUntil = performance.now() + CROWDED;
    return false;
  }

  /** Room in the head, in the next one if need be. */
  #ensureRoom(bytes: number): boolean {
    const segments = this.#segments;
    if (segments.left >= bytes) return true;
    this.#commit();
    if (!this.#isOneFree() && this.#mayCreate() && this.#isUncrowded()) this.#create();
    if (!this.#isOneFree()) {
      // what is left out cannot be chosen before uses are known
      if (!this.#loader.isDone || (!this.#cleaner.isBusy && !this.#cleaner.begin())) return false;
      while (this.#cleaner.isBusy) this.#cleaner.step(false);
    }
    return segments.advance((number) => this.#slots.isRead(number));
  }

  /** A free segment that a slow client still reads from is not to be waited for. */
  #isOneFree(): boolean {
    return this.#segments.hasFree((number) => this.#slots.isRead(number));
  }

  #create(): void {
    const number = this.#segments.create();
    this.#slots.setGeneration(number, this.#segments.generation(number));
  }

  /** Has one segment free when the head is full, once there may not be more of them. */
  #clean(end: number): boolean {
    const cleaner = this.#cleaner;
    if (!cleaner.isBusy) {
      if (this.paused || this.#segments.head < 0 || this.#isOneFree() || this.#mayCreate()) return false;
      // what is left can still be read, and what is kept of it has room in the head
      if (this.#segments.left > this.#segments.segmentBytes / 2) return false;
      if (!cleaner.begin()) return false;
    }
    while (cleaner.isBusy && performance.now() < end) cleaner.step();
    return cleaner.isBusy;
  }

  #purgeSome(): void {
    this.#commit();
    this.#killed = [];
    this.#index.transaction(() => this.#purges.step());
    for (const { lo, hi, place } of this.#killed) {
      this.#slots.remove({ lo, hi, segment: segmentOf(place), offset: offsetOf(place) });
    }
    if (!this.#purges.confirm()) return;
    const { applied } = this.#purges;
    this.#index.transaction(() => {
      this.#index.saveSetting('applied', String(applied));
      this.#index.forgetPurges(Math.min(applied, this.#cache.purgeSequence() - HISTORY));
    });
    this.#slots.applied = applied;
    this.#releaseEmpty();
    this.#shrinks = true;
  }

  /** Segments that purges have left without rows are free. */
  #releaseEmpty(): void {
    for (const number of [...this.#segments.held()]) {
      if (this.#index.holds(number) || (this.#cleaner.isBusy && number === this.#segments.oldest())) continue;
      this.#segments.release(number);
      this.#slots.setGeneration(number, this.#segments.generation(number));
    }
  }

  /** Keeps all files together below the limit. */
  #fit(): void {
    const { size } = this.#folder;
    if (this.#shrinks && this.#purges.isDone) this.#shrinks = this.#index.shrink();
    while (this.#segments.bytes + this.#index.bytes() > size && this.#segments.count > 1) {
      if (this.#segments.free === 0) {
        this.#commit();
        if (!this.#cleaner.isBusy && !this.#cleaner.begin()) return;
        while (this.#cleaner.isBusy) this.#cleaner.step();
      }
      const free = this.#segments.anyFree();
      if (free === undefined) return;
      this.#segments.drop(free);
    }
  }
}
