/** A clock that only the test moves: Date.now, performance.now and timers of this process follow it. */

interface Timer {
  at: number;
  run: () => void;
}

const real = {
  now: Date.now,
  performanceNow: performance.now.bind(performance),
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
};

export class VirtualClock {
  /** Milliseconds since 1970. */
  ms: number;
  readonly #timers = new Map<object, Timer>();

  constructor(ms: number) {
    this.ms = ms;
  }

  get seconds(): number {
    return this.ms / 1000;
  }

  /** Takes the place of the process's clock until `release`. */
  install(): void {
    Date.now = () => this.ms;
    performance.now = () => this.ms;
    globalThis.setTimeout = ((run: () => void, delay = 0) => this.#set(run, delay)) as typeof setTimeout;
    globalThis.clearTimeout = ((timer: object) => void this.#timers.delete(timer)) as typeof clearTimeout;
  }

  release(): void {
    Date.now = real.now;
    performance.now = real.performanceNow;
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
  }

  #set(run: () => void, delay: number): object {
    const handle = { unref: () => handle, ref: () => handle, hasRef: () => false };
    this.#timers.set(handle, { at: this.ms + Math.max(1, delay), run });
    return handle;
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** The time of the next timer, Infinity without one. */
  get next(): number {
    let next = Infinity;
    for (const { at } of this.#timers.values()) next = Math.min(next, at);
    return next;
  }

  /** Moves on, to the next timer that is due by `ms` or else to `ms`; true where a timer ran. */
  step(ms: number): boolean {
    for (const [handle, { at, run }] of this.#timers) {
      if (at > ms || at > this.next) continue;
      this.ms = Math.max(this.ms, at);
      this.#timers.delete(handle);
      run();
      return true;
    }
    this.ms = Math.max(this.ms, ms);
    return false;
  }

  /** Forgets all timers. */
  clear(): void {
    this.#timers.clear();
  }
}

const immediate = globalThis.setImmediate;

/** One turn of the event loop: all microtasks and immediates of before have run then. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
