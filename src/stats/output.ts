// Lines to stdout, with a bound. A reader that is slow or gone must never block the main thread nor make lb grow, so
// what does not fit is dropped and counted. (sonic-boom is not used: with a reader that went away its flush at exit
// retries for ever, and with a reader that stopped it leaves a thread of libuv's pool blocked in write().)
import { createWriteStream, fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Characters gathered before they go to the stream in one piece. */
const CHUNK = 65_536;

/**
 * The stream for stdout that does not block: node's own for pipes, sockets and terminals, an asynchronous one for a
 * file, where node's own would write synchronously.
 */
export function stdoutStream(): Writable {
  return fstatSync(1).isFile() ? createWriteStream('', { fd: 1, autoClose: false }) : process.stdout;
}

/** Whole lines into a stream, at most `limit` characters waiting. */
export class LineOutput {
  readonly #stream: Writable;
  readonly #limit: number;
  #gathered = '';
  #scheduled = false;
  #dropped = 0;
  #broken = false;

  constructor(stream: Writable, limit: number) {
    this.#stream = stream;
    this.#limit = limit;
    // EPIPE: the reader is gone. lb goes on without a log rather than fail requests.
    stream.on('error', () => {
      this.#broken = true;
      this.#gathered = '';
    });
  }

  /** Lines dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Characters waiting to be taken by the reader. */
  get waiting(): number {
    return this.#gathered.length + this.#stream.writableLength;
  }

  /** Takes one line with its line feed; false when it was dropped. */
  write(line: string): boolean {
    if (this.#broken || this.waiting + line.length > this.#limit) {
      this.#dropped++;
      return false;
    }
    this.#gathered += line;
    if (this.#gathered.length >= CHUNK) this.#push();
    else this.#schedule();
    return true;
  }

  /** Hands everything to the stream and waits until it is written, or until `timeoutMs` passed; false then. */
  async flush(timeoutMs: number): Promise<boolean> {
    this.#push();
    if (this.#broken) return false;
    if (this.#stream.writableLength === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#stream.write('', (error) => {
        clearTimeout(timer);
        resolve(!error);
      });
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#push();
    });
  }

  #push(): void {
    if (this.#gathered === '' || this.#broken) return;
    const text = this.#gathered;
    this.#gathered = '';
    this.#stream.write(text);
  }
}
