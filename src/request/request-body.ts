import { Readable } from 'node:stream';
import { countPassing } from '../base/garbage.ts';
import type { Reply } from './reply.ts';

/** Bytes of a request body that wait in memory for the origin before the client is held back. */
const HIGH_WATER = 64 * 1024;

/**
 * A request body on its way to the origin. The client is held back while the origin takes none of it. To be made within
 * the transport's call into the pipeline.
 */
export class RequestBody extends Readable {
  /** Whether the client has sent all of it. */
  complete = false;
  received = 0;
  readonly #reply: Reply;
  #held = false;

  /** @param limit bytes, 0 for none; beyond it `onTooLarge` is called once and the body breaks */
  constructor(reply: Reply, limit: number, onTooLarge: () => void) {
    super({ highWaterMark: HIGH_WATER });
    this.#reply = reply;
    reply.onBody((chunk, last) => {
      if (this.destroyed) return;
      this.received += chunk.length;
      countPassing(chunk.length);
      if (limit > 0 && this.received > limit) {
        onTooLarge();
        return;
      }
      this.#take(chunk, last);
    });
  }

  #take(chunk: Uint8Array, last: boolean): void {
    // the transport takes the memory of the chunk back
    const room = chunk.length === 0 || this.push(Buffer.from(chunk));
    if (last) {
      this.complete = true;
      this.push(null);
    } else if (!room && !this.#held) {
      this.#held = true;
      this.#reply.pauseBody();
    }
  }

  override _read(): void {
    if (!this.#held || this.#reply.closed) return;
    this.#held = false;
    this.#reply.resumeBody();
  }
}
