/**
 * A record, as it stands in a segment: one stored entry. Little-endian int32 words; it begins on 64 bytes.
 *
 *   header | words of the key's prefix | words of the key | tag hashes | a checksum for each block of the body | meta | head | 0 to 64 | body
 *
 * All before the body is the prelude. Its checksum covers everything after the checksum; that of a block covers up to 64 KB
 * of the body, so that a part of a large body can be verified by itself.
 */
import type { CacheKey, EntryRecord } from '../cache/cache.ts';
import { crc32c } from './checksum.ts';

/** With the version of the format in its last byte. */
const MAGIC = 0x626c_7201;

/** What of a key tells it from any other. */
export type KeyParts = Pick<CacheKey, 'prefix' | 'words' | 'count' | 'lo' | 'hi'>;

/** Body bytes that one checksum covers. */
export const BLOCK = 65536;
/** Records begin, and bodies begin, on a multiple of so many bytes. */
export const ALIGNMENT = 64;
/** Bytes of the largest prelude: of a body of 2 GB, with a key and a head of megabytes. */
const MAX_PRELUDE = 16 << 20;

const R_MAGIC = 0;
const R_CRC = 1;
const R_LO = 2;
const R_HI = 3;
const R_SEQ = 4;
const R_GENERATION = 5;
const R_PRELUDE = 6;
const R_BODY = 7;
const R_HEAD = 8;
const R_META = 9;
const R_PREFIX = 10;
const R_KEY = 11;
const R_TAGS = 12;
const R_SITE = 13;
const R_HOST = 14;
const R_USER = 15;
const HEADER_WORDS = 20;
/** Bytes that the prelude's checksum does not cover: magic and checksum. */
const UNCOVERED = 8;

const align = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/** Blocks of a body. */
export function blocksOf(bodyBytes: number): number {
  return Math.ceil(bodyBytes / BLOCK);
}

/** Bytes of an entry's prelude. */
export function preludeBytes(record: EntryRecord): number {
  const words = HEADER_WORDS + record.keyWords.length + record.tags.length + blocksOf(record.length);
  return align(words * 4 + align(record.meta.length, 4) + align(record.head.length, 4), ALIGNMENT);
}

/** Bytes of an entry's whole record, with what follows it up to the next. */
export function recordBytes(record: EntryRecord): number {
  return preludeBytes(record) + align(record.length, ALIGNMENT);
}

/**
 * Writes the prelude of an entry.
 * @param generation of the segment that it is written to
 * @param sums by block of the body, by `BlockSums`
 */
export function encodePrelude(
  record: EntryRecord,
  generation: number,
  sums: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(preludeBytes(record));
  const words = new Int32Array(bytes.buffer);
  words[R_MAGIC] = MAGIC;
  words[R_LO] = record.lo;
  words[R_HI] = record.hi;
  words[R_SEQ] = record.sequence;
  words[R_GENERATION] = generation;
  words[R_PRELUDE] = bytes.length;
  words[R_BODY] = record.length;
  words[R_HEAD] = record.head.length;
  words[R_META] = record.meta.length;
  words[R_PREFIX] = record.prefixCount;
  words[R_KEY] = record.keyWords.length - record.prefixCount;
  words[R_TAGS] = record.tags.length;
  words[R_SITE] = record.site;
  words[R_HOST] = record.hostAt;
  words.set(record.userWords, R_USER);
  let at = HEADER_WORDS;
  for (const part of [record.keyWords, record.tags, sums]) {
    words.set(part, at);
    at += part.length;
  }
  bytes.set(record.meta, at * 4);
  bytes.set(record.head, at * 4 + align(record.meta.length, 4));
  words[R_CRC] = crc32c(bytes, UNCOVERED, bytes.length - UNCOVERED, 0);
  return bytes;
}

/** A prelude that was read and whose checksum is right; all views are of the bytes that it was read to. */
export class Prelude {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #key: number;
  readonly #meta: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, words: Int32Array) {
    this.bytes = bytes;
    this.#words = words;
    this.#key = HEADER_WORDS;
    const tail = words[R_PREFIX] + words[R_KEY] + words[R_TAGS] + blocksOf(words[R_BODY]);
    this.#meta = (HEADER_WORDS + tail) * 4;
  }

  get lo(): number {
    return this.#words[R_LO];
  }

  get hi(): number {
    return this.#words[R_HI];
  }

  get sequence(): number {
    return this.#words[R_SEQ];
  }

  get generation(): number {
    return this.#words[R_GENERATION];
  }

  get bodyBytes(): number {
    return this.#words[R_BODY];
  }

  get site(): number {
    return this.#words[R_SITE];
  }

  /** freshUntil, born, flags, aux. */
  get userWords(): Int32Array {
    return this.#words.subarray(R_USER, R_USER + 4);
  }

  get tags(): Int32Array {
    const at = this.#key + this.#words[R_PREFIX] + this.#words[R_KEY];
    return this.#words.subarray(at, at + this.#words[R_TAGS]);
  }

  get meta(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.#meta, this.#meta + this.#words[R_META]);
  }

  get head(): Uint8Array<ArrayBuffer> {
    const at = this.#meta + align(this.#words[R_META], 4);
    return this.bytes.subarray(at, at + this.#words[R_HEAD]);
  }

  /** The host of the key's site, latin1. */
  get host(): string {
    const at = this.#key * 4 + (this.#words[R_HOST] >>> 16);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, this.#words[R_HOST] & 0xffff).toString('latin1');
  }

  /** The key's target, latin1. */
  get target(): string {
    if (this.#words[R_KEY] < 2) return '';
    const own = this.#key + this.#words[R_PREFIX];
    const length = Math.min(this.#words[own], (this.#words[R_KEY] - 2) * 4);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + (own + 2) * 4, length).toString('latin1');
  }

  /** The checksum of a block of the body. */
  sum(block: number): number {
    return this.#words[this.#meta / 4 - blocksOf(this.#words[R_BODY]) + block];
  }

  /** Whether this is the record of exactly this key. */
  hasKey(key: KeyParts): boolean {
    const words = this.#words;
    const prefix = key.prefix.words;
    if (words[R_LO] !== key.lo || words[R_HI] !== key.hi || words[R_SITE] !== key.prefix.site) return false;
    if (words[R_PREFIX] !== prefix.length || words[R_KEY] !== key.count) return false;
    for (let i = 0; i < prefix.length; i++) if (words[this.#key + i] !== prefix[i]) return false;
    const own = this.#key + prefix.length;
    for (let i = 0; i < key.count; i++) if (words[own + i] !== key.words[i]) return false;
    return true;
  }
}

/**
 * Reads a prelude at the start of `bytes`, which begin on a multiple of four in their buffer; undefined when they are no
 * whole one, or not as they were written.
 */
export function decodePrelude(bytes: Uint8Array<ArrayBuffer>): Prelude | undefined {
  if (bytes.length < ALIGNMENT * 2) return undefined;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const length = words[R_PRELUDE];
  if (words[R_MAGIC] !== MAGIC || length > Math.min(bytes.length, MAX_PRELUDE) || length < ALIGNMENT * 2)
    return undefined;
  if (length % ALIGNMENT !== 0 || !addsUp(words, length)) return undefined;
  if (crc32c(bytes, UNCOVERED, length - UNCOVERED, 0) !== words[R_CRC]) return undefined;
  return new Prelude(bytes.subarray(0, length), words);
}

/** The prelude of a record that is copied to a segment of another generation. */
export function movedPrelude(prelude: Prelude, generation: number): Uint8Array<ArrayBuffer> {
  const bytes = prelude.bytes.slice();
  const words = new Int32Array(bytes.buffer);
  words[R_GENERATION] = generation;
  words[R_CRC] = crc32c(bytes, UNCOVERED, bytes.length - UNCOVERED, 0);
  return bytes;
}

/** Whether the counts in a header are possible and come to the length that it names. */
function addsUp(words: Int32Array, length: number): boolean {
  let total = HEADER_WORDS * 4;
  for (const field of [R_PREFIX, R_KEY, R_TAGS]) {
    if (words[field] < 0 || words[field] > length) return false;
    total += words[field] * 4;
  }
  for (const field of [R_META, R_HEAD]) {
    if (words[field] < 0 || words[field] > length) return false;
    total += align(words[field], 4);
  }
  return words[R_BODY] >= 0 && align(total + blocksOf(words[R_BODY]) * 4, ALIGNMENT) === length;
}

/** Checksums of a body's blocks, while its bytes come in runs of any length. */
export class BlockSums {
  readonly sums: Int32Array;
  #at = 0;
  #crc = 0;

  constructor(bodyBytes: number) {
    this.sums = new Int32Array(blocksOf(bodyBytes));
  }

  /** The next bytes of the body. */
  add(run: Uint8Array): void {
    for (let from = 0; from < run.length; ) {
      const count = Math.min(run.length - from, BLOCK - (this.#at % BLOCK));
      this.#crc = crc32c(run, from, count, this.#at % BLOCK === 0 ? 0 : this.#crc);
      this.sums[Math.floor(this.#at / BLOCK)] = this.#crc;
      this.#at += count;
      from += count;
    }
  }
}
