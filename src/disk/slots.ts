/** How threads use the slots of a disk: see slot-layout.ts for what stands where. */
import {
  DEAD,
  DISK_FAILED,
  type DiskState,
  emptySlot,
  FILLED,
  type FoundSlot,
  H_APPLIED,
  H_CHANGES,
  H_FAILURES,
  H_HUNG,
  H_LIVE,
  H_MAGIC,
  H_READS,
  H_SEGMENTS,
  H_SETS,
  H_STATE,
  H_WORKERS,
  HEADER_WORDS,
  lines,
  MAGIC,
  MAX_USES,
  readerRow,
  S_BODY,
  S_GENERATION,
  S_HI,
  S_LO,
  S_MARK,
  S_OFFSET,
  S_PRELUDE,
  S_SEQ,
  SAME,
  SEGMENT_MASK,
  SLOT_WORDS,
  type SlotFields,
  TICK,
  USE_MASK,
  USE_SHIFT,
  WAYS,
} from './slot-layout.ts';

export {
  createSlotTable,
  DISK_FAILED,
  type DiskState,
  emptySlot,
  type FoundSlot,
  LOADING,
  MAX_SEGMENTS,
  MAX_USES,
  READY,
  type SlotFields,
} from './slot-layout.ts';

/** Failures in a row after which a disk is given up. */
const PATIENCE = 5;

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
    this.#row = readerRow(this.segments);
    this.#readers = HEADER_WORDS + lines(this.segments);
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
    return Atomics.add(this.#words, H_FAILURES, 1) + 1 >= PATIENCE && this.giveUp();
  }

  /** Any thread: the disk is not to be used. Whether it was until now. */
  giveUp(): boolean {
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
    Atomics.sub(this.#words, H_READS, Atomics.exchange(this.#words, row + this.segments, 0));
    Atomics.sub(this.#words, H_HUNG, Atomics.exchange(this.#words, row + this.segments + 1, 0));
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
