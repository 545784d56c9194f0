import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { ClientWatch } from '../request/client-watch.ts';
import type { Channel, ChannelEvents, Reply, ReplyEvents, RequestView, SwitchAnswer } from '../request/reply.ts';
import { RawChannel } from './raw-channel.ts';

/** Bytes handed to the stream by one call, so that what the client took shows in steps: those of DATA frames. */
const PIECE = 16 * 1024;

/** Largest part of a body copied at once. Bytes. */
const PART = 64 * 1024;

/** Fields of a connection, which Node refuses to send (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** The answer to one stream of HTTP/2. */
export class Http2Reply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  readonly #stream: ServerHttp2Stream;
  readonly #request: RequestView;
  readonly #clients: ClientWatch;
  readonly #endConnection: () => void;
  /** The head as [name, value, ...], until it goes out with what tells the length of the body. */
  #head: string[] = [];
  #sent = false;
  #trailers: Readonly<string[]> | undefined;
  /** Bytes that went out as far as the client's windows and socket allowed. */
  #flushed = 0;

  /** @param endConnection has the connection end once its streams have */
  constructor(stream: ServerHttp2Stream, request: RequestView, clients: ClientWatch, endConnection: () => void) {
    this.#stream = stream;
    this.#request = request;
    this.#clients = clients;
    this.#endConnection = endConnection;
  }

  get #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  inform(status: string, lines: string): void {
    if (this.closed || this.#sent || this.#isGone) return;
    const fields = byName(readHead(status, `Via: ${lines}`).slice(2));
    fields[':status'] = Number.parseInt(status, 10);
    this.#stream.additionalHeaders(fields);
  }

  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    const text = typeof block === 'string' ? block : Buffer.from(block).toString('latin1');
    this.#head = readHead(status, cacheStatus === '' ? `Cache-Status: ${text}` : `Via: ${text}`);
    if (cacheStatus !== '') this.#head.push('cache-status', cacheStatus);
    if (age >= 0) this.#head.push('age', String(age));
  }

  /** @param length of the body, -1 where nothing says it */
  #respond(length: number, endStream: boolean, waitForTrailers = false): void {
    this.#sent = true;
    if (this.#isGone) return;
    if (length >= 0) this.#head.push('content-length', String(length));
    this.#stream.respond(this.#head, { endStream, waitForTrailers });
    if (this.closeAfter) this.#endConnection();
  }

  end(body: Uint8Array | string): void {
    this.closed = true;
    // views of shared memory are copied: the entry may be gone before the client takes it
    const bytes = Buffer.from(body as Uint8Array);
    this.offset += bytes.length;
    const isHeadAlone = bytes.length === 0 && !this.#sent;
    if (!this.#sent) this.#respond(bytes.length, isHeadAlone);
    for (let at = 0; at < bytes.length; at += PIECE) this.#push(bytes.subarray(at, at + PIECE));
    if (isHeadAlone) this.#refuseBody();
    else this.#over();
  }

  endEmpty(length: number): void {
    this.closed = true;
    this.#respond(length, true);
    this.#refuseBody();
  }

  write(chunk: Uint8Array, total: number): boolean {
    if (this.closed || this.#isGone) return false;
    if (!this.#sent) this.#begin(total);
    const part = Buffer.from(chunk.length > PART ? chunk.subarray(0, PART) : chunk);
    this.offset += part.length;
    const ready = this.#push(part);
    if (this.offset !== total) return ready;
    this.closed = true;
    this.#over();
    return true;
  }

  flush(total: number): void {
    if (!this.closed && !this.#sent && !this.#isGone) this.#begin(total);
  }

  /** Fields behind a body of unknown length can only be sent where that was said before. */
  #begin(total: number): void {
    const mayTrail = total < 0 && this.#request.header('te') !== '';
    this.#respond(total, false, mayTrail);
    if (mayTrail) this.#stream.once('wantTrailers', () => this.#sendTrailers());
  }

  #sendTrailers(): void {
    if (this.#isGone) return;
    this.#stream.sendTrailers(byName(this.#trailers ?? []));
  }

  #push(bytes: Buffer): boolean {
    if (this.#isGone) return true;
    return this.#stream.write(bytes, () => {
      this.#flushed += bytes.length;
    });
  }

  finish(trailers?: Readonly<string[]>): void {
    this.closed = true;
    this.#trailers = trailers;
    if (!this.#sent) this.#begin(-1);
    this.#over();
  }

  /** All is handed over: the pipeline looks after it no more, but the client may be slow to take it. */
  #over(): void {
    const stream = this.#stream;
    if (this.#isGone) return;
    stream.end();
    this.#refuseBody();
    const left = {
      progress: () => this.#flushed,
      isWaiting: () => true,
      tooSlow: () => stream.close(constants.NGHTTP2_CANCEL),
    };
    this.#clients.send(left);
    stream.once('close', () => this.#clients.forget(left));
  }

  /** The answer is complete without the rest of the request (RFC 9113 section 8.1). */
  #refuseBody(): void {
    const stream = this.#stream;
    if (!stream.endAfterHeaders && !stream.readableEnded && !this.#isGone) stream.close(constants.NGHTTP2_NO_ERROR);
  }

  destroy(): void {
    this.closed = true;
    // not by `close`, which ends the body in good order where all that was written has left
    if (!this.#isGone) this.#stream.destroy(new Error('the response is incomplete'));
  }

  /** Frames that are made in one turn of the event loop go out together as it is. */
  cork(send: () => void): void {
    if (!this.closed) send();
  }

  detach(events: ReplyEvents): void {
    this.#stream.on('close', () => {
      if (this.closed) return;
      this.closed = true;
      events.onAborted();
    });
    this.#stream.on('drain', () => {
      if (!this.closed) events.onWritable();
    });
  }

  onBody(take: (chunk: Uint8Array, last: boolean) => void): void {
    const stream = this.#stream;
    if (/^100-continue$/i.test(this.#request.header('expect')) && !this.#isGone) {
      stream.additionalHeaders({ ':status': 100 });
    }
    stream.on('data', (chunk: Buffer) => take(chunk, false));
    stream.on('end', () => {
      // Node ends a stream that was reset without an error too, wherever its body was
      if (!stream.closed && !stream.aborted) take(new Uint8Array(0), true);
    });
  }

  pauseBody(): void {
    this.#stream.pause();
  }

  resumeBody(): void {
    this.#stream.resume();
  }

  switchProtocols({ protocol, lines }: SwitchAnswer, events: ChannelEvents): Channel {
    if (!this.#request.isUpgrade) throw new Error('the request asks for no other protocol');
    this.closed = true;
    const head = [':status', '200'];
    for (let i = 0; i < lines.length; i += 2) {
      // of the handshake of HTTP/1.1 alone (RFC 8441 section 5)
      if (lines[i] !== 'sec-websocket-accept' && !CONNECTION_FIELDS.has(lines[i])) head.push(lines[i], lines[i + 1]);
    }
    if (!this.#isGone) this.#stream.respond(head);
    return new RawChannel(this.#stream, Buffer.alloc(0), protocol, events);
  }
}

/** Field lines by name, without those of a connection. An origin may choose names that objects have by themselves. */
function byName(lines: readonly string[]): OutgoingHttpHeaders {
  const fields: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i].toLowerCase();
    if (CONNECTION_FIELDS.has(name)) continue;
    fields[name] ??= [];
    fields[name].push(lines[i + 1]);
  }
  return fields;
}

/**
 * Status and field lines as [name, value, ...], without what belongs to connections of HTTP/1.1. Node sends no status over
 * 599, which clients are to take for an error of the server (RFC 9110 section 15).
 */
function readHead(status: string, lines: string): string[] {
  const code = status.slice(0, 3);
  const head = [':status', code > '599' ? '500' : code];
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (!CONNECTION_FIELDS.has(name)) head.push(name, line.slice(colon + 2));
  }
  return head;
}
