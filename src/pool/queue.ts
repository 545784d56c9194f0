/** Tasks in the order in which they came, of which some run at the same time and a limited number wait. */
export class TaskQueue {
  /** Tasks that found no room. */
  dropped = 0;
  readonly #parallel: number;
  readonly #most: number;
  readonly #waiting: { name: string; run: () => Promise<void> }[] = [];
  /** Names of those that wait or run. */
  readonly #names = new Set<string>();
  #running = 0;
  #closed = false;

  /**
   * @param parallel how many run at the same time
   * @param most how many may wait
   */
  constructor(parallel: number, most: number) {
    this.#parallel = parallel;
    this.#most = most;
  }

  /** Tasks that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @param run must not reject */
  add(name: string, run: () => Promise<void>): void {
    if (this.#closed || this.#names.has(name)) return;
    if (this.#waiting.length >= this.#most) {
      this.dropped++;
      return;
    }
    this.#names.add(name);
    this.#waiting.push({ name, run });
    this.#next();
  }

  /** Forgets those that wait; those that run go on. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    while (this.#running < this.#parallel) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      this.#running++;
      void task.run().finally(() => {
        this.#running--;
        this.#names.delete(task.name);
        this.#next();
      });
    }
  }
}
