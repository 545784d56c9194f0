/**
 * The slots of one disk: which record of its segments a key has. One SharedArrayBuffer, written by the disk's thread; edges
 * look things up, note uses and kill slots. A slot is a hint: the record's own header decides what it is.
 *
 *   header | generations of segments | readers, a row of segments for each worker | slots
 *
 * A key may stand in two sets of eight slots, by the low bits of either half of its hash. A slot is eight words; its third,
 * the mark, changes last when a slot is filled and first when it is emptied, and has a tick that tells one filling from the next.
 */
const MAGIC = 0x6c62_6401;
const HEADER_WORDS = 16;
const LINE_WORDS = 16;

const H_MAGIC = 0;
const H_SETS = 1;
const H_SEGMENTS = 2;
const H_WORKERS = 3;
const H_STATE = 4;
const H_APPLIED = 5;
const H_FAILURES = 6;
const H_LIVE = 7;
const H_CHANGES = 8;

/** Slots are being filled from the index: what is not found may be there all the same. */
export const LOADING = 0;
export const READY = 1;
/** Given up: nothing is looked for or written. */
export const DISK_FAILED = 2;
export type DiskState = typeof LOADING | typeof READY | typeof DISK_FAILED;

const WAYS = 8;
const SLOT_WORDS = 8;
const S_LO = 0;
const S_HI = 1;
const S_MARK = 2;
const S_OFFSET = 3;
const S_PRELUDE = 4;
const S_BODY = 5;
const S_SEQ = 6;
const S_GENERATION = 7;

// Bits of the mark: 20 of segment, two of use, two of state, eight of tick.
const SEGMENT_MASK = 0x000f_ffff;
const USE_SHIFT = 20;
const USE_MASK = 3 << USE_SHIFT;
const FILLED = 1 << 22;
/** No longer valid, and known so by an edge only: the disk's thread still has to forget it. */
const DEAD = 1 << 23;
const TICK = 1 << 24;
/** What stays the same while a slot stands for one record. */
const SAME = SEGMENT_MASK | FILLED | ~(TICK - 1);

export const MAX_SEGMENTS = SEGMENT_MASK + 1;
/** Uses of a record are counted up to this. */
export const MAX_USES = 3;
/** Failures in a row after which a disk is given up. */
const PATIENCE = 5;

export interface SlotTableOptions {
  /** Records that there is room for, about. */
  slots: number;
  /** Segments that the disk may ever have, at most MAX_SEGMENTS. */
  segments: number;
  /** Highest worker id of the cache. */
  workers: number;
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
const lines = (words: number): number => Math.ceil(words / LINE_WORDS) * LINE_WORDS;

/** Makes an empty table in the state LOADING; throws RangeError on impossible options. */
export function createSlotTable({ slots, segments, workers }: SlotTableOptions): SharedArrayBuffer {
  if (!(segments >= 1 && segments <= MAX_SEGMENTS)) throw new RangeError(`segments: 1 to ${MAX_SEGMENTS}`);
  if (!(slots >= 1 && slots <= 2 ** 28)) throw new RangeError('slots: 1 to 2^28');
  const sets = ceilPow2(Math.max(1, (slots * 1.1) / WAYS));
  const words = HEADER_WORDS + lines(segments) * (workers + 2) + sets * WAYS * SLOT_WORDS;
  const sab = new SharedArrayBuffer(words * 4);
  const header = new Int32Array(sab, 0, HEADER_WORDS);
  header[H_MAGIC] = MAGIC;
  header[H_SETS] = sets;
  header[H_SEGMENTS] = segments;
  header[H_WORKERS] = workers;
  return sab;
}

/** One thread's view of a table. */
export class SlotTable {
  readonly segments: number;
  readonly workers: number;
  /** Slots there are. */
  readonly capacity: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #setMask: number;
  readonly #readers: number;
  readonly #row: number;
  readonly #slots: number;
  readonly #scratch = emptySlot();

  constructor(sab: SharedArrayBuffer) {
    const words = new Int32Array(sab);
    if (words[H_MAGIC] !== MAGIC) throw new TypeError('not a table of slots');
    this.#words = words;
    this.segments = words[H_SEGMENTS];
    this.workers = words[H_WORKERS];
    this.#setMask = words[H_SETS] - 1;
    this.#row = lines(this.segments);
    this.#readers = HEADER_WORDS + this.#row;
    this.#slots = this.#readers + this.#row * (this.workers + 1);
    this.capacity = words[H_SETS] * WAYS;
  }

  get state(): DiskState {
    return Atomics.load(this.#words, H_STATE) as DiskState;
  }

  /** The disk's thread only. Leaving DISK_FAILED forgets the failures. */
  set state(state: DiskState) {
    if (state !== DISK_FAILED) Atomics.store(this.#words, H_FAILURES, 0);
    Atomics.store(this.#words, H_STATE, state);
  }

  /** Any thread: the disk did not do what it was asked. After several in a row it is given up. Whether this was the one. */
  fail(): boolean {
    if (Atomics.add(this.#words, H_FAILURES, 1) + 1 < PATIENCE) return false;
    return Atomics.exchange(this.#words, H_STATE, DISK_FAILED) !== DISK_FAILED;
  }

  /** Any thread: it did. */
  succeed(): void {
    if (this.#words[H_FAILURES] !== 0 && this.state !== DISK_FAILED) Atomics.store(this.#words, H_FAILURES, 0);
  }

  /** The newest purge that the disk's thread has applied to all of its records. */
  get applied(): number {
    return Atomics.load(this.#words, H_APPLIED);
  }

  set applied(sequence: number) {
    Atomics.store(this.#words, H_APPLIED, sequence);
  }

  /** Slots that stand for a record; may be a little off while others kill some. */
  get live(): number {
    return Atomics.load(this.#words, H_LIVE);
  }

  generation(segment: number): number {
    return Atomics.load(this.#words, HEADER_WORDS + segment);
  }

  /**
   * The disk's thread only, before it looks who reads the segment and then writes over it: from here on nobody begins to read what
   * the segment has held.
   */
  setGeneration(segment: number, generation: number): void {
    Atomics.store(this.#words, HEADER_WORDS + segment, generation);
  }

  /**
   * Counts a worker in as a reader of a segment, until `leave`; false, and not counted, when the segment is of another generation by
   * now. First the count, then the generation, both sequentially consistent; the disk's thread changes the generation
   * and then reads the counts, so at least one of the two sees the other.
   */
  enter(worker: number, segment: number, generation: number): boolean {
    const at = this.#readers + worker * this.#row + segment;
    Atomics.add(this.#words, at, 1);
    if (this.generation(segment) === generation) return true;
    Atomics.sub(this.#words, at, 1);
    return false;
  }

  leave(worker: number, segment: number): void {
    Atomics.sub(this.#words, this.#readers + worker * this.#row + segment, 1);
  }

  /** Whether anybody reads the segment; final after `setGeneration` once it is false. */
  isRead(segment: number): boolean {
    for (let worker = 0, at = this.#readers + segment; worker <= this.workers; worker++, at += this.#row) {
      if (Atomics.load(this.#words, at) !== 0) return true;
    }
    return false;
  }

  /** Once a worker has ended, before another gets its id. */
  forgetReader(worker: number): void {
    const row = this.#readers + worker * this.#row;
    for (let segment = 0; segment < this.segments; segment++) Atomics.store(this.#words, row + segment, 0);
  }

  /** The slot of a key, written to `out`; false when there is none. */
  find(lo: number, hi: number, out: FoundSlot): boolean {
    return this.#findIn(lo, lo, hi, out) || this.#findIn(hi, lo, hi, out);
  }

  /** Notes a use of the record. Losing a race loses the use at most. */
  touch(slot: FoundSlot): void {
    const mark = this.#words[slot.at + S_MARK];
    if (((mark ^ slot.mark) & SAME) !== 0 || (mark & USE_MASK) === USE_MASK) return;
    Atomics.compareExchange(this.#words, slot.at + S_MARK, mark, mark + (1 << USE_SHIFT));
  }

  /** Makes the slot's record invalid; false when it was so already, or when the slot stands for another by now. */
  kill(slot: FoundSlot): boolean {
    return this.#kill(slot.at, slot.mark);
  }

  /**
   * Makes what stands for a key invalid; returns it, until the next call. Undefined where nothing did; null where that is not certain,
   * since the disk's thread was just changing slots: it has to be told.
   */
  forget(lo: number, hi: number): FoundSlot | undefined | null {
    const slot = this.#scratch;
    for (;;) {
      const before = Atomics.load(this.#words, H_CHANGES);
      while (this.find(lo, hi, slot)) if (this.kill(slot)) return slot;
      if (Atomics.load(this.#words, H_CHANGES) === before) return (before & 1) === 0 ? undefined : null;
    }
  }

  /** Whether the slot stands for the record still. */
  stands(slot: FoundSlot): boolean {
    const mark = Atomics.load(this.#words, slot.at + S_MARK);
    return ((mark ^ slot.mark) & SAME) === 0 && (mark & DEAD) === 0;
  }

  /**
   * The disk's thread only: fills a slot. The record that had to make room is given back: that of the same key, or where both sets of
   * the key are full the least used one in them.
   */
  insert(fields: SlotFields): FoundSlot | undefined {
    const place = this.#placeFor(fields.lo, fields.hi);
    const mark = this.#words[place + S_MARK];
    const displaced = (mark & FILLED) !== 0 ? this.#read(place, mark) : undefined;
    if (displaced !== undefined) this.#empty(place);
    this.#fill(place, mark, fields);
    return displaced;
  }

  /**
   * The disk's thread only, within `changing`: the record of a slot has been copied to another place. False where the slot is dead or
   * is no more: then the copy is not valid either.
   */
  move(from: Pick<SlotFields, 'lo' | 'hi' | 'segment' | 'offset'>, to: SlotFields): boolean {
    const at = this.#placeOf(from);
    if (at < 0) return false;
    const mark = this.#empty(at);
    if ((mark & (FILLED | DEAD)) !== FILLED) return false;
    this.#fill(at, mark, to);
    return true;
  }

  /** The disk's thread only: changes slots of records that are valid all the while. `forget` does not overlook them meanwhile. */
  changing(change: () => void): void {
    Atomics.add(this.#words, H_CHANGES, 1);
    try {
      change();
    } finally {
      Atomics.add(this.#words, H_CHANGES, 1);
    }
  }

  /**
   * The disk's thread only: empties the slot of one record; its uses since it was filled, -1 when it was dead, undefined when
   * there is none.
   */
  remove(record: Pick<SlotFields, 'lo' | 'hi' | 'segment' | 'offset'>): number | undefined {
    const at = this.#placeOf(record);
    if (at < 0) return undefined;
    const mark = this.#empty(at);
    return (mark & DEAD) !== 0 ? -1 : (mark & USE_MASK) >>> USE_SHIFT;
  }

  /** Uses of a record since its slot was filled, -1 when it is dead, undefined when it has no slot. */
  uses(record: Pick<SlotFields, 'lo' | 'hi' | 'segment' | 'offset'>): number | undefined {
    const at = this.#placeOf(record);
    if (at < 0) return undefined;
    const mark = Atomics.load(this.#words, at + S_MARK);
    return (mark & DEAD) !== 0 ? -1 : (mark & USE_MASK) >>> USE_SHIFT;
  }

  /** The disk's thread only: the records of slots `from` to `from + count - 1` that are dead, and whose slots are now empty. */
  sweepDead(from: number, count: number): FoundSlot[] {
    const dead: FoundSlot[] = [];
    for (let slot = from; slot < Math.min(from + count, this.capacity); slot++) {
      const at = this.#slots + slot * SLOT_WORDS;
      const mark = Atomics.load(this.#words, at + S_MARK);
      if ((mark & FILLED) === 0 || (mark & DEAD) === 0) continue;
      dead.push(this.#read(at, mark));
      this.#empty(at);
    }
    return dead;
  }

  /** The disk's thread only: empties all, also after a thread that died in the midst of a change. */
  clear(): void {
    if ((Atomics.load(this.#words, H_CHANGES) & 1) !== 0) Atomics.add(this.#words, H_CHANGES, 1);
    for (let at = this.#slots; at < this.#words.length; at += SLOT_WORDS) {
      if ((this.#words[at + S_MARK] & FILLED) !== 0) this.#empty(at);
    }
  }

  #findIn(half: number, lo: number, hi: number, out: FoundSlot): boolean {
    const words = this.#words;
    const set = this.#slots + (half & this.#setMask) * WAYS * SLOT_WORDS;
    for (let at = set; at < set + WAYS * SLOT_WORDS; at += SLOT_WORDS) {
      if (words[at + S_LO] !== lo || words[at + S_HI] !== hi) continue;
      const mark = Atomics.load(words, at + S_MARK);
      if ((mark & FILLED) === 0 || (mark & DEAD) !== 0) continue;
      this.#readInto(at, mark, out);
      // Filled anew meanwhile: then the words may be of two records.
      if (((Atomics.load(words, at + S_MARK) ^ mark) & SAME) === 0 && out.lo === lo && out.hi === hi) return true;
    }
    return false;
  }

  #read(at: number, mark: number): FoundSlot {
    const out = emptySlot();
    this.#readInto(at, mark, out);
    return out;
  }

  #readInto(at: number, mark: number, out: FoundSlot): void {
    const words = this.#words;
    out.at = at;
    out.mark = mark;
    out.lo = words[at + S_LO];
    out.hi = words[at + S_HI];
    out.segment = mark & SEGMENT_MASK;
    out.offset = (words[at + S_OFFSET] >>> 0) * 64;
    out.prelude = words[at + S_PRELUDE];
    out.body = words[at + S_BODY];
    out.sequence = words[at + S_SEQ];
    out.generation = words[at + S_GENERATION];
  }

  #kill(at: number, expected: number): boolean {
    const words = this.#words;
    for (let mark = Atomics.load(words, at + S_MARK); ; ) {
      if (((mark ^ expected) & SAME) !== 0 || (mark & (FILLED | DEAD)) !== FILLED) return false;
      const seen = Atomics.compareExchange(words, at + S_MARK, mark, mark | DEAD);
      if (seen === mark) return true;
      mark = seen;
    }
  }

  #fill(place: number, mark: number, fields: SlotFields): void {
    const words = this.#words;
    words[place + S_LO] = fields.lo;
    words[place + S_HI] = fields.hi;
    words[place + S_OFFSET] = fields.offset / 64;
    words[place + S_PRELUDE] = fields.prelude;
    words[place + S_BODY] = fields.body;
    words[place + S_SEQ] = fields.sequence;
    words[place + S_GENERATION] = fields.generation;
    // Publication: whoever sees the mark sees the rest.
    Atomics.store(words, place + S_MARK, ((mark + TICK) & ~(TICK - 1)) | FILLED | fields.segment);
    Atomics.add(words, H_LIVE, 1);
  }

  /** First the mark, atomically, so that no reader takes a slot for filled whose words change; returns what it was. */
  #empty(at: number): number {
    const words = this.#words;
    for (let mark = Atomics.load(words, at + S_MARK); ; ) {
      const seen = Atomics.compareExchange(words, at + S_MARK, mark, mark & ~(TICK - 1));
      if (seen === mark) {
        if ((mark & FILLED) !== 0) Atomics.sub(words, H_LIVE, 1);
        return mark;
      }
      mark = seen;
    }
  }

  #placeOf({ lo, hi, segment, offset }: Pick<SlotFields, 'lo' | 'hi' | 'segment' | 'offset'>): number {
    const words = this.#words;
    for (const half of [lo, hi]) {
      const set = this.#slots + (half & this.#setMask) * WAYS * SLOT_WORDS;
      for (let at = set; at < set + WAYS * SLOT_WORDS; at += SLOT_WORDS) {
        const mark = words[at + S_MARK];
        if ((mark & FILLED) === 0 || (mark & SEGMENT_MASK) !== segment) continue;
        if (words[at + S_LO] === lo && words[at + S_HI] === hi && words[at + S_OFFSET] >>> 0 === offset / 64) return at;
      }
    }
    return -1;
  }

  /** The slot that the key has; else an empty one in the emptier of its sets, else one that is dead, else the least used one. */
  #placeFor(lo: number, hi: number): number {
    const words = this.#words;
    let best = -1;
    let bestRank = -1;
    for (const half of [lo, hi]) {
      const set = this.#slots + (half & this.#setMask) * WAYS * SLOT_WORDS;
      for (let at = set; at < set + WAYS * SLOT_WORDS; at += SLOT_WORDS) {
        if (words[at + S_LO] === lo && words[at + S_HI] === hi && (words[at + S_MARK] & FILLED) !== 0) return at;
      }
    }
    for (const half of [lo, hi]) {
      const set = this.#slots + (half & this.#setMask) * WAYS * SLOT_WORDS;
      let free = 0;
      for (let i = 0; i < WAYS; i++) if ((words[set + i * SLOT_WORDS + S_MARK] & FILLED) === 0) free++;
      for (let i = 0; i < WAYS; i++) {
        const mark = words[set + i * SLOT_WORDS + S_MARK];
        const uses = (mark & USE_MASK) >>> USE_SHIFT;
        const rank = (mark & FILLED) === 0 ? 8 + free : (mark & DEAD) !== 0 ? 7 : MAX_USES - uses;
        if (rank <= bestRank) continue;
        bestRank = rank;
        best = set + i * SLOT_WORDS;
      }
    }
    return best;
  }
}

/** For `find` to write to. */
export function emptySlot(): FoundSlot {
  return { at: 0, mark: 0, lo: 0, hi: 0, segment: 0, offset: 0, prelude: 0, body: 0, sequence: 0, generation: 0 };
}
