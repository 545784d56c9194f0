import { countPassing } from '../base/garbage.ts';
import type { HeaderList } from '../http/headers.ts';
import type { ProxyErrorType } from '../http/proxy-status.ts';
import type { OriginRoute } from '../origin/balance-site.ts';
import type { Origin } from '../origin/origin.ts';
import { type OriginError, originError } from '../origin/origin-error.ts';
import { isIdempotent, retryCause } from '../origin/retry.ts';
import { SLOT } from '../stats/counters.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { EdgeContext } from './context.ts';
import { InspectedAnswer, type InspectedSource } from './inspected.ts';
import type { OriginRequest } from './origin-request.ts';

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

export type { OriginRequest } from './origin-request.ts';

/** Makes the request for an origin: its Host field may depend on that. Called once for each origin that is tried. */
export type RequestBuilder = (origin: Origin) => OriginRequest;

/** An answer on its way to a sink. */
export interface Source {
  /** May be replaced between two calls. */
  sink: FetchSink;
  /** When the origin was asked, seconds since 1970. */
  readonly requestTime: number;
  /** Whether the request has a connection; until then it waits in the pool. */
  readonly isStarted: boolean;
  /** What the client is told so that it comes back to this origin: value of Set-Cookie, undefined for nothing. */
  stickyCookie?(secure: boolean): string | undefined;
  start(route: OriginRoute, build: RequestBuilder): void;
  /** Gives the answer up. The sink hears no more. */
  abort(): void;
  /** Holds the origin back; calls do not add up. */
  pause(): void;
  resume(): void;
}

/**
 * One request to a site's origins, with its answer led to a sink. Where an origin fails before anything of its answer was
 * delivered, and the request may be sent twice, another one is tried; see docs/origins.md.
 */
export class Fetch implements Source, AttemptOwner, InspectedSource {
  /** May be replaced between two calls. */
  sink: FetchSink;
  /** When the request was handed to the pool, seconds since 1970. */
  requestTime = 0;
  readonly #context: EdgeContext;
  readonly #line: number;
  #route: OriginRoute | undefined;
  #build: RequestBuilder | undefined;
  #attempt: Attempt | undefined;
  /** Origins that failed; the one being asked is not among them. */
  #tried: Origin[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #aborted = false;
  /** The head of the final answer is there. */
  #began = false;
  #interim = 0;
  /** Where the answer is looked at before the sink has it. */
  #inspected: InspectedAnswer | undefined;
  #paused = false;
  /** The answer is held back until it has been judged. */
  #isJudged = false;
  #ended = false;

  constructor(context: EdgeContext, site: number, sink: FetchSink) {
    this.#context = context;
    this.#line = context.lines[site];
    this.sink = sink;
  }

  start(route: OriginRoute, build: RequestBuilder): void {
    const { site } = route;
    this.#route = route;
    this.#build = build;
    site.budget.deposit();
    const { total } = site.config.timeouts;
    if (total > 0) this.#timer = setTimeout(() => this.#onLate(), total);
    const now = site.now();
    const origin = site.choose(route, now);
    if (origin !== undefined) this.#try(origin, now);
    else queueMicrotask(() => this.#refuse());
  }

  /** @param now of the clock of origin states */
  #try(origin: Origin, now: number): void {
    const { route, build } = this.#terms();
    const request = build(origin);
    this.requestTime = Date.now() / 1000;
    const terms = { request, client: route.client, clock: route.site.now, now };
    this.#attempt = new Attempt(this.#context, this.#line, this, origin, terms);
    this.#attempt.start();
  }

  #terms(): { route: OriginRoute; build: RequestBuilder } {
    if (this.#route === undefined || this.#build === undefined) throw new Error('a fetch is started first');
    return { route: this.#route, build: this.#build };
  }

  /** Whether the request has a connection, or had one; until then it waits. */
  get isStarted(): boolean {
    return this.#tried !== undefined || this.#attempt?.isStarted === true;
  }

  stickyCookie(secure: boolean): string | undefined {
    return this.#route?.cookieFor(this.#attempt?.origin, secure);
  }

  /** Gives the answer up: the connection is closed unless the answer was complete. The sink hears no more. */
  abort(): void {
    this.#inspected?.drop();
    if (this.#ended || this.#aborted) return;
    this.#aborted = true;
    clearTimeout(this.#timer);
    this.#attempt?.abandon();
  }

  /** Holds the origin back; calls do not add up. */
  pause(): void {
    if (this.#paused || this.#ended) return;
    this.#paused = true;
    // before the head there is nothing to hold back
    if (this.#began) this.#attempt?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#isJudged) this.#attempt?.resume();
  }

  onStatus(status: number, headers: Record<string, string | string[] | undefined>): void {
    const coding = headers['transfer-encoding'];
    // nobody asked for another protocol, and below 100 there are no statuses
    if (status === 101 || status < 100) this.#fail('http_protocol_error');
    else if (coding !== undefined && !isChunked(coding)) this.#fail('http_response_transfer_coding');
    else if (status < 200) this.#inform(status, headers);
    else if (!this.#isRetried(status)) {
      this.#began = true;
      if (this.#paused) this.#attempt?.pause();
      this.#deliver(() => this.#onHead(status, headerList(headers)));
    }
  }

  #onHead(status: number, headers: HeaderList): void {
    const inspect = this.#attempt?.request.inspect;
    if (inspect === undefined) {
      this.sink.onHead(status, headers);
      return;
    }
    this.#inspected = new InspectedAnswer(inspect(), this);
    this.#inspected.onHead(status, headers);
  }

  /** The answer waits for its judgement; apart from those who pause because they take no more. */
  hold(isHeld: boolean): void {
    this.#isJudged = isHeld;
    if (isHeld) this.#attempt?.pause();
    else if (!this.#paused) this.#attempt?.resume();
  }

  /** What has been looked at is for nobody. */
  refuse(error: OriginError): void {
    this.abort();
    this.sink.onError(error);
  }

  #isRetried(status: number): boolean {
    const { statuses } = this.#terms().route.site.config.retries;
    return statuses.includes(status) && this.#tryAgain(true);
  }

  #inform(status: number, headers: Record<string, string | string[] | undefined>): void {
    const count = ++this.#interim;
    if (count > MAX_INTERIM) this.#fail('http_protocol_error');
    else if (count <= MAX_INFORMED) this.#deliver(() => this.sink.onInform?.(status, headerList(headers)));
  }

  onData(chunk: Buffer): void {
    this.#context.counters.add(this.#line, SLOT.originResponseBytes, chunk.length);
    countPassing(chunk.length);
    try {
      if (this.#inspected === undefined) this.sink.onData(chunk);
      else this.#inspected.onData(chunk);
    } catch (error) {
      this.bug(error as Error);
    }
  }

  onEnd(trailers: Record<string, string | string[] | undefined>): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#deliver(() => (this.#inspected ?? this.sink).onEnd(headerList(trailers)));
  }

  onFailure(error: OriginError): void {
    const cause = retryCause(error.type);
    if (cause !== 'other' && this.#tryAgain(cause === 'reset')) return;
    this.#aborted = this.#ended = true;
    clearTimeout(this.#timer);
    this.#inspected?.drop();
    // an end in the middle of an answer is another thing than no answer
    const isCut = this.#began && error.type === 'connection_terminated';
    this.sink.onError(isCut ? originError('http_response_incomplete') : error);
  }

  /**
   * Asks another origin, or the same one where there is no other and it may answer the second time.
   * @returns whether it does
   */
  #tryAgain(orTheSame: boolean): boolean {
    const attempt = this.#attempt;
    const { route } = this.#terms();
    const { site } = route;
    const tries = (this.#tried?.length ?? 0) + 1;
    // interim answers have gone to the client
    const isUntouched = !this.#began && this.#interim === 0 && !this.#aborted;
    if (attempt === undefined || !isUntouched || tries > site.config.retries.attempts) return false;
    if (!isRepeatable(attempt.request)) return false;
    if (!site.budget.withdraw()) {
      this.#context.counters.add(this.#line, SLOT.retriesDenied, 1);
      return false;
    }
    const tried = [...(this.#tried ?? []), attempt.origin];
    const now = site.now();
    const next = site.choose(route, now, tried) ?? (orTheSame ? attempt.origin : undefined);
    if (next === undefined) {
      site.budget.refund();
      return false;
    }
    this.#tried = tried;
    this.#context.counters.add(this.#line, SLOT.originRetries, 1);
    attempt.abandon();
    this.#try(next, now);
    return true;
  }

  #onLate(): void {
    this.#fail(this.#began ? 'connection_read_timeout' : 'http_response_timeout');
  }

  /** No origin may be asked. */
  #refuse(): void {
    if (this.#aborted) return;
    this.#aborted = this.#ended = true;
    clearTimeout(this.#timer);
    this.sink.onError(originError('destination_unavailable'));
  }

  #deliver(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.bug(error as Error);
    }
  }

  /** What the sink throws is a bug of ours; undici would take it for a failure of the origin, and nobody would know. */
  bug(error: Error): void {
    this.#context.onBug(error);
    this.abort();
    this.#aborted = true;
    this.sink.onError(originError('proxy_internal_error'));
  }

  /** The origin's answer is such that it cannot be used, or it comes too late. */
  #fail(type: ProxyErrorType): void {
    if (this.#aborted || this.#ended) return;
    const error = originError(type);
    this.#attempt?.condemn(error);
    this.abort();
    this.sink.onError(error);
  }
}

/** Whether a request may be sent once more. */
function isRepeatable({ method, body }: OriginRequest): boolean {
  return (body === null || Buffer.isBuffer(body)) && isIdempotent(method);
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
