/**
 * HalfSipHash-1-3 with 64 bits of output, over 32-bit words (Aumasson and Bernstein, "SipHash: a fast short-input PRF";
 * 1-3 is the reduced-round form that hash tables use). The secret keeps a client from choosing keys that collide.
 */
export interface HashState {
  v0: number;
  v1: number;
  v2: number;
  v3: number;
}

export interface HashOutput {
  lo: number;
  hi: number;
}

/** The state before any word, for the secret (k0, k1). */
export function initialState(k0: number, k1: number): HashState {
  return { v0: k0 | 0, v1: (k1 ^ 0xee) | 0, v2: (0x6c796765 ^ k0) | 0, v3: (0x74656462 ^ k1) | 0 };
}

/** Absorbs `count` words into `state`, in place. */
export function absorb(state: HashState, words: Int32Array, count: number): void {
  let { v0, v1, v2, v3 } = state;
  for (let i = 0; i < count; i++) {
    const m = words[i];
    v3 ^= m;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= m;
  }
  state.v0 = v0;
  state.v1 = v1;
  state.v2 = v2;
  state.v3 = v3;
}

const NOTHING = new Int32Array(3);
const scratch: HashState = initialState(0, 0);

/** Absorbs `count` words after `from`, which stays as it is, and writes the hash to `out`. Allocates nothing. */
export function hashFrom(from: HashState, words: Int32Array, count: number, out: HashOutput): void {
  scratch.v0 = from.v0;
  scratch.v1 = from.v1;
  scratch.v2 = from.v2;
  scratch.v3 = from.v3;
  absorb(scratch, words, count);
  scratch.v2 ^= 0xee;
  absorb(scratch, NOTHING, 3);
  out.lo = scratch.v1 ^ scratch.v3;
  scratch.v1 ^= 0xdd;
  absorb(scratch, NOTHING, 3);
  out.hi = scratch.v1 ^ scratch.v3;
}
