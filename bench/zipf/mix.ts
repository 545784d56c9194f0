/** The objects of the mix and the order in which they are asked for: the same for the same numbers, everywhere. */

import { Random, randomBytes } from '../random.ts';

const KB = 1024;

/** Sizes of objects, with how many of a hundred have them. */
const SIZES: readonly (readonly [bytes: number, share: number])[] = [
  [KB, 20],
  [2 * KB, 15],
  [4 * KB, 15],
  [8 * KB, 15],
  [16 * KB, 12],
  [32 * KB, 10],
  [64 * KB, 7],
  [128 * KB, 4],
  [256 * KB, 1.5],
  [1024 * KB, 0.5],
];

/** Mean bytes of an object. */
export const MEAN_BYTES = SIZES.reduce((sum, [bytes, share]) => sum + (bytes * share) / 100, 0);

/** Bytes that every body is a stretch of. */
const PATTERN = randomBytes(2048 * KB);

/** The body of an object: its size and where it begins in the pattern depend on the number alone. */
export function bodyOf(number: number): Buffer {
  const chance = hash(number);
  const size = sizeAt(((chance >>> 8) / 2 ** 24) * 100);
  const start = Math.imul(chance, 0x85ebca6b) >>> 12;
  return PATTERN.subarray(start % KB ** 2, (start % KB ** 2) + size);
}

/** Numbers of objects by Zipf's law, one after the other. */
export class Sequence {
  readonly #cumulative: Float64Array;
  readonly #random: Random;

  /** @param exponent of the law: how much more often the first is asked for than the others */
  constructor(objects: number, exponent: number, seed: number) {
    this.#cumulative = new Float64Array(objects);
    let sum = 0;
    for (let rank = 1; rank <= objects; rank++) {
      sum += rank ** -exponent;
      this.#cumulative[rank - 1] = sum;
    }
    this.#random = new Random(hash(seed) | 1);
  }

  next(): number {
    const cumulative = this.#cumulative;
    const target = (this.#random.next() / 2 ** 32) * cumulative[cumulative.length - 1];
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] < target) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function sizeAt(percent: number): number {
  let left = percent;
  for (const [bytes, share] of SIZES) {
    left -= share;
    if (left < 0) return bytes;
  }
  return SIZES[0][0];
}

function hash(number: number): number {
  let h = Math.imul(number + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
