/**
 * Doorbells: one Int32 word a thread, each on a cache line of its own. Ringing one wakes the event loop of the thread
 * that listens, whatever it is doing, without a message or a poll.
 */

import { setImmediate } from 'node:timers/promises';

const WORDS_PER_LINE = 16;

/** Memory for the doorbells of threads 0 to `workers`. */
export function createDoorbells(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((workers + 1) * WORDS_PER_LINE * Int32Array.BYTES_PER_ELEMENT);
}

export class Doorbells {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** Wakes one thread. The add is a full barrier: what was stored before is seen by whoever wakes. */
  ring(worker: number): void {
    const word = worker * WORDS_PER_LINE;
    Atomics.add(this.#words, word, 1);
    Atomics.notify(this.#words, word);
  }

  /** Wakes the threads of two masks, ids 0 to 31 and 32 to 63, but for `except`. */
  ringMask(lo: number, hi: number, except: number): void {
    for (let bits = lo, id = 0; bits !== 0; bits >>>= 1, id++) if ((bits & 1) !== 0 && id !== except) this.ring(id);
    for (let bits = hi, id = 32; bits !== 0; bits >>>= 1, id++) if ((bits & 1) !== 0 && id !== except) this.ring(id);
  }

  /** Calls `onRing` on this thread's event loop once after any number of rings. Returns a function that ends it. */
  listen(worker: number, onRing: () => void): () => void {
    let open = true;
    void this.#answer(worker * WORDS_PER_LINE, () => open, onRing);
    return () => {
      open = false;
      this.ring(worker);
    };
  }

  async #answer(word: number, isOpen: () => boolean, onRing: () => void): Promise<void> {
    let heard = Atomics.load(this.#words, word);
    while (isOpen()) {
      const wait = Atomics.waitAsync(this.#words, word, heard);
      // a bell that is rung all the time must not keep the event loop from its other work
      await (wait.async ? wait.value : setImmediate());
      heard = Atomics.load(this.#words, word);
      if (isOpen()) onRing();
    }
  }
}
