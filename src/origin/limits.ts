import type { OriginLimits } from '../config/config.ts';
import type { ProxyErrorType } from '../http/proxy-status.ts';
import type { CountedConnections } from './limits-connections.ts';
import { monotonicNow, type OriginState, OWN, WORD } from './state.ts';

/** Requests that one thread has with one origin at most where the configuration sets no limit. */
export const THREAD_CONNECTIONS = 256;

/** How often those who wait are looked at, in ms: for their time-outs, and for a ring that was lost with its thread. */
const LOOK = 20;

/** A request that wants a connection. */
export interface Waiter {
  /** It has one. */
  onTurn(): void;
  /** It will get none. */
  onRefused(type: ProxyErrorType): void;
}

interface Place {
  readonly waiter: Waiter;
  readonly since: number;
}

export interface GateOptions {
  readonly now: () => number;
  /** Wakes another thread: its gates are to look at those who wait. */
  readonly ring: (worker: number) => void;
  /** Where idle connections count too; else a limit on all threads is one of requests. */
  readonly counted?: CountedConnections | undefined;
}

/**
 * How many requests an origin has at a time. Those beyond it wait in the order in which they came, on this thread and,
 * where the limit is on all threads together, among them: who came first is served first, wherever a connection gets free.
 */
export class OriginGate {
  readonly #state: OriginState;
  readonly #limits: OriginLimits;
  readonly #options: GateOptions;
  readonly #queue = new Set<Place>();
  readonly #places = new Map<Waiter, Place>();
  /** Requests that have a connection on this thread. */
  #running = 0;
  /** Connections that this thread may have open, where idle ones count. */
  #held = 0;
  #isRetired = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: OriginState, limits: OriginLimits, options: GateOptions) {
    this.#state = state;
    this.#limits = limits;
    this.#options = options;
  }

  /** Asks for a connection: true where there is one at once; else the waiter hears of it, unless it leaves. */
  enter(waiter: Waiter): boolean {
    if (this.#queue.size === 0 && !this.#othersWait() && this.#take()) return true;
    if (!this.#state.claim(WORD.waiting, OWN.waiting, this.#limits.queue)) {
      queueMicrotask(() => waiter.onRefused('connection_limit_reached'));
      return false;
    }
    const place = { waiter, since: this.#options.now() };
    this.#queue.add(place);
    this.#places.set(waiter, place);
    this.#publish();
    this.#timer ??= setInterval(() => this.#lookAgain(), LOOK);
    this.#askOthers();
    // what got free since the first try
    if (this.#limits.connections > 0) queueMicrotask(() => this.look());
    return false;
  }

  /** A waiter that does not want a connection any more. Those who have one give it back by `leave`. */
  cancel(waiter: Waiter): void {
    if (this.#remove(waiter)) this.look();
  }

  /** A request is over: its connection is the next one's. */
  leave(): void {
    this.#running--;
    if (this.#limits.connections > 0 && !this.#counts) this.#state.giveBack(WORD.connections, OWN.connections);
    if (this.#queue.size > 0 || this.#othersWait()) this.look();
    if (this.#isRetired) this.#shed(this.#spare);
  }

  /** Another one has taken its place: idle connections are closed from now on. */
  retire(): void {
    this.#isRetired = true;
    this.#shed(this.#spare);
  }

  /** Lets go of connections that have ended by themselves. */
  prune(): void {
    const ended = this.#options.counted?.prune() ?? 0;
    this.#held -= ended;
    for (let i = 0; i < ended; i++) this.#state.giveBack(WORD.connections, OWN.connections);
    if (ended > 0) this.look();
  }

  /** Serves who waits, as far as there are connections; refuses who waits for too long. */
  look(): void {
    const { queueTimeout } = this.#limits;
    for (;;) {
      const [place] = this.#queue;
      if (place === undefined) break;
      const { waiter, since } = place;
      if (this.#options.now() - since >= queueTimeout) {
        this.#remove(waiter);
        waiter.onRefused('connection_timeout');
        continue;
      }
      if (!this.#isFirst() || !this.#take()) break;
      this.#remove(waiter);
      waiter.onTurn();
    }
    if (this.#limits.connections === 0) return;
    this.#share();
    this.#wakeFirst();
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Whether another thread may want something of this one. */
  get isConcerned(): boolean {
    return this.#queue.size > 0 || this.#spare > 0;
  }

  get #counts(): boolean {
    return this.#options.counted !== undefined && this.#limits.connections > 0;
  }

  /** Idle connections. */
  get #spare(): number {
    return this.#counts ? this.#held - this.#running : 0;
  }

  #lookAgain(): void {
    this.look();
    this.#askOthers();
  }

  /** Has other threads give up idle connections. */
  #askOthers(): void {
    if (!this.#counts || this.#queue.size === 0) return;
    for (let worker = 1; worker <= this.#state.workers; worker++) {
      if (worker !== this.#state.worker && this.#state.ofWorker(worker, OWN.connections) > 0)
        this.#options.ring(worker);
    }
  }

  /** Gives idle connections to threads where somebody waits who came first. */
  #share(): void {
    if (this.#spare === 0 || !this.#othersWait() || (this.#queue.size > 0 && this.#isFirst())) return;
    this.#shed(Math.min(this.#spare, this.#state.load(WORD.waiting) - this.#state.own(OWN.waiting)));
  }

  #shed(count: number): void {
    for (let i = 0; i < count; i++) {
      const closed = this.#options.counted?.shed();
      // where all are closed already, a request that was still under way has taken its connection along
      if (closed === undefined && !this.#isRetired) return;
      this.#held--;
      const giveBack = () => {
        this.#state.giveBack(WORD.connections, OWN.connections);
        this.#wakeFirst();
      };
      if (closed === undefined) giveBack();
      else closed.then(giveBack, giveBack);
    }
  }

  #take(): boolean {
    const { connections } = this.#limits;
    const mayGo =
      connections === 0
        ? this.#running < THREAD_CONNECTIONS
        : this.#spare > 0 || this.#state.claim(WORD.connections, OWN.connections, connections);
    if (!mayGo) return false;
    this.#running++;
    if (this.#counts) this.#held = Math.max(this.#held, this.#running);
    return true;
  }

  #remove(waiter: Waiter): boolean {
    const place = this.#places.get(waiter);
    if (place === undefined) return false;
    this.#places.delete(waiter);
    this.#queue.delete(place);
    this.#state.giveBack(WORD.waiting, OWN.waiting);
    this.#publish();
    if (this.#queue.size === 0 && this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return true;
  }

  /** Tells other threads since when this one has someone who waits. */
  #publish(): void {
    const [first] = this.#queue;
    // 0 stands for none
    this.#state.setOwn(OWN.oldest, first === undefined ? 0 : first.since | 0 || 1);
  }

  #othersWait(): boolean {
    if (this.#limits.connections === 0) return false;
    return this.#state.load(WORD.waiting) > this.#state.own(OWN.waiting);
  }

  /** Whether nobody on another thread came before the first of this one. */
  #isFirst(): boolean {
    return this.#limits.connections === 0 || !this.#othersWait() || this.#firstWorker() === this.#state.worker;
  }

  #firstWorker(): number {
    let first = -1;
    let since = 0;
    for (let worker = 0; worker <= this.#state.workers; worker++) {
      const oldest = this.#state.ofWorker(worker, OWN.oldest);
      if (oldest === 0 || (first >= 0 && ((oldest - since) | 0) >= 0)) continue;
      first = worker;
      since = oldest;
    }
    return first;
  }

  #wakeFirst(): void {
    if (!this.#othersWait() || this.#state.load(WORD.connections) >= this.#limits.connections) return;
    const first = this.#firstWorker();
    if (first >= 0 && first !== this.#state.worker) this.#options.ring(first);
  }
}

export const SYSTEM_CLOCK: Pick<GateOptions, 'now'> = { now: monotonicNow };
