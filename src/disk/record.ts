/** A record on a disk that a thread is about to read, reads, or has read. */
import { read } from 'node:fs';
import type { Below } from '../cache/cache.ts';
import { crc32c } from './checksum.ts';
import { DiskFault, type FaultKind } from './fault.ts';
import { BLOCK, blocksOf, decodePrelude, type KeyParts, type Prelude } from './format.ts';
import { DiskBusy, DiskSlow } from './read-gate.ts';
import type { ReadableDisk, ReaderParts } from './reader.ts';
import { PATIENCE, type SegmentFile } from './segment-files.ts';
import type { FoundSlot } from './slots.ts';

/** Bodies up to this size are read at once, with their prelude, in bytes. */
export const SMALL_BODY = 256 << 10;
/** An answer that has begun waits for its turn as long as others have theirs. */
const FOREVER = Number.POSITIVE_INFINITY;
/** Of larger ones so many blocks at a time at most. */
export const MAX_BLOCKS = 4;

/**
 * What `DiskReader.find` has found. It keeps its segment from being written over, so it must be closed. Whatever bytes it gives
 * are verified, and are good until the next call of the same kind, or until it is closed.
 *
 * Methods with `Now` answer false or undefined when it takes a wait: the one without then waits. Both throw or reject with a
 * DiskFault; the record is then of no use any more, and is not found again.
 */
export class DiskRecord implements Below {
  /** The purge that the content is as new as: the disk has applied all up to it. */
  readonly sequence: number;
  /** Body bytes. */
  readonly length: number;
  readonly #parts: ReaderParts;
  readonly #disk: ReadableDisk;
  #key: KeyParts;
  readonly #slot: FoundSlot;
  #file: SegmentFile | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #prelude: Prelude | undefined;
  /** Bytes of the body that the buffer holds, behind the prelude, which may not be verified yet. */
  #from = 0;
  #to = 0;
  /** A read under way writes to the buffer. */
  #isReading = false;
  #isWhole = false;
  /** `bodyInto` could not read without waiting. */
  #isAway = false;
  #crc = 0;
  #isClosed = false;

  /** @param key stays as it is until it is being opened */
  constructor(parts: ReaderParts, disk: ReadableDisk, key: KeyParts, slot: FoundSlot, sequence: number) {
    this.#parts = parts;
    this.#disk = disk;
    this.#key = key;
    this.#slot = slot;
    this.sequence = sequence;
    this.length = slot.body;
  }

  /** Index of the disk. */
  get disk(): number {
    return this.#disk.index;
  }

  get segment(): number {
    return this.#slot.segment;
  }

  /** Whether its body comes with its prelude: see `body`. */
  get isSmall(): boolean {
    return this.length <= SMALL_BODY;
  }

  /** Blocks of the body. */
  get blocks(): number {
    return blocksOf(this.length);
  }

  /** Whether prelude and body may be asked for. */
  get isOpen(): boolean {
    return this.#prelude !== undefined;
  }

  /** Whether it has been neither replaced nor dropped. */
  stands(): boolean {
    return this.#disk.table.stands(this.#slot);
  }

  /** Key, head, meta, tags and the like; once it is open, until it is closed. */
  get prelude(): Prelude {
    if (this.#prelude === undefined) throw new Error('the record is not open');
    return this.#prelude;
  }

  /** Reads the prelude, and what of the body comes with it. */
  openNow(): boolean {
    const { slot, buffer, length } = this.#begin();
    const file = this.#fileNow();
    if (file === undefined) return false;
    if (!this.#readNow(file, buffer, 0, length, slot.offset)) return false;
    this.#opened(buffer, length);
    return true;
  }

  /** Reads the prelude alone, of a small body, for `bodyInto`. `open` may still follow. */
  openHeadNow(): boolean {
    const { slot, buffer } = this.#begin();
    const file = this.#fileNow();
    if (file === undefined) return false;
    if (!this.#readNow(file, buffer, 0, slot.prelude, slot.offset)) return false;
    this.#opened(buffer, slot.prelude);
    return true;
  }

  /**
   * Brings parts of the body, one after the other from the first, into memory of the caller's, verified with the last byte of each block.
   * False when it takes a wait (`isAway`: then `open`), or on a fault, which has been told of; nothing of the body is of use then.
   */
  readonly bodyInto = (memory: Uint8Array, offset: number, length: number, at: number): boolean => {
    const { prelude } = this;
    if (this.#file === undefined) throw new Error('the record is not open');
    this.#isAway = !this.#readNow(this.#file, memory, offset, length, this.#slot.offset + prelude.bytes.length + at);
    if (this.#isAway) return false;
    for (let done = 0; done < length; ) {
      const inBlock = (at + done) % BLOCK;
      const count = Math.min(length - done, BLOCK - inBlock);
      this.#crc = crc32c(memory, offset + done, count, inBlock === 0 ? 0 : this.#crc);
      const block = Math.floor((at + done) / BLOCK);
      done += count;
      const isWhole = inBlock + count === BLOCK || at + done === this.length;
      if (!isWhole || this.#crc === prelude.sum(block)) continue;
      this.#fault('corrupt', `block ${block} of the body is not what was written`);
      return false;
    }
    return true;
  };

  /** Whether `bodyInto` has found that it takes a wait. */
  get isAway(): boolean {
    return this.#isAway;
  }

  async open(): Promise<void> {
    const { slot, buffer, length } = this.#begin();
    // the caller's may be set anew meanwhile
    this.#key = { ...this.#key, words: this.#key.words.slice(0, this.#key.count) };
    const file = this.#fileNow() ?? (await this.#openFile());
    await this.#read(file, buffer, 0, length, slot.offset, PATIENCE);
    this.#opened(buffer, length);
  }

  /** All of a small body. */
  body(): Uint8Array<ArrayBuffer> {
    const { prelude, length } = this;
    if (!this.isSmall) throw new RangeError('the body is not small');
    const bytes = this.#view(0, length);
    if (!this.#isWhole) this.#verify(prelude, 0, bytes);
    this.#isWhole = true;
    return bytes;
  }

  /** Blocks `first` to `first + count - 1` of the body, as far as there are; `count` up to MAX_BLOCKS. */
  blocksNow(first: number, count = 1): Uint8Array<ArrayBuffer> | undefined {
    const { from, to } = this.#range(first, count);
    const at = this.prelude.bytes.length;
    if (from < this.#from || to > this.#to) {
      if (this.#file === undefined || this.#buffer === undefined) throw new Error('the record is closed');
      this.#to = 0;
      if (!this.#readNow(this.#file, this.#buffer, at, to - from, this.#slot.offset + at + from)) return undefined;
      this.#from = from;
      this.#to = to;
    }
    return this.#verified(first, from, to);
  }

  /** As `blocksNow`, waiting for the disk. */
  async blocksOf(first: number, count = 1): Promise<Uint8Array<ArrayBuffer>> {
    const { from, to } = this.#range(first, count);
    const at = this.prelude.bytes.length;
    if (from < this.#from || to > this.#to) {
      if (this.#file === undefined || this.#buffer === undefined) throw new Error('the record is closed');
      this.#to = 0;
      await this.#read(this.#file, this.#buffer, at, to - from, this.#slot.offset + at + from, FOREVER);
      this.#from = from;
      this.#to = to;
    }
    return this.#verified(first, from, to);
  }

  /** Its segment may be written over from here on. May be called at any time, and more than once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#disk.table.leave(this.#parts.worker, this.#slot.segment);
    if (this.#file !== undefined) this.#disk.files.release(this.#file);
    this.#file = undefined;
    this.#prelude = undefined;
    // what a read under way still writes to is left to the garbage collector
    if (this.#buffer !== undefined && !this.#isReading) this.#parts.buffers.give(this.#buffer);
    this.#buffer = undefined;
  }

  #begin(): { slot: FoundSlot; buffer: Uint8Array<ArrayBuffer>; length: number } {
    if (this.#isClosed || (this.#prelude !== undefined && !this.#isAway)) throw new Error('a record is opened once');
    this.#prelude = undefined;
    const slot = this.#slot;
    const first = this.isSmall ? this.length : BLOCK;
    const room = this.isSmall ? this.length : MAX_BLOCKS * BLOCK;
    this.#buffer ??= this.#parts.buffers.take(slot.prelude + room);
    return { slot, buffer: this.#buffer, length: slot.prelude + first };
  }

  #fileNow(): SegmentFile | undefined {
    this.#file ??= this.#disk.files.takeNow(this.#slot.segment, this.#slot.generation);
    return this.#file;
  }

  async #openFile(): Promise<SegmentFile> {
    const { files } = this.#disk;
    const taking = files.take(this.#slot.segment, this.#slot.generation).then((file) => {
      // it may come after the time limit, and after `close`
      if (this.#isClosed) files.release(file);
      else this.#file = file;
    });
    await this.#faultOf(taking);
    if (this.#file === undefined) throw this.#fault('gone', 'the record is closed');
    return this.#file;
  }

  #opened(buffer: Uint8Array<ArrayBuffer>, length: number): void {
    const slot = this.#slot;
    const prelude = decodePrelude(buffer.subarray(0, slot.prelude));
    const isRight =
      prelude?.hasKey(this.#key) &&
      prelude.generation === slot.generation &&
      prelude.bodyBytes === slot.body &&
      prelude.bytes.length === slot.prelude;
    if (prelude === undefined || !isRight) throw this.#fault('corrupt', 'the record is not what was written');
    this.#prelude = prelude;
    this.#to = length - slot.prelude;
    this.#disk.table.succeed();
  }

  #range(first: number, count: number): { from: number; to: number } {
    if (!(first >= 0 && first < this.blocks && count >= 1 && count <= MAX_BLOCKS))
      throw new RangeError('no such blocks');
    return { from: first * BLOCK, to: Math.min((first + count) * BLOCK, this.length) };
  }

  #verified(first: number, from: number, to: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#view(from - this.#from, to - this.#from);
    this.#verify(this.prelude, first, bytes);
    return bytes;
  }

  #view(from: number, to: number): Uint8Array<ArrayBuffer> {
    const at = this.prelude.bytes.length;
    if (this.#buffer === undefined) throw new Error('the record is closed');
    return this.#buffer.subarray(at + from, at + to);
  }

  #verify(prelude: Prelude, first: number, bytes: Uint8Array): void {
    for (let at = 0, block = first; at < bytes.length; at += BLOCK, block++) {
      if (crc32c(bytes, at, Math.min(BLOCK, bytes.length - at), 0) === prelude.sum(block)) continue;
      throw this.#fault('corrupt', `block ${block} of the body is not what was written`);
    }
  }

  #readNow(file: SegmentFile, buffer: Uint8Array, at: number, length: number, position: number): boolean {
    return this.#parts.readNow?.(file.fd, buffer, at, length, position) === length;
  }

  async #read(
    file: SegmentFile,
    buffer: Uint8Array,
    at: number,
    length: number,
    position: number,
    patience: number,
  ): Promise<void> {
    const { files, gate } = this.#disk;
    // once the record is closed the buffer may be another's
    const begin = () => (this.#isClosed ? Promise.resolve(0) : this.#readAll(file, buffer, at, length, position));
    const count = await this.#faultOf(gate.run(begin, patience));
    if (this.#isClosed) throw this.#fault('gone', 'the record is closed');
    if (count === length) return;
    files.end(file);
    throw this.#fault('corrupt', `the file of segment ${file.segment} is shorter than its records`);
  }

  async #readAll(file: SegmentFile, buffer: Uint8Array, at: number, length: number, position: number): Promise<number> {
    file.users++;
    this.#isReading = true;
    try {
      return await readAll(file.fd, buffer, at, length, position);
    } finally {
      this.#isReading = false;
      this.#disk.files.release(file);
    }
  }

  /** @throws DiskFault for what the system or the gate has against it */
  async #faultOf<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof DiskBusy) throw this.#fault('gone', message);
      if (this.#file !== undefined) this.#disk.files.end(this.#file);
      throw this.#fault(error instanceof DiskSlow ? 'timeout' : 'io', message, error);
    }
  }

  /** Notes what is wrong; the record is not found again. */
  #fault(kind: FaultKind, message: string, cause?: unknown): DiskFault {
    const { table, ring, index, gate } = this.#disk;
    const slot = this.#slot;
    const isGone = kind === 'gone' || !table.stands(slot) || table.generation(slot.segment) !== slot.generation;
    const fault = new DiskFault(isGone ? 'gone' : kind, index, slot.segment, message, cause);
    if (!isGone) {
      if (table.kill(slot)) ring.forget(slot.lo, slot.hi, slot.segment, slot.offset);
      if (kind !== 'corrupt') fault.givenUp = table.fail() || (gate.isHung && table.giveUp());
      this.#parts.onFault?.(fault);
    }
    return fault;
  }
}

/** Reads until `length` bytes are there, or the file ends; how many are there. */
function readAll(fd: number, buffer: Uint8Array, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const more = (done: number): void => {
      read(fd, buffer, at + done, length - done, position + done, (error, count) => {
        if (error !== null) reject(error);
        else if (count === 0 || done + count === length) resolve(done + count);
        else more(done + count);
      });
    };
    more(0);
  });
}
