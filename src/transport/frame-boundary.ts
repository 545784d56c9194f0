import { OPCODE } from './websocket-frames.ts';

/** Bytes of the longest frame head: two, the length, the mask (RFC 6455 section 5.2). */
const MAX_HEAD = 14;

/** Follows the frames of one direction of a WebSocket, to know where one of one's own may stand. */
export class FrameBoundary {
  readonly #head = Buffer.alloc(MAX_HEAD);
  /** Bytes of the head so far. */
  #have = 0;
  /** Bytes of the payload that are yet to come. */
  #left = 0;
  #closed = false;

  /** Whether a frame may follow: the last one is whole, and is no close frame. */
  get isFree(): boolean {
    return this.#have === 0 && this.#left === 0 && !this.#closed;
  }

  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
        continue;
      }
      this.#head[this.#have++] = chunk[at++];
      if (this.#have === this.#headLength()) this.#begin();
    }
  }

  #headLength(): number {
    if (this.#have < 2) return MAX_HEAD;
    const length = this.#head[1] & 0x7f;
    const mask = (this.#head[1] & 0x80) === 0 ? 0 : 4;
    if (length === 127) return 10 + mask;
    return (length === 126 ? 4 : 2) + mask;
  }

  #begin(): void {
    const length = this.#head[1] & 0x7f;
    if (length === 127) this.#left = Number(this.#head.readBigUInt64BE(2));
    else this.#left = length === 126 ? this.#head.readUInt16BE(2) : length;
    this.#closed ||= (this.#head[0] & 0x0f) === OPCODE.close;
    this.#have = 0;
  }
}
