import { Readable } from 'node:stream';
import { countPassing } from '../base/garbage.ts';
import type { ClientWatch, Watched } from './client-watch.ts';
import type { Exchange } from './exchange.ts';
import type { RequestProblem } from './outcome.ts';
import type { Reply } from './reply.ts';

/** Bytes of a request body that wait in memory for the origin before the client is held back. */
const HIGH_WATER = 64 * 1024;

/**
 * A request body on its way to the origin. The client is held back while the origin takes none of it. To be made within
 * the transport's call into the pipeline.
 */
export class RequestBody extends Readable implements Watched {
  /** Whether the client has sent all of it. */
  complete = false;
  received = 0;
  readonly #reply: Reply;
  readonly #clients: ClientWatch;
  readonly #refuse: (status: 408 | 413) => void;
  #held = false;
  #isAnswered = false;

  /**
   * @param source what delivers the body: the reply itself, or what has held it
   * @param limit bytes, 0 for none
   * @param refuse called once where the body is larger (413) or comes too slowly (408); the body is to be destroyed then
   */
  constructor(
    reply: Reply,
    source: Pick<Reply, 'onBody'>,
    clients: ClientWatch,
    limit: number,
    refuse: (status: 408 | 413) => void,
  ) {
    super({ highWaterMark: HIGH_WATER });
    this.#reply = reply;
    this.#clients = clients;
    this.#refuse = refuse;
    clients.receive(this);
    source.onBody((chunk, last) => {
      if (this.destroyed) return;
      this.received += chunk.length;
      countPassing(chunk.length);
      if (limit > 0 && this.received > limit) {
        refuse(413);
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
      this.#clients.forget(this);
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

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#clients.forget(this);
    done(error);
  }

  progress(): number {
    return this.received;
  }

  isWaiting(): boolean {
    return !this.#held && !this.#reply.closed && !this.#isAnswered;
  }

  /** The answer has begun: the two sides talk, and it is for them how long either is silent. */
  answered(): void {
    this.#isAnswered = true;
  }

  keep(): void {
    if (!this.#held && !this.#reply.closed) keepReceiving(this.#reply);
  }

  tooSlow(): void {
    if (!this.destroyed && !this.complete) this.#refuse(408);
  }
}

/** uWebSockets.js has a deadline and a minimum rate of its own for bodies, which reading anew puts off. */
export function keepReceiving(reply: Reply): void {
  reply.pauseBody();
  reply.resumeBody();
}

/** What is wrong with a request whose body is too large or too slow. */
export function bodyProblem({ context }: Exchange, status: 408 | 413): RequestProblem {
  if (status === 408) return { status, detail: 'the request body comes too slowly' };
  return { status, detail: `the request body is larger than ${context.maxRequestBody} bytes` };
}
