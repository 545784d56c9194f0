/** Chance that is the same for the same seed, in every process (xorshift32). */
export class Random {
  #state: number;

  /** @param seed not 0 */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** 32 bits, never all of them 0. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }
}

/** Bytes without pattern, the same for the same seed, so that misplaced or torn bodies show. */
export function randomBytes(length: number, seed = 1): Buffer {
  const random = new Random(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random.next();
  return Buffer.from(words.buffer, 0, length);
}
