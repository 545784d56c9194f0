/**
 * Keeps a job within its share of one core: after each step it sleeps for as long as the step's CPU time asks for. What
 * the operating system's priority cannot do, where there is no other work that would go first.
 */
export class Pace {
  readonly #share: number;
  readonly #signal: Int32Array;
  readonly #begun: number;
  #counted: number;

  /**
   * @param share CPU seconds per second, over 0; 1 and more never sleep
   * @param signal one word, 0 while the work is wanted
   */
  constructor(share: number, signal: SharedArrayBuffer) {
    this.#share = share;
    this.#signal = new Int32Array(signal);
    this.#begun = threadCpu();
    this.#counted = this.#begun;
  }

  /** CPU time since the beginning, in seconds. */
  get cpuSeconds(): number {
    return (threadCpu() - this.#begun) / 1e6;
  }

  /** To be called after each step; blocks the thread. @returns false when the work is not wanted any more */
  step(): boolean {
    const now = threadCpu();
    const pause = this.#share >= 1 ? 0 : pauseAfter(now - this.#counted, this.#share);
    if (pause > 0) {
      Atomics.wait(this.#signal, 0, 0, pause);
      this.#counted = threadCpu();
    }
    return Atomics.load(this.#signal, 0) === 0;
  }
}

/** Shorter pauses wait for the next step: each costs a change of threads. In ms. */
const SHORTEST = 5;

/** How long to sleep in ms after `cpu` microseconds of work, so that the work takes `share` of the time; 0 for not yet. */
export function pauseAfter(cpu: number, share: number): number {
  const pause = (cpu / 1000) * (1 / share - 1);
  return pause < SHORTEST ? 0 : pause;
}

/** Of this thread, in microseconds. */
function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
