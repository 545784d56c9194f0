import type { HttpResponse } from 'uWebSockets.js';
import type { ClientWatch, Watched } from '../request/client-watch.ts';
import type { Channel, ChannelEvents, Reply, ReplyEvents, SwitchAnswer } from '../request/reply.ts';
import { ChunkWriter, SAFE_WRITE } from './uws-chunks.ts';

/** Bytes of a head beside its block: status line, Date, Content-Length, Age. */
const HEAD_ROOM = 256;

/**
 * The library keeps what a socket does not take of small answers without a word, however much of it a client that
 * pipelines and never reads makes it keep. So one in so many goes out by the call that tells: while its answer waits, the
 * connection carries no further request. An answer without a body has no such call: one in so many ends its connection.
 */
const SMALL_RUN = 32;
const BODYLESS_RUN = 1000;
let unproven = SMALL_RUN;
let unending = BODYLESS_RUN;

/** Ages in seconds for which `nameAfterAge` is made once. */
const KNOWN_AGES = 3600;
const namesAfterAge: string[] = [];

/** Name of the first field with Age in front of it: each call into the library costs as much as many lines. */
function nameAfterAge(age: number): string {
  if (age >= KNOWN_AGES) return `Age: ${age}\r\nCache-Status`;
  namesAfterAge[age] ??= `Age: ${age}\r\nCache-Status`;
  return namesAfterAge[age];
}

export class UwsReply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  detached = false;
  #res!: HttpResponse;
  #events: ReplyEvents | undefined;
  #chunks: ChunkWriter | undefined;
  #headBytes = 0;
  /** Bytes of the interim responses so far. */
  #informed = 0;
  #awaiting = false;
  #closing = false;
  /** The connection is broken: the library's object may not be touched. */
  #gone = false;
  /** Within the library's call, where the socket is corked, and within `cork`. */
  #inHandler = false;
  #corked = false;
  readonly #clients: ClientWatch;

  constructor(clients: ClientWatch) {
    this.#clients = clients;
  }

  attach(res: HttpResponse): void {
    this.#res = res;
    this.offset = 0;
    this.closed = false;
    this.closeAfter = false;
    this.#chunks = undefined;
    this.#informed = 0;
    this.#awaiting = false;
    this.#closing = false;
    this.#gone = false;
    this.#inHandler = true;
  }

  /** The library's call is over. */
  leaveHandler(): void {
    this.#inHandler = false;
    if (this.#chunks !== undefined && !this.#chunks.isEmpty) {
      // the socket stays corked until control is back with the library
      this.#chunks.keep();
      setImmediate(() => {
        if (this.#sendChunks() && !this.closed) this.#events?.onWritable();
      });
    }
  }

  /**
   * The library writes one status line and no blank line before the last, but all text as it stands: the first interim
   * response goes out as its status, whatever follows as fields that begin with a status line.
   */
  inform(status: string, lines: string): void {
    if (this.closed) return;
    const text = Buffer.from(`${lines}\r\n`, 'latin1');
    const write = () => {
      if (this.#informed > 0) this.#res.writeHeader(`HTTP/1.1 ${status}\r\nVia`, text);
      else this.#res.writeStatus(Buffer.concat([Buffer.from(`${status}\r\nVia: `), text]));
    };
    if (this.#corked || this.#inHandler) write();
    else this.#res.cork(write);
    this.#informed += HEAD_ROOM + text.length;
  }

  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    const res = this.#res;
    this.#headBytes = this.#informed + HEAD_ROOM + cacheStatus.length + block.length;
    let first = age < 0 ? 'Cache-Status' : nameAfterAge(age);
    if (this.#informed > 0) first = `HTTP/1.1 ${status}\r\n${first}`;
    else if (status !== '200 OK') res.writeStatus(status); // that is what the library writes by itself
    if (cacheStatus === '') res.writeHeader(first, block);
    else if (typeof block === 'string') res.writeHeader(first, `${cacheStatus}\r\nVia: ${block}`);
    else {
      res.writeHeader(first, cacheStatus);
      res.writeHeader('Via', block);
    }
  }

  end(body: Uint8Array | string): void {
    this.closed = true;
    this.offset += body.length;
    const isSmall = typeof body === 'string' || this.#headBytes + body.length <= SAFE_WRITE;
    // one that ends the connection is followed by nothing
    if (isSmall && (this.closeAfter || --unproven > 0)) this.#res.end(body, this.closeAfter);
    else this.#endLarge(typeof body === 'string' ? Buffer.from(body) : body);
  }

  /** A whole body larger than one write may be; what the socket does not take at once waits in a copy. */
  #endLarge(body: Uint8Array): void {
    const res = this.#res;
    unproven = SMALL_RUN;
    this.#closeLater();
    const [, done] = res.tryEnd(body, body.length);
    if (done) return;
    this.detached = true;
    let gone = false;
    const start = res.getWriteOffset();
    const rest = body.slice(start);
    const over = () => {
      gone = true;
      this.#clients.forget(watched);
    };
    const watched: Watched = {
      progress: () => (gone ? 0 : res.getWriteOffset()),
      isWaiting: () => !gone,
      tooSlow: () => {
        if (!gone) res.close();
      },
    };
    this.#clients.send(watched);
    res.onAborted(over);
    res.onWritable((offset) => {
      if (!gone && res.tryEnd(rest.subarray(offset - start), body.length)[1]) over();
      return true;
    });
  }

  endEmpty(length: number): void {
    this.closed = true;
    if (--unending <= 0) {
      unending = BODYLESS_RUN;
      this.closeAfter = true;
    }
    if (length >= 0) this.#res.endWithoutBody(length, this.closeAfter);
    else {
      // with a second argument the first is taken for a number, whatever it is
      this.#closeLater();
      this.#res.endWithoutBody();
    }
  }

  write(chunk: Uint8Array, total: number): boolean {
    if (this.closed) return false;
    // the library takes an empty part for the end of the body, however much of it is missing
    if (chunk.length === 0) return true;
    return total >= 0 ? this.#writeKnown(chunk, total) : this.#writeChunked(chunk);
  }

  #writeKnown(chunk: Uint8Array, total: number): boolean {
    this.#closeLater();
    const [ok, done] = this.#res.tryEnd(chunk, total);
    if (done) {
      this.closed = true;
      this.offset = total;
      return true;
    }
    this.offset = ok ? this.offset + chunk.length : this.#res.getWriteOffset();
    if (!ok) this.#awaitWritable();
    return ok;
  }

  #writeChunked(chunk: Uint8Array): boolean {
    this.#closeLater();
    this.offset += chunk.length;
    this.#chunks ??= new ChunkWriter();
    const room = this.#chunks.push(chunk);
    if (this.#corked || this.#inHandler) return room;
    return this.#sendChunks();
  }

  /** Sends what waited for the end of a cork; false when the socket is full. */
  #sendChunks(): boolean {
    if (this.#chunks === undefined || this.#gone) return true;
    const ready = this.#chunks.send(this.#res);
    if (!ready) this.#awaitWritable();
    return ready;
  }

  finish(): void {
    this.closed = true;
    if (this.#chunks === undefined) {
      this.#closeLater();
      this.#res.end();
    } else {
      this.#chunks.end();
      if (!this.#corked && !this.#inHandler) this.#sendChunks();
    }
  }

  /**
   * A streamed response cannot close the connection by itself: the client is told to, and nothing more is read from it,
   * so that the connection carries no other request and ends by its idle time-out.
   */
  #closeLater(): void {
    if (!this.closeAfter || this.#closing) return;
    this.#closing = true;
    this.#res.writeHeader('Connection', 'close');
    this.#res.pause();
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.#gone = true;
    this.#res.close();
  }

  cork(send: () => void): void {
    if (this.closed) return;
    this.#corked = true;
    try {
      this.#res.cork(send);
    } finally {
      this.#corked = false;
    }
    if (this.#chunks === undefined || this.#chunks.isEmpty) return;
    if (this.#inHandler) {
      this.#chunks.keep();
      return;
    }
    const ready = this.#sendChunks();
    // the sender may have been held back only for the cork's sake
    if (ready && !this.closed) queueMicrotask(() => !this.closed && this.#events?.onWritable());
  }

  detach(events: ReplyEvents): void {
    this.detached = true;
    this.#res.onAborted(() => {
      this.#gone = true;
      if (this.closed) return;
      this.closed = true;
      events.onAborted();
    });
    this.#events = events;
  }

  /** Asked for only where a socket is full, which few ever are. */
  #awaitWritable(): void {
    if (this.#awaiting) return;
    this.#awaiting = true;
    this.#res.onWritable(() => {
      if (this.#sendChunks() && !this.closed) this.#events?.onWritable();
      return true;
    });
  }

  onBody(take: (chunk: Uint8Array, last: boolean) => void): void {
    this.#res.onData((chunk, last) => take(new Uint8Array(chunk), last));
  }

  pauseBody(): void {
    if (!this.closed) this.#res.pause();
  }

  resumeBody(): void {
    if (!this.closed) this.#res.resume();
  }

  switchProtocols(_answer: SwitchAnswer, _events: ChannelEvents): Channel {
    throw new Error('the request asks for no other protocol');
  }
}
