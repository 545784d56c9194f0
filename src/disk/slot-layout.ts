/**
 * The slots of one disk: which record of its segments a key has. One SharedArrayBuffer, written by the disk's thread; edges
 * look things up, note uses and kill slots. A slot is a hint: the record's own header decides what it is.
 *
 *   header | generations of segments | readers, a row of segments for each worker, and two words (ReadCount) | slots
 *
 * A key may stand in two sets of eight slots, by the low bits of either half of its hash. A slot is eight words; its third,
 * the mark, changes last when a slot is filled and first when it is emptied, and has a tick that tells one filling from the next.
 */
export const MAGIC = 0x6c62_6401;
export const HEADER_WORDS = 16;
const LINE_WORDS = 16;

export const H_MAGIC = 0;
export const H_SETS = 1;
export const H_SEGMENTS = 2;
export const H_WORKERS = 3;
export const H_STATE = 4;
export const H_APPLIED = 5;
export const H_FAILURES = 6;
export const H_LIVE = 7;
export const H_CHANGES = 8;
export const H_READS = 9;
export const H_HUNG = 10;

/** Slots are being filled from the index: what is not found may be there all the same. */
export const LOADING = 0;
export const READY = 1;
/** Given up: nothing is looked for or written. */
export const DISK_FAILED = 2;
export type DiskState = typeof LOADING | typeof READY | typeof DISK_FAILED;

export const WAYS = 8;
export const SLOT_WORDS = 8;
export const S_LO = 0;
export const S_HI = 1;
export const S_MARK = 2;
export const S_OFFSET = 3;
export const S_PRELUDE = 4;
export const S_BODY = 5;
export const S_SEQ = 6;
export const S_GENERATION = 7;

// Bits of the mark: 20 of segment, two of use, two of state, eight of tick.
export const SEGMENT_MASK = 0x000f_ffff;
export const USE_SHIFT = 20;
export const USE_MASK = 3 << USE_SHIFT;
export const FILLED = 1 << 22;
/** No longer valid, and known so by an edge only: the disk's thread still has to forget it. */
export const DEAD = 1 << 23;
export const TICK = 1 << 24;
/** What stays the same while a slot stands for one record. */
export const SAME = SEGMENT_MASK | FILLED | ~(TICK - 1);

export const MAX_SEGMENTS = SEGMENT_MASK + 1;
/** Uses of a record are counted up to this. */
export const MAX_USES = 3;

export interface SlotTableOptions {
  /** Records that there is room for, about. */
  slots: number;
  /** Segments that the disk may ever have, at most MAX_SEGMENTS. */
  segments: number;
  /** Highest worker id of the cache. */
  workers: number;
  /** LOADING unless said otherwise; DISK_FAILED for a disk that is not open yet, and that no key is to be given to. */
  state?: DiskState;
}

/** What a slot says of a record. */
export interface SlotFields {
  lo: number;
  hi: number;
  segment: number;
  /** Of the record in its segment, in bytes, a multiple of 64. */
  offset: number;
  /** Bytes before the body, a multiple of 64. */
  prelude: number;
  body: number;
  /** The purge that the record is as new as. */
  sequence: number;
  /** Of the segment, when the record was written. */
  generation: number;
}

/** A slot that was found. */
export interface FoundSlot extends SlotFields {
  /** Word offset of the slot, and its mark: for `touch` and `kill`. */
  at: number;
  mark: number;
}

const ceilPow2 = (n: number): number => 2 ** Math.ceil(Math.log2(n));
export const lines = (words: number): number => Math.ceil(words / LINE_WORDS) * LINE_WORDS;

/** Words of the row of one worker. */
export const readerRow = (segments: number): number => lines(segments + 2);

/** Makes an empty table; throws RangeError on impossible options. */
export function createSlotTable({ slots, segments, workers, state = LOADING }: SlotTableOptions): SharedArrayBuffer {
  if (!(segments >= 1 && segments <= MAX_SEGMENTS)) throw new RangeError(`segments: 1 to ${MAX_SEGMENTS}`);
  if (!(slots >= 1 && slots <= 2 ** 28)) throw new RangeError('slots: 1 to 2^28');
  const sets = ceilPow2(Math.max(1, (slots * 1.1) / WAYS));
  const words = HEADER_WORDS + lines(segments) + readerRow(segments) * (workers + 1) + sets * WAYS * SLOT_WORDS;
  const sab = new SharedArrayBuffer(words * 4);
  const header = new Int32Array(sab, 0, HEADER_WORDS);
  header[H_MAGIC] = MAGIC;
  header[H_SETS] = sets;
  header[H_SEGMENTS] = segments;
  header[H_WORKERS] = workers;
  header[H_STATE] = state;
  return sab;
}

/** For `find` to write to. */
export function emptySlot(): FoundSlot {
  return { at: 0, mark: 0, lo: 0, hi: 0, segment: 0, offset: 0, prelude: 0, body: 0, sequence: 0, generation: 0 };
}
