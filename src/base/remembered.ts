/** What is known for some time: texts with an end each, in cache time or any other clock; the oldest go where there are too many. */
export class Remembered {
  readonly #most: number;
  readonly #ends = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  add(text: string, end: number): void {
    this.#ends.delete(text);
    this.#ends.set(text, end);
    if (this.#ends.size > this.#most) this.#ends.delete(this.#ends.keys().next().value as string);
  }

  has(text: string, now: number): boolean {
    const end = this.#ends.get(text);
    if (end === undefined) return false;
    if (now < end) return true;
    this.#ends.delete(text);
    return false;
  }
}
