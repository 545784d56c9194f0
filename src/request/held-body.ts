import { countPassing } from '../base/garbage.ts';
import { type HeldBytes, type HoldTerms, PENDING } from '../guard/addon.ts';
import type { Watched } from './client-watch.ts';
import type { Exchange } from './exchange.ts';
import type { RequestProblem } from './outcome.ts';
import type { Reply } from './reply.ts';
import { bodyProblem, keepReceiving } from './request-body.ts';
import { GUARD, RESPOND } from './step.ts';

/** Takes a body: chunks are valid during the call. */
export type TakeBody = (chunk: Uint8Array, last: boolean) => void;

/**
 * A request body that is kept in memory until it has been looked at, whole or up to a limit. Then it goes on to whoever
 * asks by `onBody`: what is held first, and then what still comes. Meanwhile the client is held back.
 */
export class HeldBody implements Watched {
  readonly #x: Exchange;
  readonly #reply: Reply;
  readonly #limit: number;
  readonly #isWhole: boolean;
  #chunks: Buffer[] = [];
  #received = 0;
  #complete = false;
  /** Held as far as it is to be; nothing more is waited for. */
  #ready = false;
  #paused = false;
  #take: TakeBody | undefined;

  /** To be made within the transport's call into the pipeline. */
  constructor(x: Exchange, { limit, over }: HoldTerms) {
    this.#x = x;
    this.#reply = x.reply;
    this.#limit = limit;
    this.#isWhole = over === 'reject';
    x.context.clients.receive(this);
    x.reply.onBody((chunk, last) => this.#onChunk(chunk, last));
  }

  /** What an addon gets to see; undefined while more is waited for. */
  view(): HeldBytes | undefined {
    if (!this.#ready) return undefined;
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    const [bytes = Buffer.alloc(0)] = this.#chunks;
    return { bytes: bytes.subarray(0, this.#limit), isPartial: !this.#complete || bytes.length > this.#limit };
  }

  /** Delivers the body as the transport would, from its beginning. */
  onBody(take: TakeBody): void {
    this.#take = take;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#resume();
    for (const [i, chunk] of chunks.entries()) take(chunk, this.#complete && i === chunks.length - 1);
    if (chunks.length === 0 && this.#complete) take(new Uint8Array(0), true);
  }

  /** Nobody wants the body: what still comes of it is thrown away. */
  discard(): void {
    this.#x.context.clients.forget(this);
    this.#ready = true;
    if (this.#take !== undefined) return;
    this.#chunks = [];
    this.#take = () => {};
    this.#resume();
  }

  progress(): number {
    return this.#received;
  }

  isWaiting(): boolean {
    return !this.#ready && !this.#reply.closed;
  }

  keep(): void {
    if (this.#reply.closed) this.#x.context.clients.forget(this);
    else if (!this.#paused) keepReceiving(this.#reply);
  }

  tooSlow(): void {
    if (!this.#ready) this.#refuse(408);
  }

  #onChunk(chunk: Uint8Array, last: boolean): void {
    if (this.#take !== undefined) {
      this.#take(chunk, last);
      return;
    }
    if (this.#reply.closed) return;
    this.#received += chunk.length;
    countPassing(chunk.length);
    if (!this.#ready && this.#received > this.#most()) {
      this.#refuse(413);
      return;
    }
    // the transport takes the memory of the chunk back
    if (chunk.length > 0) this.#chunks.push(Buffer.from(chunk));
    this.#complete = last;
    const isAll = this.#received === this.#x.contentLength;
    if (this.#ready || (!last && (isAll || this.#received < this.#limit))) return;
    if (!last) {
      // a body that ends here may be whole: its end tells
      if (this.#isWhole) return;
      this.#paused = true;
      this.#reply.pauseBody();
    }
    this.#end();
    this.#x.proceed(GUARD);
  }

  /** Bytes over which the body is refused. */
  #most(): number {
    return Math.min(this.#isWhole ? this.#limit : Infinity, this.#x.context.maxRequestBody || Infinity);
  }

  #end(): void {
    this.#ready = true;
    this.#x.context.clients.forget(this);
  }

  #refuse(status: 408 | 413): void {
    const x = this.#x;
    this.discard();
    x.problem = status === 408 ? bodyProblem(x, status) : tooLarge(this.#most());
    x.endConnection();
    x.proceed(RESPOND);
  }

  #resume(): void {
    if (!this.#paused || this.#reply.closed) return;
    this.#paused = false;
    this.#reply.resumeBody();
  }
}

function tooLarge(limit: number): RequestProblem {
  return { status: 413, detail: `the request body is larger than ${limit} bytes` };
}

/** `Exchange.holdBody`: begins to hold a body, and has it when the guard is asked again. */
export function holdBody(x: Exchange, terms: HoldTerms): HeldBytes | typeof PENDING {
  if (x.contentLength === 0) return { bytes: Buffer.alloc(0), isPartial: false };
  if (terms.over === 'reject' && x.contentLength > terms.limit) {
    x.problem = tooLarge(terms.limit);
    x.endConnection();
    x.proceed(RESPOND);
    return PENDING;
  }
  const view = x.held?.view();
  if (view !== undefined) return view;
  if (x.held === undefined) x.held = new HeldBody(x, terms);
  return PENDING;
}
