import type { Dispatcher } from 'undici';
import type { ProxyErrorType } from '../http/proxy-status.ts';
import type { OriginDispatchOptions } from '../origin/connections.ts';
import type { Waiter } from '../origin/limits.ts';
import type { Origin } from '../origin/origin.ts';
import { errorKind, type OriginError, originError, originErrorFrom } from '../origin/origin-error.ts';
import type { ClientEnd } from '../origin/proxy-header.ts';
import { type Consequence, OriginUse } from '../origin/use.ts';
import { originErrorSlot, SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';
import type { OriginRequest } from './origin-request.ts';

/** Whoever makes attempts, one after the other. An attempt that was abandoned says nothing any more. */
export interface AttemptOwner {
  /** Every head, interim ones too. */
  onStatus(status: number, headers: Record<string, string | string[] | undefined>): void;
  onData(chunk: Buffer): void;
  onEnd(trailers: Record<string, string | string[] | undefined>): void;
  onFailure(error: OriginError): void;
}

/** Errors that are not the origin's: they do not count against it. */
export const OURS: ReadonlySet<ProxyErrorType> = new Set([
  'proxy_internal_error',
  'http_request_error',
  'connection_limit_reached',
  'destination_ip_prohibited',
]);

/** One try of a request at one origin: waits for its turn, is sent, and tells all threads how the origin did. */
export class Attempt implements Dispatcher.DispatchHandler, Waiter {
  readonly #context: EdgeContext;
  readonly #line: number;
  readonly #owner: AttemptOwner;
  readonly #use: OriginUse;
  readonly #now: () => number;
  readonly request: OriginRequest;
  readonly #client: ClientEnd | undefined;
  #started: number;
  #controller: Dispatcher.DispatchController | undefined;
  #hasTurn = false;
  #isAbandoned = false;
  #isOver = false;

  constructor(context: EdgeContext, line: number, owner: AttemptOwner, origin: Origin, terms: AttemptTerms) {
    this.#context = context;
    this.#line = line;
    this.#owner = owner;
    this.#now = terms.clock;
    this.#started = terms.now;
    this.#use = new OriginUse(origin, terms.now);
    this.request = terms.request;
    this.#client = terms.client;
  }

  get origin(): Origin {
    return this.#use.origin;
  }

  /** Whether the request has a connection; until then it waits. */
  get isStarted(): boolean {
    return this.#controller !== undefined;
  }

  start(): void {
    if (this.origin.gate.enter(this)) this.#send();
  }

  onTurn(): void {
    this.#started = this.#now();
    this.#use.began(this.#started);
    this.#send();
  }

  #send(): void {
    this.#hasTurn = true;
    this.#context.counters.add(this.#line, SLOT.originRequests, 1);
    const { pool, servername } = this.origin;
    const { method, target, headers, body } = this.request;
    const options: OriginDispatchOptions & { servername?: string } = { method, path: target, headers, body };
    if (servername !== undefined) options.servername = servername;
    if (this.#client !== undefined) options.client = this.#client;
    pool.dispatch(options, this);
  }

  onRefused(type: ProxyErrorType): void {
    if (this.#isOver) return;
    this.request.span?.failed(type);
    this.#end();
    this.#report(originError(type));
  }

  /** Gives the answer up: the connection is closed unless the answer was complete. */
  abandon(): void {
    if (this.#isOver || this.#isAbandoned) return;
    this.#isAbandoned = true;
    if (this.#hasTurn) this.#controller?.abort(new Error('the client went away'));
    else {
      this.origin.gate.cancel(this);
      this.#end();
    }
  }

  /** The origin's answer cannot be used: that counts against it, unless it was not asked yet. */
  condemn(error: OriginError): void {
    if (this.#isOver || this.#isAbandoned) return;
    if (this.#hasTurn) this.#tell(this.#use.failed(this.#now()));
    this.request.span?.failed(error.type);
    this.#context.counters.add(this.#line, originErrorSlot(errorKind(error.type)), 1);
    this.abandon();
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isAbandoned) controller.abort(new Error('the client went away'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#isAbandoned) return;
    if (status >= 200) {
      this.#tell(this.#use.answered(status, this.#now()));
      this.request.span?.answered(status);
    }
    this.#owner.onStatus(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isAbandoned) this.#owner.onData(chunk);
  }

  onResponseEnd(
    _controller: Dispatcher.DispatchController,
    trailers: Record<string, string | string[] | undefined>,
  ): void {
    this.#end();
    if (!this.#isAbandoned) this.#owner.onEnd(trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, cause: Error): void {
    if (this.#isOver) return;
    if (this.#isAbandoned) {
      this.#end();
      return;
    }
    const error = originErrorFrom(cause);
    if (!OURS.has(error.type)) this.#tell(this.#use.failed(this.#now()));
    this.request.span?.failed(error.type);
    this.#end();
    this.#report(error);
  }

  #report(error: OriginError): void {
    this.#isAbandoned = true;
    this.#context.counters.add(this.#line, originErrorSlot(errorKind(error.type)), 1);
    this.#owner.onFailure(error);
  }

  #tell(consequence: Consequence | undefined): void {
    const { counters } = this.#context;
    if (consequence?.ejected) counters.add(this.#line, SLOT.originEjections, 1);
    if (consequence?.opened) counters.add(this.#line, SLOT.circuitOpened, 1);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.request.span?.end();
    const now = this.#now();
    this.#use.end(now);
    if (!this.#hasTurn) return;
    this.#context.counters.observe(this.#line, SLOT.originDuration, (now - this.#started) / 1000);
    this.origin.gate.leave();
  }
}

export interface AttemptTerms {
  readonly request: OriginRequest;
  /** Whose request it is, where the origin is told by a PROXY header. */
  readonly client: ClientEnd | undefined;
  /** The clock of origin states, and what it says. */
  readonly clock: () => number;
  readonly now: number;
}
