/** Which of up to 96 sets of bytes a value has a byte of: three words of bits, found in one pass over the value. */

export interface Mask {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Whether the two have a bit in common. */
export function hasAny(x: Mask, y: Mask): boolean {
  return ((x.a & y.a) | (x.b & y.b) | (x.c & y.c)) !== 0;
}

const MOST = 96;

export class ByteSets {
  /** Of each byte the bits of the sets that it is in. */
  readonly a = new Int32Array(256);
  readonly b = new Int32Array(256);
  readonly c = new Int32Array(256);
  readonly #byKey = new Map<string, Mask>();

  /** The bit that stands for a set of bytes; undefined where there is no room for another. */
  bitOf(bytes: readonly number[]): Mask | undefined {
    const key = [...new Set(bytes)].sort((x, y) => x - y).join();
    let mask = this.#byKey.get(key);
    if (mask === undefined && this.#byKey.size < MOST) {
      const number = this.#byKey.size;
      const bit = 1 << (number & 31);
      const word = [this.a, this.b, this.c][number >> 5];
      for (const byte of bytes) word[byte] |= bit;
      mask = { a: number < 32 ? bit : 0, b: number >= 32 && number < 64 ? bit : 0, c: number >= 64 ? bit : 0 };
      this.#byKey.set(key, mask);
    }
    return mask;
  }
}

/** The bytes of a set of 256 bits. */
export function bytesOfBits(bits: Uint32Array): number[] {
  const bytes: number[] = [];
  for (let byte = 0; byte < 256; byte++) if ((bits[byte >> 5] >>> (byte & 31)) & 1) bytes.push(byte);
  return bytes;
}
