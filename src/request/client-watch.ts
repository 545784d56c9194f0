/** One body on its way from or to a client. */
export interface Watched {
  /** Bytes so far. */
  progress(): number;
  /** Whether it is the client that is waited for, and not an origin. */
  isWaiting(): boolean;
  /** The client is too slow. Called once; it is watched no more then. */
  tooSlow(): void;
  /** Called at every look: the client is not too slow yet. */
  keep?(): void;
}

/** What clients may take; a part of the configuration's limits. Times in ms, rates in bytes a second, 0 for no limit. */
export interface WatchLimits {
  bodyTimeout: number;
  minReceiveRate: number;
  minSendRate: number;
  sendTimeout: number;
}

/** What is asked of one direction. */
interface Terms {
  /** How long nothing may come or go. */
  pause: number;
  rate: number;
  /** Waiting that the rate is first taken over. */
  grace: number;
  /** Waiting after which the rate is taken anew, so that nobody lives on what was fast once. */
  window: number;
}

interface Progress {
  item: Watched;
  terms: 'receive' | 'send';
  /** Bytes when the window began, and at the last look. */
  from: number;
  last: number;
  /** Waiting for the client since the window began, and since the last byte. */
  waited: number;
  still: number;
  /** Time of the last look. */
  looked: number;
  /** Those that are looked at together with it. */
  slot: Set<Progress>;
}

/**
 * Each body is looked at once a second, but not all at the same moment: ending hundreds of clients at once would hold up
 * all others of the thread.
 */
const SLOTS = 20;
const TICK = 1000 / SLOTS;

/** Waiting before the rate of a request body counts. */
const RECEIVE_GRACE = 5000;
const RECEIVE_WINDOW = 30_000;

/** A response waits in the system's buffers, which take it in large pieces: its rate shows only over a while. */
const SEND_WINDOW = 60_000;

/**
 * Deadlines and minimum rates of the bodies that one thread's clients send and of those that they are slow to take, by one
 * timer for all. Only time counts in which the client is what is waited for.
 */
export class ClientWatch {
  readonly #watched = new Map<Watched, Progress>();
  readonly #slots: readonly Set<Progress>[] = Array.from({ length: SLOTS }, () => new Set());
  #slot = 0;
  readonly #now: () => number;
  #receive!: Terms;
  #send!: Terms;
  #timer: NodeJS.Timeout | undefined;

  /** @param now a clock in ms */
  constructor(limits: WatchLimits, now: () => number = () => performance.now()) {
    this.#now = now;
    this.update(limits);
  }

  /** Other limits, also for what is watched already. */
  update({ bodyTimeout, minReceiveRate, minSendRate, sendTimeout }: WatchLimits): void {
    this.#receive = { pause: bodyTimeout, rate: minReceiveRate, grace: RECEIVE_GRACE, window: RECEIVE_WINDOW };
    const window = sendTimeout === 0 ? SEND_WINDOW : Math.max(sendTimeout, RECEIVE_GRACE);
    this.#send = { pause: sendTimeout, rate: minSendRate, grace: window, window };
  }

  /** Bodies that are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** Watches a body that the client sends. */
  receive(item: Watched): void {
    this.#add(item, 'receive');
  }

  /** Watches a body that the client takes. */
  send(item: Watched): void {
    this.#add(item, 'send');
  }

  forget(item: Watched): void {
    const progress = this.#watched.get(item);
    if (progress === undefined) return;
    this.#watched.delete(item);
    progress.slot.delete(progress);
  }

  /** Looks at all that is watched. */
  look(): void {
    for (const slot of this.#slots) this.#lookAt(slot);
  }

  #lookAt(slot: Set<Progress>): void {
    const now = this.#now();
    for (const progress of slot) {
      const { item, looked } = progress;
      const terms = progress.terms === 'receive' ? this.#receive : this.#send;
      progress.looked = now;
      if (!isTooSlow(progress, terms, now - looked)) {
        item.keep?.();
        continue;
      }
      this.forget(item);
      item.tooSlow();
    }
  }

  #add(item: Watched, terms: Progress['terms']): void {
    const bytes = item.progress();
    const slot = this.#slots[this.#slot];
    const progress = { item, terms, from: bytes, last: bytes, waited: 0, still: 0, looked: this.#now(), slot };
    this.#watched.set(item, progress);
    slot.add(progress);
    this.#timer ??= setInterval(() => this.#tick(), TICK).unref();
  }

  #tick(): void {
    this.#slot = (this.#slot + 1) % SLOTS;
    this.#lookAt(this.#slots[this.#slot]);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function isTooSlow(progress: Progress, terms: Terms, elapsed: number): boolean {
  const bytes = progress.item.progress();
  const waiting = progress.item.isWaiting();
  progress.still = !waiting || bytes !== progress.last ? 0 : progress.still + elapsed;
  progress.last = bytes;
  if (!waiting) return false;
  progress.waited += elapsed;
  if (terms.pause > 0 && progress.still >= terms.pause) return true;
  const { waited } = progress;
  if (waited >= terms.grace && (bytes - progress.from) * 1000 < terms.rate * waited) return true;
  if (waited >= terms.window) {
    progress.from = bytes;
    progress.waited = 0;
  }
  return false;
}
