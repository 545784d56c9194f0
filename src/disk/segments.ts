/**
 * The segments of a disk: files of one size, written from the beginning to the end one after the other, and then again, the
 * oldest first. One is the head; what is appended goes there. At any time at least one other is free to be the next head.
 */
import { closeSync, ftruncateSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskIndex, SegmentRow } from './index-store.ts';
import { firstPlace, offsetOf, PLACE_UNIT, placeOf, segmentOf } from './place.ts';
import { segmentName, segmentNumber } from './segment-file.ts';

/** Records up to this size are gathered and written together, in bytes. */
const GATHERED = 256 << 10;
const BUFFER = 1 << 20;
/** Files that are kept open. A disk that has grown has far more segments than a new one of its size. */
const MAX_OPEN = 128;

function generationOf(segment: number): string {
  return `generation of ${segment}`;
}

/** To where the next record begins: that a file ends before that, behind a record, does not make it short. */
function padded(bytes: number): number {
  return Math.ceil(bytes / PLACE_UNIT) * PLACE_UNIT;
}

interface Segment extends SegmentRow {
  /** Length of the file. */
  bytes: number;
}

export class Segments {
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #index: DiskIndex;
  readonly #segments = new Map<number, Segment>();
  /** The least recently used first. */
  readonly #open = new Map<number, number>();
  #head: Segment | undefined;
  /** Where the next record begins. */
  #at = 0;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER);
  /** Bytes in the buffer, and where in the head they belong. */
  #gathered = 0;
  #gatheredAt = 0;
  #births = 0;

  /**
   * Takes up what the folder has. Rows of what is missing are removed, and files that no row speaks of.
   * @param segmentBytes a multiple of 64
   */
  constructor(folder: string, segmentBytes: number, index: DiskIndex) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#index = index;
    try {
      index.transaction(() => {
        for (const row of index.segments()) this.#takeUp(row);
      });
      for (const name of readdirSync(folder)) {
        const number = segmentNumber(name);
        if (number !== undefined && !this.#segments.has(number)) rmSync(join(folder, name), { force: true });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Of all files. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments.values()) bytes += segment.bytes;
    return bytes;
  }

  get count(): number {
    return this.#segments.size;
  }

  /** Segments that nothing is stored in. */
  get free(): number {
    let free = 0;
    for (const { born } of this.#segments.values()) if (born === 0) free++;
    return free;
  }

  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Number of the head, -1 before anything was written. */
  get head(): number {
    return this.#head?.number ?? -1;
  }

  /** Bytes that the head has left. */
  get left(): number {
    return this.#head === undefined ? 0 : this.#segmentBytes - this.#at;
  }

  /** Every segment with its generation. */
  *generations(): Generator<[number: number, generation: number]> {
    for (const { number, generation } of this.#segments.values()) yield [number, generation];
  }

  has(number: number): boolean {
    return this.#segments.has(number);
  }

  /** Whether the file has so many bytes from a place on. */
  reaches(place: number, bytes: number): boolean {
    return offsetOf(place) + bytes <= this.#get(segmentOf(place)).bytes;
  }

  generation(number: number): number {
    return this.#get(number).generation;
  }

  /** Those that hold something, beside the head. */
  *held(): Generator<number> {
    for (const segment of this.#segments.values()) if (segment.born > 0 && segment !== this.#head) yield segment.number;
  }

  /** The segment that was written longest ago; undefined where there is only the head. */
  oldest(): number | undefined {
    let oldest: Segment | undefined;
    for (const segment of this.#segments.values()) {
      if (segment.born === 0 || segment === this.#head) continue;
      if (oldest === undefined || segment.born < oldest.born) oldest = segment;
    }
    return oldest?.number;
  }

  /** Whether one is free and unread: see `advance`. */
  hasFree(isRead: (segment: number) => boolean): boolean {
    for (const { number, born } of this.#segments.values()) if (born === 0 && !isRead(number)) return true;
    return false;
  }

  /** The number of a free one. */
  anyFree(): number | undefined {
    for (const segment of this.#segments.values()) if (segment.born === 0) return segment.number;
    return undefined;
  }

  /** A new, empty file, free to be the head. @returns its number */
  create(): number {
    let number = 0;
    while (this.#segments.has(number)) number++;
    this.#keepOpen(number, openSync(join(this.#folder, segmentName(number)), 'w+', 0o600));
    const generation = Number(this.#index.setting(generationOf(number)) ?? 0) + 1;
    this.#segments.set(number, { number, generation, born: 0, used: 0, bytes: 0 });
    return number;
  }

  /** Makes a free segment the head. What is gathered must be written. False where none is free and unread. @param isRead whether an edge reads it just now */
  advance(isRead: (segment: number) => boolean): boolean {
    for (const segment of this.#segments.values()) {
      if (segment.born !== 0 || isRead(segment.number)) continue;
      this.#head = segment;
      this.#at = 0;
      segment.used = 0;
      segment.born = ++this.#births;
      return true;
    }
    return false;
  }

  /** Nothing of the segment is of use any more: its rows go, and it is free under a new generation. */
  release(number: number): void {
    const segment = this.#get(number);
    const next = { number, generation: segment.generation + 1, born: 0, used: 0 };
    this.#index.transaction(() => {
      this.#index.removeSegment(number);
      this.#index.saveSegment(next);
    });
    Object.assign(segment, next);
  }

  /**
   * Whose room a full file system is to have: what holds nothing, what was written longest ago, the head last; what is read only
   * where there is nothing else. Undefined where no file has any.
   */
  victim(isRead: (segment: number) => boolean): number | undefined {
    let victim: { number: number; rank: number } | undefined;
    for (const segment of this.#segments.values()) {
      if (segment.bytes === 0) continue;
      const { number } = segment;
      const late = (segment === this.#head ? 1 : 0) + (isRead(number) ? 2 : 0);
      const rank = segment.born + late * (this.#births + 1);
      if (victim === undefined || rank < victim.rank) victim = { number, rank };
    }
    return victim?.number;
  }

  /** The room of a segment is given back at once, whatever rows there are of it. */
  cut(number: number): void {
    const segment = this.#get(number);
    if (segment === this.#head) {
      this.#head = undefined;
      this.rewind();
    }
    ftruncateSync(this.#fd(number), 0);
    segment.bytes = 0;
  }

  /** The file of a segment without rows goes, and its space at once, even where edges have it open. */
  drop(number: number): void {
    const segment = this.#get(number);
    this.#index.transaction(() => this.#forget(segment));
    this.#segments.delete(number);
    ftruncateSync(this.#fd(number), 0);
    this.#close(number);
    rmSync(join(this.#folder, segmentName(number)), { force: true });
  }

  /**
   * Appends a record to the head, which has room for it. Its bytes are on the disk once `flush` has returned.
   * @returns its place
   * @throws errors of the file system; then `rewind`
   */
  append(parts: Iterable<Uint8Array>, bytes: number): number {
    const head = this.#head;
    if (head === undefined || bytes > this.left) throw new Error('the head has no room for a record');
    const place = placeOf(head.number, this.#at);
    if (bytes > GATHERED || this.#gathered + bytes > BUFFER) this.flush();
    if (bytes > GATHERED) {
      let at = this.#at;
      for (const part of parts) at = this.#write(head, part, at);
    } else {
      if (this.#gathered === 0) this.#gatheredAt = this.#at;
      for (const part of parts) {
        this.#buffer.set(part, this.#gathered);
        this.#gathered += part.length;
      }
    }
    this.#at += padded(bytes);
    const padding = this.#at - offsetOf(place) - bytes;
    if (bytes <= GATHERED) {
      this.#buffer.fill(0, this.#gathered, this.#gathered + padding);
      this.#gathered += padding;
    }
    return place;
  }

  /** Writes what is gathered. @throws errors of the file system; then `rewind` */
  flush(): void {
    if (this.#gathered === 0 || this.#head === undefined) return;
    this.#write(this.#head, this.#buffer.subarray(0, this.#gathered), this.#gatheredAt);
    this.#gathered = 0;
  }

  /** Within a transaction, after `flush`: rows may speak of all that was appended, once `committed` is called after it. */
  saveHead(): void {
    if (this.#head !== undefined) this.#index.saveSegment({ ...this.#head, used: this.#at });
  }

  committed(): void {
    if (this.#head !== undefined) this.#head.used = this.#at;
  }

  /** Forgets what was appended since `committed` was called. */
  rewind(): void {
    this.#gathered = 0;
    this.#at = this.#head?.used ?? 0;
  }

  /** Bytes from a place on, which must have been flushed; undefined where there are fewer. */
  read(place: number, bytes: number, skip = 0): Uint8Array<ArrayBuffer> | undefined {
    const fd = this.#fd(segmentOf(place));
    const buffer = new Uint8Array(bytes);
    for (let got = 0; got < bytes; ) {
      const more = readSync(fd, buffer, got, bytes - got, offsetOf(place) + skip + got);
      if (more === 0) return undefined;
      got += more;
    }
    return buffer;
  }

  close(): void {
    for (const number of [...this.#open.keys()]) this.#close(number);
    this.#segments.clear();
    this.#head = undefined;
  }

  #write(segment: Segment, part: Uint8Array, at: number): number {
    const fd = this.#fd(segment.number);
    for (let done = 0; done < part.length; ) {
      done += writeSync(fd, part, done, part.length - done, at + done);
      segment.bytes = Math.max(segment.bytes, at + done);
    }
    return at + part.length;
  }

  #fd(number: number): number {
    const known = this.#open.get(number);
    if (known !== undefined) this.#open.delete(number);
    const fd = known ?? openSync(join(this.#folder, segmentName(number)), 'r+');
    this.#keepOpen(number, fd);
    return fd;
  }

  #keepOpen(number: number, fd: number): void {
    this.#open.set(number, fd);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN) this.#close(oldest);
  }

  #close(number: number): void {
    const fd = this.#open.get(number);
    this.#open.delete(number);
    if (fd !== undefined) closeSync(fd);
  }

  #get(number: number): Segment {
    const segment = this.#segments.get(number);
    if (segment === undefined) throw new Error(`there is no segment ${number}`);
    return segment;
  }

  /** One that is to have its number goes on from its generation. */
  #forget({ number, generation }: SegmentRow): void {
    this.#index.saveSetting(generationOf(number), String(generation));
    this.#index.forgetSegment(number);
  }

  #takeUp(row: SegmentRow): void {
    const { number } = row;
    const path = join(this.#folder, segmentName(number));
    const bytes = statSync(path, { throwIfNoEntry: false })?.size;
    if (bytes === undefined) {
      this.#index.removeSegment(number);
      this.#forget(row);
      return;
    }
    const segment: Segment = { ...row, bytes };
    this.#segments.set(number, segment);
    this.#births = Math.max(this.#births, row.born);
    if (padded(bytes) < row.used) this.#cutShort(segment);
    if (row.born > 0 && (this.#head === undefined || row.born > this.#head.born)) {
      this.#head = segment;
      this.#at = segment.used;
    }
  }

  /** What stood behind the end of the file is lost. The row that crosses it is found out when it is read. */
  #cutShort(segment: Segment): void {
    const end = padded(segment.bytes);
    this.#index.removeSegment(segment.number, Math.min(placeOf(segment.number, end), firstPlace(segment.number + 1)));
    segment.used = end;
    this.#index.saveSegment(segment);
  }
}
