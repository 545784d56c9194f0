import type { Socket } from 'node:net';

/**
 * Reads a socket on demand, so that whoever does not ask holds the sender back. A broken connection ends the bytes as a
 * closed one does; `broken` tells them apart.
 */
export class ByteReader {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  broken = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('readable', () => this.#wake?.());
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', () => {
      this.broken = true;
      end();
    });
  }

  /** Bytes read from the socket that nobody has asked for. */
  get left(): Buffer {
    return this.#buffer;
  }

  /** Waits for more bytes. False when there are no more. */
  async more(): Promise<boolean> {
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) {
        this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
        return true;
      }
      if (this.#ended) return false;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** A line without its CRLF, as latin1; undefined where the bytes end before it. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#buffer.toString('latin1', 0, end);
        this.#buffer = this.#buffer.subarray(end + 2);
        return line;
      }
      if (!(await this.more())) return undefined;
    }
  }

  /** The next bytes, at most `max` of them; undefined at the end. */
  async some(max: number): Promise<Buffer | undefined> {
    if (this.#buffer.length === 0 && !(await this.more())) return undefined;
    const chunk = this.#buffer.subarray(0, max);
    this.#buffer = this.#buffer.subarray(chunk.length);
    return chunk;
  }
}
