/** Bodies that tell their key, version and offset at every word: for the stress test. */

/** Mulberry32: small, fast, seeded. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return p > 0 && this.next() < p;
  }
  /** 0..n-1, small numbers much more often. */
  zipf(n: number): number {
    return Math.min(n - 1, Math.floor(n ** this.next()) - 1);
  }
}

/** Most are small, some are several pages. */
export function sizeOf(n: number, version: number): number {
  const mix = Math.imul(n ^ Math.imul(version, 0x9e3779b1), 0x85ebca6b) >>> 0;
  if (mix % 7 === 0) return 0;
  if (mix % 301 === 0) return mix % 150_000;
  if (mix % 31 === 0) return mix % 20_000;
  return mix % 900;
}

/** The byte at an offset, different in every word. */
function byteAt(n: number, version: number, offset: number): number {
  return (Math.imul((offset >>> 2) + Math.imul(n, 31) + version, 0x9e3779b1) >>> ((offset & 3) * 8)) & 255;
}

export function fillBody(into: Uint8Array, length: number, n: number, version: number, offset: number): void {
  for (let i = 0; i < length; i++) into[i] = byteAt(n, version, offset + i);
}

/** Index of the first wrong byte, or -1. */
export function verifyBody(bytes: Uint8Array, length: number, n: number, version: number, offset: number): number {
  for (let i = 0; i < length; i++) if (bytes[i] !== byteAt(n, version, offset + i)) return i;
  return -1;
}
