/**
 * What all threads know of the origins, in one SharedArrayBuffer that main makes. All numbers as the machine has them:
 *
 *   header   64 bytes of Int32: magic, version, workers, slots
 *   slots    `slots` times: 256 bytes that all threads write, then (workers + 1) lines of 64 bytes, one writer each
 *
 * The words of a slot are those of `WORD`, Int32, written by Atomics alone; the times behind them are Float64 and are
 * written before the word that tells to read them (`AT`). A line belongs to one worker and holds its share of what is
 * under way: sums over lines are exact, and the share of a thread that died is taken back by clearing its line. Where a
 * limit is to be held, the sum stands in a word of the slot as well.
 *
 * Times are in ms of `monotonicNow`.
 */

const MAGIC = 0x6c62_6f72;
const VERSION = 1;
const HEADER_BYTES = 64;
const SHARED_BYTES = 256;
const LINE_BYTES = 64;
const WORDS = Int32Array.BYTES_PER_ELEMENT;
const FLOATS = Float64Array.BYTES_PER_ELEMENT;

/** Buckets of the window over which the circuit breaker counts. */
export const BUCKETS = 8;

/** Int32 words of a slot, from its beginning. */
export const WORD = {
  /** Of the active checks: one of `HEALTH`. */
  health: 0,
  /** Failures in a row. */
  failures: 1,
  /** Whether requests have shown that it is not usable, until `AT.ejectedUntil`. */
  ejected: 2,
  /** The worker whose request tries an origin that was left out, plus one; 0 for none. */
  probe: 3,
  /** Microseconds. */
  latency: 4,
  /** When that was taken, ms modulo 2^32. */
  latencyAt: 5,
  /** Whether the circuit is open, until `AT.openUntil`. */
  open: 6,
  /** Successes in a row while it closes again. */
  mended: 7,
  /** Requests that have a connection, where there is a limit on it. */
  connections: 8,
  /** Requests that wait for one, where there is a limit on it. */
  waiting: 9,
  /** Thousandths of a try that may be made again; of a site's slot. */
  budget: 10,
  /** Whether `AT.upSince` is set. */
  rising: 11,
  /** Of answers alone, microseconds; 0 where none has come since a request failed. */
  measured: 12,
  /** `BUCKETS` times: number of the bucket, requests, failures. */
  window: 16,
} as const;

/** Float64 of a slot, from its beginning. */
export const AT = { ejectedUntil: 24, openUntil: 25, upSince: 26 } as const;

/** Int32 words of a worker's line. */
export const OWN = {
  /** Requests that were given to the origin and are not over. */
  underWay: 0,
  /** Its part of `WORD.connections` and of `WORD.waiting`. */
  connections: 1,
  waiting: 2,
  /** When the first of those that wait came, ms modulo 2^32; 0 for none. */
  oldest: 3,
  /** Sockets that are open. */
  sockets: 4,
} as const;

/** Float64 of a worker's line: sums since the start, plain stores of their one writer. */
export const SUM = { requests: 4, errors: 5, ejections: 6 } as const;

/** What active checks say; without any it is unknown, which counts as up. */
export const HEALTH = { unknown: 0, up: 1, down: 2 } as const;

const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of a clock that all threads share and that is never set back. */
export function monotonicNow(): number {
  return performance.now() + OFFSET;
}

/** Makes the memory. @param shape.workers highest worker id, main being 0; `slots`: for origins and sites */
export function createOriginStates(shape: { workers: number; slots: number }): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEADER_BYTES + shape.slots * slotBytes(shape.workers));
  new Int32Array(memory).set([MAGIC, VERSION, shape.workers, shape.slots]);
  return memory;
}

function slotBytes(workers: number): number {
  return SHARED_BYTES + (workers + 1) * LINE_BYTES;
}

/** One thread's view of the states of all origins. */
export class OriginStates {
  readonly worker: number;
  readonly workers: number;
  readonly slots: number;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #slotWords: number;

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#words = new Int32Array(memory);
    this.#floats = new Float64Array(memory);
    const [magic, version, workers, slots] = this.#words;
    if (magic !== MAGIC || version !== VERSION) throw new Error('origin states: shared memory of another layout');
    this.worker = worker;
    this.workers = workers;
    this.slots = slots;
    this.#slotWords = slotBytes(workers) / WORDS;
  }

  /** The state of one slot. @throws RangeError where there is no such slot */
  slot(slot: number): OriginState {
    if (!(slot >= 0 && slot < this.slots)) throw new RangeError(`origin states: no slot ${slot}`);
    const base = HEADER_BYTES / WORDS + slot * this.#slotWords;
    return new OriginState(this.#words, this.#floats, base, this.worker, this.workers);
  }

  /**
   * Takes back what a thread that has ended held: its share of what is under way, and its probes. Only by main, after
   * the end of the thread.
   */
  recover(worker: number): void {
    for (let slot = 0; slot < this.slots; slot++) this.slot(slot).recover(worker);
  }
}

/** One origin's part of the shared memory, or a site's. Any number of threads may have one. */
export class OriginState {
  readonly worker: number;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #base: number;
  readonly #own: number;
  readonly workers: number;

  constructor(words: Int32Array, floats: Float64Array, base: number, worker: number, workers: number) {
    this.#words = words;
    this.#floats = floats;
    this.#base = base;
    this.workers = workers;
    this.worker = worker;
    this.#own = this.#line(worker);
  }

  #line(worker: number): number {
    return this.#base + (SHARED_BYTES + worker * LINE_BYTES) / WORDS;
  }

  load(word: number): number {
    return Atomics.load(this.#words, this.#base + word);
  }

  /** As `load`, for what may lag behind by a moment: no call, and no barrier, so that no time may be read after it. */
  peek(word: number): number {
    return this.#words[this.#base + word];
  }

  store(word: number, value: number): void {
    Atomics.store(this.#words, this.#base + word, value);
  }

  /** @returns the value before */
  add(word: number, amount: number): number {
    return Atomics.add(this.#words, this.#base + word, amount);
  }

  /** Puts `value` in the place of `expected`; false where another thread was first. */
  swap(word: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.#words, this.#base + word, expected, value) === expected;
  }

  /** A time, to be read after the word that tells of it. */
  time(at: number): number {
    return this.#floats[(this.#base * WORDS) / FLOATS + at];
  }

  /** To be written before the word that tells of it: the store to that is a barrier. */
  setTime(at: number, value: number): void {
    this.#floats[(this.#base * WORDS) / FLOATS + at] = value;
  }

  /** This worker's own word. */
  own(word: number): number {
    return Atomics.load(this.#words, this.#own + word);
  }

  setOwn(word: number, value: number): void {
    Atomics.store(this.#words, this.#own + word, value);
  }

  addOwn(word: number, amount: number): void {
    Atomics.add(this.#words, this.#own + word, amount);
  }

  /** As `addOwn`, for what other threads may learn of a moment later. */
  countOwn(word: number, amount: number): void {
    this.#words[this.#own + word] += amount;
  }

  /** The word of a worker's line. */
  ofWorker(worker: number, word: number): number {
    return Atomics.load(this.#words, this.#line(worker) + word);
  }

  /** A word of all lines together. */
  total(word: number): number {
    let sum = 0;
    for (let worker = 0; worker <= this.workers; worker++) sum += this.ofWorker(worker, word);
    return sum;
  }

  /** Adds to a sum of this worker's line. */
  count(sum: number): void {
    this.#floats[(this.#own * WORDS) / FLOATS + sum]++;
  }

  /** A sum over all workers. */
  sum(sum: number): number {
    let all = 0;
    for (let worker = 0; worker <= this.workers; worker++) {
      all += this.#floats[(this.#line(worker) * WORDS) / FLOATS + sum];
    }
    return all;
  }

  /**
   * Takes one of what is limited, here and in this worker's line. The claim is one exchange, so that threads together
   * never go over the limit.
   */
  claim(word: number, own: number, limit: number): boolean {
    for (;;) {
      const taken = this.load(word);
      if (taken >= limit) return false;
      if (!this.swap(word, taken, taken + 1)) continue;
      this.addOwn(own, 1);
      return true;
    }
  }

  giveBack(word: number, own: number): void {
    this.addOwn(own, -1);
    this.add(word, -1);
  }

  /** Makes the slot as new. Only by main, when nothing of it is in use. */
  clear(): void {
    for (let word = 0; word < SHARED_BYTES / WORDS; word++) this.store(word, 0);
    for (let worker = 0; worker <= this.workers; worker++) {
      for (let word = 0; word < LINE_BYTES / WORDS; word++) Atomics.store(this.#words, this.#line(worker) + word, 0);
    }
  }

  recover(worker: number): void {
    const line = this.#line(worker);
    this.add(WORD.connections, -Atomics.load(this.#words, line + OWN.connections));
    this.add(WORD.waiting, -Atomics.load(this.#words, line + OWN.waiting));
    for (const word of Object.values(OWN)) Atomics.store(this.#words, line + word, 0);
    this.swap(WORD.probe, worker + 1, 0);
  }
}
