/** What is known for some time, the same for all of it, in cache time or any other clock; the oldest go where there are too many. */
export class Remembered {
  readonly #most: number;
  readonly #time: number;
  /** The first to end comes first. */
  readonly #ends = new Map<string, number>();

  /** @param time how long each text is known, over 0, in the units of `now` */
  constructor(most: number, time: number) {
    this.#most = most;
    this.#time = time;
  }

  /** Texts that are held, ended ones among them. */
  get size(): number {
    return this.#ends.size;
  }

  add(text: string, now: number): void {
    this.#ends.delete(text);
    this.#ends.set(text, now + this.#time);
    for (const [oldest, end] of this.#ends) {
      if (now < end && this.#ends.size <= this.#most) break;
      this.#ends.delete(oldest);
    }
  }

  has(text: string, now: number): boolean {
    const end = this.#ends.get(text);
    return end !== undefined && now < end;
  }
}
