/**
 * A keyed hash to 64 bits: HalfSipHash-1-3 (Aumasson and Bernstein), over texts by UTF-16 units, two to a word. Nobody who does
 * not know the key can find texts that share a bucket. One instance is used again and again; it keeps no text.
 */
export class KeyedHash {
  /** The hash, once `end` has been called. */
  lo = 0;
  hi = 0;
  readonly #k0: number;
  readonly #k1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor([k0, k1]: readonly [number, number]) {
    this.#k0 = k0;
    this.#k1 = k1;
  }

  begin(): void {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1 ^ 0xee;
    this.#v2 = 0x6c796765 ^ this.#k0;
    this.#v3 = 0x74656462 ^ this.#k1;
  }

  /** What has been added since `begin`, to go on from again and again. */
  state(): HashState {
    return { v0: this.#v0, v1: this.#v1, v2: this.#v2, v3: this.#v3 };
  }

  /** As `begin`, with what the state stands for added. */
  resume(state: HashState): void {
    this.#v0 = state.v0;
    this.#v1 = state.v1;
    this.#v2 = state.v2;
    this.#v3 = state.v3;
  }

  /** Adds a text, its length with it: what texts are made of several are told apart. */
  text(text: string): void {
    const { length } = text;
    let i = 0;
    for (; i + 1 < length; i += 2) this.word(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    this.word((i < length ? text.charCodeAt(i) : 0) ^ (length << 16));
  }

  /** Adds 32 bits. */
  word(word: number): void {
    this.#v3 ^= word;
    this.#round();
    this.#v0 ^= word;
  }

  end(): void {
    this.#v2 ^= 0xee;
    this.#round();
    this.#round();
    this.#round();
    this.lo = this.#v1 ^ this.#v3;
    this.#v1 ^= 0xdd;
    this.#round();
    this.#round();
    this.#round();
    this.hi = this.#v1 ^ this.#v3;
  }

  #round(): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
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
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

export interface HashState {
  readonly v0: number;
  readonly v1: number;
  readonly v2: number;
  readonly v3: number;
}
