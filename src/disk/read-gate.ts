import type { ReadCount } from './read-count.ts';

/** Between two looks whether other threads leave room, in ms. */
const LOOK = 2;

/** Its turn has not come: the disk has too much to do, or hangs. */
export class DiskBusy extends Error {}

/** The disk has not answered within the time limit. */
export class DiskSlow extends Error {}

interface Waiter {
  readonly deadline: number;
  readonly admit: (mayRun: boolean) => void;
}

/** What one thread asks of a disk by threads of libuv's pool, in turn: see `ReadCount`. */
export class ReadGate {
  readonly #count: ReadCount;
  readonly #limit: number;
  #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param limit of one operation, in ms */
  constructor(count: ReadCount, limit: number) {
    this.#count = count;
    this.#limit = limit;
  }

  /**
   * Runs an operation once it is its turn. Rejects with its error, with DiskBusy where it has not begun within `patience` ms, or with
   * DiskSlow: then it goes on, and keeps its place until it is over.
   * @param operation must not throw but reject
   */
  async run<T>(operation: () => Promise<T>, patience: number): Promise<T> {
    if (this.#waiting.length > 0 || !this.#count.enter()) {
      const mayRun = await new Promise<boolean>((admit) =>
        this.#wait({ deadline: performance.now() + patience, admit }),
      );
      if (!mayRun) throw new DiskBusy('the disk has too much to do');
    }
    return this.#limited(operation());
  }

  get isHung(): boolean {
    return this.#count.isHung;
  }

  async #limited<T>(running: Promise<T>): Promise<T> {
    let isSlow = false;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isSlow = true;
        this.#count.hangs();
        reject(new DiskSlow('the disk does not answer'));
      }, this.#limit);
    });
    const over = () => {
      clearTimeout(timer);
      if (isSlow) this.#count.answers();
      this.#count.leave();
      this.#admit();
    };
    running.then(over, over);
    return Promise.race([running, limit]);
  }

  #wait(waiter: Waiter): void {
    this.#waiting.push(waiter);
    this.#admit();
  }

  /** Lets those in whose turn it is, and sends those away who need not wait any more. */
  #admit(): void {
    const { isHung } = this.#count;
    const now = performance.now();
    this.#waiting = this.#waiting.filter(({ deadline, admit }) => {
      if (!isHung && now < deadline) return true;
      admit(false);
      return false;
    });
    let admitted = 0;
    while (admitted < this.#waiting.length && this.#count.enter()) this.#waiting[admitted++].admit(true);
    this.#waiting = this.#waiting.slice(admitted);
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#admit(), LOOK);
  }
}
