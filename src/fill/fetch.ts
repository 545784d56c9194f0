import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { countPassing } from '../base/garbage.ts';
import type { HeaderList } from '../http/headers.ts';
import type { ProxyErrorType } from '../http/proxy-status.ts';
import { errorKind, type OriginError, originError, originErrorFrom } from '../origin/origin-error.ts';
import type { OriginPool } from '../origin/pools.ts';
import { originErrorSlot, SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';

/** A request as the origin gets it. */
export interface OriginRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: HeaderList;
  body: Readable | Buffer | null;
}

/** Interim answers of one request that are passed on; the origin may send more. */
const MAX_INFORMED = 8;

/** Interim answers of one request beyond which it is given up: each puts the time-out for the final one off. */
const MAX_INTERIM = 100;

/** Whoever takes an origin's answer: one head, any number of chunks, then the end or an error. */
export interface FetchSink {
  /** An interim answer that clients may get, at most eight of them before the head: 1xx, but neither 100 nor 101. */
  onInform?(status: number, headers: HeaderList): void;
  onHead(status: number, headers: HeaderList): void;
  /** The chunk may be kept. */
  onData(chunk: Buffer): void;
  /** @param trailers fields behind a chunked body, which belong to no head */
  onEnd(trailers: HeaderList): void;
  onError(error: OriginError): void;
}

/** An answer on its way to a sink. */
export interface Source {
  /** May be replaced between two calls. */
  sink: FetchSink;
  /** When the origin was asked, seconds since 1970. */
  readonly requestTime: number;
  /** Whether the request has a connection; until then it waits in the pool. */
  readonly isStarted: boolean;
  start(origin: OriginPool, request: OriginRequest): void;
  /** Gives the answer up. The sink hears no more. */
  abort(): void;
  /** Holds the origin back; calls do not add up. */
  pause(): void;
  resume(): void;
}

/** One request to an origin, with its answer led to a sink. */
export class Fetch implements Source, Dispatcher.DispatchHandler {
  /** May be replaced between two calls. */
  sink: FetchSink;
  /** When the request was handed to the pool, seconds since 1970. */
  readonly requestTime = Date.now() / 1000;
  readonly #started = performance.now();
  readonly #context: EdgeContext;
  readonly #line: number;
  #controller: Dispatcher.DispatchController | undefined;
  #aborted = false;
  /** The head of the final answer is there. */
  #began = false;
  #interim = 0;
  #paused = false;
  #ended = false;

  constructor(context: EdgeContext, site: number, sink: FetchSink) {
    this.#context = context;
    this.#line = context.lines[site];
    this.sink = sink;
  }

  start(origin: OriginPool, request: OriginRequest): void {
    this.#context.counters.add(this.#line, SLOT.originRequests, 1);
    origin.pool.dispatch(
      {
        method: request.method,
        path: request.target,
        headers: request.headers,
        body: request.body,
        ...(origin.servername === undefined ? {} : { servername: origin.servername }),
      },
      this,
    );
  }

  /** Whether the request has a connection; until then it waits in the pool. */
  get isStarted(): boolean {
    return this.#controller !== undefined;
  }

  /** Gives the answer up: the connection is closed unless the answer was complete. The sink hears no more. */
  abort(): void {
    if (this.#ended || this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort(new Error('the client went away'));
  }

  /** Holds the origin back; calls do not add up. */
  pause(): void {
    if (this.#paused || this.#ended) return;
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(new Error('the client went away'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#aborted) return;
    const coding = headers['transfer-encoding'];
    // nobody asked for another protocol
    if (status === 101) this.#fail('http_protocol_error');
    else if (coding !== undefined && !isChunked(coding)) this.#fail('http_response_transfer_coding');
    else if (status < 200) this.#inform(status, headers);
    else {
      this.#began = true;
      this.#deliver(() => this.sink.onHead(status, headerList(headers)));
    }
  }

  #inform(status: number, headers: Record<string, string | string[] | undefined>): void {
    const count = ++this.#interim;
    if (count > MAX_INTERIM) this.#fail('http_protocol_error');
    else if (count <= MAX_INFORMED) this.#deliver(() => this.sink.onInform?.(status, headerList(headers)));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#aborted) return;
    this.#context.counters.add(this.#line, SLOT.originResponseBytes, chunk.length);
    countPassing(chunk.length);
    try {
      this.sink.onData(chunk);
    } catch (error) {
      this.#bug(error as Error);
    }
  }

  onResponseEnd(
    _controller: Dispatcher.DispatchController,
    trailers: Record<string, string | string[] | undefined>,
  ): void {
    this.#close();
    if (!this.#aborted) this.#deliver(() => this.sink.onEnd(headerList(trailers)));
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#close();
    if (this.#aborted) return;
    this.#aborted = true;
    const error = originErrorFrom(cause);
    // an end in the middle of an answer is another thing than no answer
    const isCut = this.#began && error.type === 'connection_terminated';
    this.#report(isCut ? originError('http_response_incomplete') : error);
  }

  #deliver(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#bug(error as Error);
    }
  }

  /** What the sink throws is a bug of ours; undici would take it for a failure of the origin, and nobody would know. */
  #bug(error: Error): void {
    this.#context.onBug(error);
    this.abort();
    this.#aborted = true;
    this.sink.onError(originError('proxy_internal_error'));
  }

  /** The origin's head is such that the answer cannot be used. */
  #fail(type: ProxyErrorType): void {
    this.abort();
    this.#report(originError(type));
  }

  #report(error: OriginError): void {
    this.#context.counters.add(this.#line, originErrorSlot(errorKind(error.type)), 1);
    this.sink.onError(error);
  }

  #close(): void {
    this.#ended = true;
    this.#context.counters.observe(this.#line, SLOT.originDuration, (performance.now() - this.#started) / 1000);
  }
}

/** Whether a body is coded by nothing but chunks: undici undoes no other coding, and none is asked for. */
function isChunked(coding: string | string[]): boolean {
  return typeof coding === 'string' && coding.toLowerCase() === 'chunked';
}

/** Header lines as undici gives them: lowercase names, latin1 values, several lines of a name in a list. */
function headerList(headers: Record<string, string | string[] | undefined>): HeaderList {
  const list: HeaderList = [];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') list.push(name, value);
    else if (value !== undefined) for (const line of value) list.push(name, line);
  }
  return list;
}
