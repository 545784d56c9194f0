/** Pauses between restarts in ms: the first, the longest, and by which part they vary at random. */
const FIRST = 100;
const LONGEST = 30_000;
const JITTER = 0.2;

/** A process that lived this long starts a new count, in ms. */
const HEALTHY = 60_000;

/** How long to wait before a process that ended is started again: twice as long each time. */
export class Backoff {
  #failures = 0;

  /** Ends in a row of processes that did not live long. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * @param lived how long the process lived, in ms
   * @param random 0 to 1
   * @returns ms
   */
  next(lived: number, random = Math.random()): number {
    if (lived >= HEALTHY) this.#failures = 0;
    const pause = Math.min(LONGEST, FIRST * 2 ** this.#failures);
    this.#failures++;
    return Math.round(pause * (1 - JITTER + 2 * JITTER * random));
  }
}
