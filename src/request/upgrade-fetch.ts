import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { countPassing } from '../base/garbage.ts';
import { OURS } from '../fill/attempt.ts';
import type { EdgeContext } from '../fill/context.ts';
import type { FetchSink, OriginRequest, Source } from '../fill/fetch.ts';
import { InspectedAnswer, type InspectedSource } from '../fill/inspected.ts';
import type { HeaderList } from '../http/headers.ts';
import type { ProxyErrorType } from '../http/proxy-status.ts';
import { errorKind, type OriginError, originError, originErrorFrom } from '../origin/origin-error.ts';
import { originErrorSlot, SLOT } from '../stats/counters.ts';
import type { OriginSpan } from '../tracing/tracer.ts';

/** Bytes of an answer's head. */
const MAX_HEAD = 64 * 1024;

/** Interim answers beyond which an answer is given up. */
const MAX_INTERIM = 100;

/**
 * What does not count against the origin: beside what is never its fault, that it speaks no HTTP/1.1, or another one than
 * it was asked for. Any client may ask, and ordinary requests tell of an origin that fails.
 */
const NOT_COUNTED: ReadonlySet<ProxyErrorType> = new Set([
  ...OURS,
  'http_upgrade_failed',
  'http_protocol_error',
  'tls_alert_received',
]);

/** How a connection to the origin is made, and how long may be waited for an answer on it, in ms. */
export interface UpgradeTerms {
  dial(): Promise<Socket>;
  /** Told of how the origin did. */
  answered(status: number): void;
  failed(): void;
  firstByte: number;
  betweenBytes: number;
  /** Whether a success that is no switch can be told to the client. */
  mayDecline: boolean;
}

/**
 * A request for another protocol, on a connection of its own. An answer that is no 101 is led to the sink like any other.
 */
export class UpgradeFetch implements Source, InspectedSource {
  sink!: FetchSink;
  readonly requestTime = Date.now() / 1000;
  readonly #started = performance.now();
  readonly #context: EdgeContext;
  readonly #line: number;
  readonly #terms: UpgradeTerms;
  readonly #onSwitch: (headers: HeaderList, socket: Socket) => OriginError | undefined;
  #socket: Socket | undefined;
  #answer: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends with that of the client's request. */
  #span: OriginSpan | undefined;
  #over = false;
  #paused = false;
  #interim = 0;
  #inspect: OriginRequest['inspect'];
  #inspected: InspectedAnswer | undefined;

  /** @param onSwitch takes the connection, or says what is wrong with the answer */
  constructor(
    context: EdgeContext,
    line: number,
    terms: UpgradeTerms,
    onSwitch: (headers: HeaderList, socket: Socket) => OriginError | undefined,
  ) {
    this.#context = context;
    this.#line = line;
    this.#terms = terms;
    this.#onSwitch = onSwitch;
  }

  get isStarted(): boolean {
    return this.#socket !== undefined;
  }

  /** Asks. What goes wrong is told to the sink. */
  begin(request: OriginRequest, sink: FetchSink): void {
    this.sink = sink;
    this.#inspect = request.inspect;
    this.#span = request.span;
    this.#context.counters.add(this.#line, SLOT.originRequests, 1);
    this.#terms.dial().then(
      (socket) => {
        if (this.#over) socket.destroy();
        else this.#ask(socket, request);
      },
      (error: unknown) => this.#fail(originErrorFrom(error as Error)),
    );
  }

  start(): void {
    throw new Error('begun by its maker');
  }

  #ask(socket: Socket, { method, target, headers }: OriginRequest): void {
    this.#socket = socket;
    const request = httpRequest({
      createConnection: () => socket,
      method,
      path: target,
      headers: headers as unknown as Record<string, string>, // a flat list is taken as it stands
      maxHeaderSize: MAX_HEAD,
      setHost: false,
    });
    this.#wait(this.#terms.firstByte, 'http_response_timeout');
    request.on('upgrade', (answer, _, head: Buffer) => this.#onUpgrade(answer, socket, head));
    request.on('information', (answer) => this.#onInform(answer.statusCode, answer.rawHeaders));
    request.on('response', (answer) => this.#onResponse(answer));
    request.on('error', (error) => this.#fail(originErrorFrom(error)));
    request.end();
  }

  #onUpgrade(answer: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#over) return;
    this.#close();
    if (head.length > 0) socket.unshift(head);
    this.#terms.answered(101);
    this.#span?.answered(101);
    const failure = this.#onSwitch(lowercase(answer.rawHeaders), socket);
    if (failure === undefined) return;
    socket.destroy();
    this.#report(failure);
  }

  #onInform(status: number, rawHeaders: string[]): void {
    if (this.#over) return;
    if (++this.#interim > MAX_INTERIM) this.#fail(originError('http_protocol_error'));
    else if (status !== 100) this.#tell(() => this.sink.onInform?.(status, lowercase(rawHeaders)));
  }

  #onResponse(answer: IncomingMessage): void {
    const { statusCode: status = 0, rawHeaders } = answer;
    const { betweenBytes, mayDecline } = this.#terms;
    // Node takes a 101 without the fields of a switch for an answer without a body
    const isAnswer = mayDecline ? status >= 200 : status >= 300;
    if (!this.#over && !isAnswer) this.#fail(originError('http_upgrade_failed'));
    if (this.#over) {
      answer.destroy();
      return;
    }
    this.#answer = answer;
    this.#span?.answered(status);
    this.#terms.answered(answer.statusCode ?? 0);
    answer.on('data', (chunk: Buffer) => {
      this.#context.counters.add(this.#line, SLOT.originResponseBytes, chunk.length);
      countPassing(chunk.length);
      this.#wait(betweenBytes, 'connection_read_timeout');
      if (!this.#over) this.#tell(() => (this.#inspected ?? this.sink).onData(chunk));
    });
    answer.on('end', () => {
      if (this.#over) return;
      this.#close();
      if (answer.complete) this.#tell(() => (this.#inspected ?? this.sink).onEnd(lowercase(answer.rawTrailers)));
      else this.#report(originError('http_response_incomplete'));
    });
    answer.on('error', () => this.#fail(originError('http_response_incomplete')));
    this.#wait(betweenBytes, 'connection_read_timeout');
    if (this.#inspect !== undefined) this.#inspected = new InspectedAnswer(this.#inspect(), this);
    this.#tell(() => (this.#inspected ?? this.sink).onHead(status, lowercase(rawHeaders)));
  }

  #wait(time: number, type: 'http_response_timeout' | 'connection_read_timeout'): void {
    clearTimeout(this.#timer);
    if (time > 0 && !this.#over) this.#timer = setTimeout(() => this.#late(type), time);
  }

  #late(type: 'http_response_timeout' | 'connection_read_timeout'): void {
    // it is the client that is waited for
    if (this.#paused) this.#wait(this.#terms.betweenBytes, type);
    else this.#fail(originError(type));
  }

  abort(): void {
    this.#inspected?.drop();
    if (this.#over) return;
    this.#close();
    this.#socket?.destroy();
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.pause();
    else this.resume();
  }

  refuse(error: OriginError): void {
    this.abort();
    this.sink.onError(error);
  }

  pause(): void {
    this.#paused = true;
    this.#answer?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#answer?.resume();
  }

  /** What the sink throws is a bug of ours. */
  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.bug(error as Error);
    }
  }

  bug(error: Error): void {
    this.#context.onBug(error);
    this.#fail(originError('proxy_internal_error'));
  }

  #fail(error: OriginError): void {
    if (this.#over) return;
    this.abort();
    this.#report(error);
  }

  #report(error: OriginError): void {
    this.#span?.failed(error.type);
    if (!NOT_COUNTED.has(error.type)) this.#terms.failed();
    this.#context.counters.add(this.#line, originErrorSlot(errorKind(error.type)), 1);
    this.sink.onError(error);
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#context.counters.observe(this.#line, SLOT.originDuration, (performance.now() - this.#started) / 1000);
  }
}

function lowercase(rawHeaders: readonly string[]): HeaderList {
  return rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}
