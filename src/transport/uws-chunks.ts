import type { HttpResponse } from 'uWebSockets.js';

/**
 * Bytes that uWebSockets.js writes safely at once: with the head they fit its cork buffer of 16 KB. A larger write makes
 * it flush that buffer first, and where the socket takes only a part of it, the write itself is lost without a word
 * (version 20.57, AsyncSocket::uncork). `tryEnd` is not concerned: it tells what was not taken.
 */
export const SAFE_WRITE = 12 * 1024;

/** Bytes that may wait for the current cork to end. */
const LIMIT = 64 * 1024;

/** A body of unknown length on its way out in pieces, each in a cork of its own. */
export class ChunkWriter {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;

  /** Takes a chunk; false when no more is to come before `send`. */
  push(chunk: Uint8Array): boolean {
    for (let at = 0; at < chunk.length; at += SAFE_WRITE) this.#pieces.push(chunk.subarray(at, at + SAFE_WRITE));
    this.#bytes += chunk.length;
    return this.#bytes < LIMIT;
  }

  /** The body is complete with what was pushed. */
  end(): void {
    this.#ended = true;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && !this.#ended;
  }

  /** Copies what waits, so that it may wait longer than the memory it was taken from. */
  keep(): void {
    this.#pieces = this.#pieces.map((piece) => piece.slice());
  }

  /** Writes what waits, outside any cork, until the socket is full. True when nothing waits any more. */
  send(res: HttpResponse): boolean {
    let ready = true;
    let sent = 0;
    while (ready && sent < this.#pieces.length) {
      const piece = this.#pieces[sent++];
      this.#bytes -= piece.length;
      res.cork(() => {
        ready = res.write(piece);
      });
    }
    this.#pieces = this.#pieces.slice(sent);
    if (this.#pieces.length > 0) this.keep();
    else if (this.#ended) {
      this.#ended = false;
      res.cork(() => res.end());
      return true;
    }
    return ready;
  }
}
