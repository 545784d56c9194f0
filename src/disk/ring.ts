/**
 * What one thread tells a disk's thread: entries that it may keep, and records that are no longer valid. A ring of records in
 * shared memory with one producer and one consumer. It never blocks: offers are dropped when it is half full; when there is no
 * room for what is no longer valid either, that is told by `lost`.
 */
const HEADER_WORDS = 48;
const R_HEAD = 0; // records taken, by the consumer
const R_TAIL = 16; // records put, by the producer
const R_LOST = 32; // records for FORGET that had no room
const R_DROPPED = 33; // offers that had none

const RECORD_WORDS = 8;

/** What a record says. */
export const OFFER = 1;
/** An offer of an entry that was used again. */
export const OFFER_AGAIN = 2;
/** What is kept of a key, or of one record where `segment` is not -1, is no longer valid. */
export const FORGET = 3;

export interface RingRecord {
  kind: typeof OFFER | typeof OFFER_AGAIN | typeof FORGET;
  /** Of offers: entry and generation, for `Cache.pinEntry`. */
  id: number;
  generation: number;
  /** The key's hash. */
  lo: number;
  hi: number;
  /** Of FORGET: the record; segment -1 when it is not known. */
  segment: number;
  /** Bytes in the segment. */
  offset: number;
}

/** Memory for a ring; `capacity`: records, a power of two. */
export function createOfferRing(capacity = 8192): SharedArrayBuffer {
  if (capacity < 2 || (capacity & (capacity - 1)) !== 0) throw new RangeError('capacity: a power of two');
  return new SharedArrayBuffer((HEADER_WORDS + capacity * RECORD_WORDS) * 4);
}

/** One end of a ring. */
export class OfferRing {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #capacity: number;
  readonly #wake: (() => void) | undefined;

  /** wake: of the producer, called when the ring was empty before: the consumer may sleep. Must be short, and not throw. */
  constructor(sab: SharedArrayBuffer, wake?: () => void) {
    this.#words = new Int32Array(sab);
    this.#capacity = (this.#words.length - HEADER_WORDS) / RECORD_WORDS;
    this.#wake = wake;
  }

  /** Producer. */
  offer(id: number, generation: number, lo: number, hi: number, again: boolean): void {
    const kind = again ? OFFER_AGAIN : OFFER;
    if (!this.#put(this.#capacity / 2, kind, id, generation, lo, hi, -1, 0)) Atomics.add(this.#words, R_DROPPED, 1);
  }

  /** Producer. segment -1: whatever there is of the key. */
  forget(lo: number, hi: number, segment: number, offset: number): void {
    if (!this.#put(this.#capacity, FORGET, 0, 0, lo, hi, segment, offset)) Atomics.add(this.#words, R_LOST, 1);
  }

  /** Consumer: takes up to `limit` records, in their order. Returns how many. */
  take(limit: number, each: (record: RingRecord) => void): number {
    const words = this.#words;
    const record: RingRecord = { kind: OFFER, id: 0, generation: 0, lo: 0, hi: 0, segment: 0, offset: 0 };
    let taken = 0;
    for (; taken < limit; taken++) {
      const head = words[R_HEAD];
      if (head === Atomics.load(words, R_TAIL)) break;
      const at = this.#recordAt(head);
      record.kind = words[at] as RingRecord['kind'];
      record.id = words[at + 1];
      record.generation = words[at + 2];
      record.lo = words[at + 3];
      record.hi = words[at + 4];
      record.segment = words[at + 5];
      record.offset = (words[at + 6] >>> 0) * 64;
      // The record is free for the producer from here on.
      Atomics.store(words, R_HEAD, (head + 1) | 0);
      each(record);
    }
    return taken;
  }

  /** Consumer: how many FORGET records had no room since the last call. Their slots are dead (`SlotTable.sweepDead`), where they had any. */
  lost(): number {
    return Atomics.exchange(this.#words, R_LOST, 0);
  }

  /** Offers that had no room, in all. */
  get dropped(): number {
    return Atomics.load(this.#words, R_DROPPED);
  }

  /** Records in the ring. */
  get length(): number {
    return (Atomics.load(this.#words, R_TAIL) - Atomics.load(this.#words, R_HEAD)) | 0;
  }

  #put(
    room: number,
    kind: number,
    id: number,
    generation: number,
    lo: number,
    hi: number,
    segment: number,
    offset: number,
  ): boolean {
    const words = this.#words;
    const tail = words[R_TAIL];
    const used = (tail - Atomics.load(words, R_HEAD)) | 0;
    if (used >= room) return false;
    const at = this.#recordAt(tail);
    words[at] = kind;
    words[at + 1] = id;
    words[at + 2] = generation;
    words[at + 3] = lo;
    words[at + 4] = hi;
    words[at + 5] = segment;
    words[at + 6] = offset / 64;
    // Publication: whoever sees the tail sees the record. Then the head once more: a consumer that stops when it finds the
    // ring empty has either seen this record or is seen to have taken all before it.
    Atomics.store(words, R_TAIL, (tail + 1) | 0);
    if (Atomics.load(words, R_HEAD) === tail) this.#wake?.();
    return true;
  }

  #recordAt(position: number): number {
    return HEADER_WORDS + ((position & (this.#capacity - 1)) >>> 0) * RECORD_WORDS;
  }
}
