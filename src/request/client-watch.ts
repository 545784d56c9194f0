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
}

/** How often is looked, in ms. */
const TICK = 1000;

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
  #receive!: Terms;
  #send!: Terms;
  #timer: NodeJS.Timeout | undefined;
  #looked = 0;

  constructor(limits: WatchLimits) {
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
    this.#watched.delete(item);
  }

  /** Looks at all that is watched. @param elapsed ms since the last look */
  look(elapsed: number): void {
    for (const progress of this.#watched.values()) {
      const terms = progress.terms === 'receive' ? this.#receive : this.#send;
      if (!isTooSlow(progress, terms, elapsed)) {
        progress.item.keep?.();
        continue;
      }
      this.#watched.delete(progress.item);
      progress.item.tooSlow();
    }
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #add(item: Watched, terms: Progress['terms']): void {
    const bytes = item.progress();
    this.#watched.set(item, { item, terms, from: bytes, last: bytes, waited: 0, still: 0 });
    if (this.#timer !== undefined) return;
    this.#looked = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.look(now - this.#looked);
      this.#looked = now;
    }, TICK).unref();
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
