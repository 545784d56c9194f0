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

/**
 * Absorbs `count` words after `from`, which stays as it is, and writes the hash to `out`. Allocates nothing. One loop for
 * words and both finalizations (three rounds each), so that the state stays in registers.
 */
export function hashFrom(from: HashState, words: Int32Array, count: number, out: HashOutput): void {
  let { v0, v1, v2, v3 } = from;
  let lo = 0;
  for (let i = 0; i < count + 6; i++) {
    let m = 0;
    if (i < count) m = words[i];
    else if (i === count) v2 ^= 0xee;
    else if (i === count + 3) {
      lo = v1 ^ v3;
      v1 ^= 0xdd;
    }
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
  out.lo = lo;
  out.hi = v1 ^ v3;
}
