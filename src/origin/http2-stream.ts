import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Readable } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import type { OriginDispatchOptions } from './connections.ts';

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_HTTP_1_1_REQUIRED } = constants;

/** Type of the frame that node:http2 tells it could not send: HEADERS (RFC 9113 section 6.2). */
const HEADERS_FRAME = 1;

/** How long both sides may be silent while an upload is open, in ms: someone has gone without a word. */
const MAX_SILENCE = 3_600_000;

/** Fields that are for one connection of HTTP/1.1, or stand as pseudo-fields (RFC 9113 section 8.2.2). */
const NOT_SENT: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What a request may wait for, in ms; 0 for no limit. */
export interface StreamTimeouts {
  readonly firstByte: number;
  readonly betweenBytes: number;
}

/** Why a stream came to nothing, for whoever may ask again. */
export type Refusal =
  /** The origin did not look at the request (RFC 9113 section 8.7). */
  | 'unprocessed'
  /** The origin wants HTTP/1.1 for it. */
  | 'http1';

/** A request that waits for a stream, and what has been tried. */
export interface PendingRequest {
  readonly options: OriginDispatchOptions;
  readonly handler: Dispatcher.DispatchHandler;
  /** When it came, of `performance.now`. */
  readonly since: number;
  tries: number;
}

/** Whoever looks after a session's streams. */
export interface StreamOwner {
  readonly timeouts: StreamTimeouts;
  /** Whether the owner asks again elsewhere; otherwise the request has failed. */
  onRefused(request: PendingRequest, refusal: Refusal): boolean;
  /** No byte came in time. */
  onSilence(): void;
  onClose(): void;
}

/** Whether a request can be made again: nothing of its body is gone. */
export function canRepeat({ body }: OriginDispatchOptions): boolean {
  return body === undefined || body === null || !(body instanceof Readable);
}

/** One request on a stream of its own, told to a handler in the way of undici. */
export class StreamExchange implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  readonly #request: PendingRequest;
  readonly #owner: StreamOwner;
  readonly #stream: ClientHttp2Stream;
  /** Breaks an upload off. */
  readonly #upload: AbortController | undefined;
  #trailers: IncomingHttpHeaders = {};
  /** The head of the final answer is there. */
  #began = false;
  /** END_STREAM came, as opposed to a reset. */
  #isWhole = false;
  #isSettled = false;
  /** Bytes of the body that Content-Length promises; undefined where it says nothing of the stream. */
  #declared: number | undefined;
  #received = 0;
  /** Since the last byte of the answer, as far as time-outs have told. */
  #silence = 0;

  /** @throws where the session takes no stream, or the request's fields cannot be sent */
  constructor(session: ClientHttp2Session, scheme: string, request: PendingRequest, owner: StreamOwner) {
    this.#request = request;
    this.#owner = owner;
    const { options } = request;
    const body = bodyOf(options);
    this.#upload = body instanceof Readable ? new AbortController() : undefined;
    const terms = { endStream: body === null, ...(this.#upload && { signal: this.#upload.signal }) };
    this.#stream = session.request(requestHeaders(options, scheme, body), terms);
    this.#listen(this.#stream);
    request.handler.onRequestStart?.(this, {});
    if (body !== null && !this.aborted) this.#send(body);
  }

  abort(reason: Error): void {
    if (this.aborted || this.#isSettled) return;
    this.aborted = true;
    this.#fail(reason);
  }

  /** A silent stream is no fault of the origin's while nobody takes its bytes. */
  pause(): void {
    if (this.paused || this.#isSettled) return;
    this.paused = true;
    this.#stream.pause();
    this.#stream.setTimeout(0);
  }

  resume(): void {
    if (!this.paused || this.#isSettled) return;
    this.paused = false;
    this.#stream.setTimeout(this.#timeout);
    this.#stream.resume();
  }

  get #timeout(): number {
    return this.#began ? this.#owner.timeouts.betweenBytes : this.#owner.timeouts.firstByte;
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (headers: IncomingHttpHeaders & { ':status'?: number }) => this.#inform(headers));
    stream.on('response', (headers) => this.#begin(headers));
    stream.on('trailers', (trailers: IncomingHttpHeaders) => {
      this.#trailers = trailers;
    });
    stream.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      this.#silence = 0;
      if (!this.#isSettled) this.#request.handler.onResponseData?.(this, chunk);
    });
    // node:http2 ends a readable side that was reset without an error like one that is complete
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown) => {
      if (chunk === null && !stream.closed) this.#isWhole = true;
      return push(chunk);
    };
    stream.on('end', () => this.#end());
    stream.on('error', (error: Error) => this.#refuse() || this.#fail(this.#errorOf(error)));
    stream.on('close', () => {
      if (!this.#refuse()) this.#fail(new errors.SocketError('the stream was closed before its end'));
      this.#owner.onClose();
    });
    stream.on('frameError', (type) => {
      if (type === HEADERS_FRAME && !this.#isSettled) this.#retry('unprocessed');
    });
    stream.on('timeout', () => this.#expire());
    stream.setTimeout(this.#timeout);
  }

  #inform({ ':status': status, ...headers }: IncomingHttpHeaders & { ':status'?: number }): void {
    if (!this.#isSettled && status !== 100) this.#request.handler.onResponseStart?.(this, Number(status), headers);
  }

  #begin({ ':status': status, ...headers }: IncomingHttpHeaders & { ':status'?: number }): void {
    if (this.#isSettled) return;
    this.#began = true;
    this.#stream.setTimeout(this.paused ? 0 : this.#timeout);
    const length = headers['content-length'];
    if (length !== undefined && this.#request.options.method !== 'HEAD' && status !== 304)
      this.#declared = Number(length);
    this.#request.handler.onResponseStart?.(this, Number(status), headers);
  }

  #end(): void {
    if (this.#isSettled || !this.#isWhole) return;
    if (!this.#began) {
      this.#fail(new errors.SocketError('the stream ended without an answer'));
      return;
    }
    this.#settle();
    // what is left of the upload is for nobody
    if (!this.#stream.writableFinished) this.#cancel(NGHTTP2_CANCEL);
    this.#request.handler.onResponseEnd?.(this, this.#trailers);
  }

  /** Hands the request back where the origin has not looked at it. */
  #refuse(): boolean {
    const { rstCode } = this.#stream;
    if (this.#isSettled || this.#began) return false;
    if (rstCode === NGHTTP2_REFUSED_STREAM) return this.#retry('unprocessed');
    return rstCode === NGHTTP2_HTTP_1_1_REQUIRED && this.#retry('http1');
  }

  #retry(refusal: Refusal): boolean {
    if (!this.#owner.onRefused(this.#request, refusal)) return false;
    this.#isSettled = true;
    this.#stream.close(NGHTTP2_CANCEL);
    return true;
  }

  /** What an error of the stream comes from. nghttp2 checks Content-Length, but tells nobody that it was that. */
  #errorOf(error: NodeJS.ErrnoException): Error {
    if (this.#declared !== undefined && this.#declared !== this.#received && error.code?.startsWith('ERR_HTTP2'))
      return new errors.ResponseContentLengthMismatchError();
    return Object.assign(error, { http2Code: this.#stream.rstCode });
  }

  #expire(): void {
    if (this.#isSettled) return;
    this.#silence += this.#timeout;
    if (this.#awaitsClient() && this.#silence < MAX_SILENCE) {
      this.#stream.setTimeout(this.#timeout);
      return;
    }
    this.#owner.onSilence();
    this.#fail(this.#began ? new errors.BodyTimeoutError() : new errors.HeadersTimeoutError());
  }

  /** Whether the origin may be silent because the upload goes on, and has taken all of it so far. */
  #awaitsClient(): boolean {
    const { writableEnded, writableNeedDrain } = this.#stream;
    return !writableEnded && !writableNeedDrain;
  }

  #fail(error: Error): void {
    if (this.#isSettled) return;
    this.reason = error;
    this.#settle(error);
    this.#cancel(this.#stream.rstCode || NGHTTP2_CANCEL);
    this.#stream.destroy();
    this.#request.handler.onResponseError?.(this, error);
  }

  /**
   * Gives the stream up. Node's `close` first ends what is written in good order, so that an upload that broke off would be
   * complete to the origin; with a signal it resets the stream at once, by CANCEL.
   */
  #cancel(code: number): void {
    if (this.#upload !== undefined && !this.#stream.writableEnded) this.#upload.abort();
    else this.#stream.close(code);
  }

  #settle(error?: Error): void {
    this.#isSettled = true;
    this.#stream.setTimeout(0);
    const { body } = this.#request.options;
    if (body instanceof Readable && !body.readableEnded) {
      body.on('error', () => {});
      body.destroy(error);
    }
  }

  #send(body: Buffer | Readable): void {
    const stream = this.#stream;
    if (!(body instanceof Readable)) {
      stream.end(body);
      return;
    }
    if (body.destroyed && !body.readableEnded) {
      this.#fail(new errors.RequestAbortedError('the upload broke off'));
      return;
    }
    body.once('error', (error: Error) => this.#fail(error));
    body.once('close', () => {
      if (!body.readableEnded) this.#fail(new errors.RequestAbortedError('the upload broke off'));
    });
    body.pipe(stream);
  }
}

function bodyOf({ body }: OriginDispatchOptions): Buffer | Readable | null {
  if (body === undefined || body === null || body instanceof Readable) return body ?? null;
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new errors.InvalidArgumentError('a body is bytes or a stream');
}

/** Names and values in turn become pseudo-fields and fields; several of a name stay apart. */
function requestHeaders(
  { method, path, headers }: OriginDispatchOptions,
  scheme: string,
  body: Buffer | Readable | null,
): OutgoingHttpHeaders {
  const out: OutgoingHttpHeaders = Object.create(null);
  out[':method'] = method;
  out[':scheme'] = scheme;
  out[':path'] = path;
  const list = headers as readonly string[];
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i].toLowerCase();
    const value = list[i + 1];
    if (name === 'host') out[':authority'] = value;
    if (NOT_SENT.has(name) || (name === 'te' && value.trim().toLowerCase() !== 'trailers')) continue;
    const known = out[name];
    if (known === undefined) out[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else out[name] = [String(known), value];
  }
  if (body instanceof Buffer) out['content-length'] = body.length;
  // servers of gRPC want to know that trailers arrive, which are passed on
  if (/^application\/grpc/i.test(String(out['content-type']))) out.te = 'trailers';
  return out;
}
