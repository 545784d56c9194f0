import type { Socket } from 'node:net';
import { type buildConnector, type Dispatcher, errors, Pool } from 'undici';
import { connectorOf, type Dialer } from './connect.ts';
import type { OriginConnections, OriginDispatchOptions } from './connections.ts';
import { OriginSession, type SessionOwner } from './http2-session.ts';
import { canRepeat, type PendingRequest, type Refusal, type StreamTimeouts } from './http2-stream.ts';
import type { ClientEnd } from './proxy-header.ts';

/** How long an origin that chose HTTP/1.1 is not asked for HTTP/2 again, in ms. */
const HTTP1_TIME = 600_000;

/** Times that a request is made anew because the origin had not looked at it (RFC 9113 section 8.7). */
const MAX_TRIES = 2;

export interface NegotiationTerms {
  readonly url: string;
  /** Of the pool for HTTP/1.1. */
  readonly http1: Pool.Options;
  readonly connections: number;
  /** How long a connection is used, in ms. */
  readonly maxAge: number;
  /** `connect` is that of one connection. */
  readonly timeouts: StreamTimeouts & { readonly connect: number };
  /** HTTP/2 without asking, for origins without TLS. */
  readonly priorKnowledge: boolean;
}

/**
 * Connections to an origin that may speak HTTP/2: the first one finds out by ALPN. With HTTP/2 requests share
 * connections up to the origin's limit of streams; otherwise that connection goes to a pool for HTTP/1.1.
 */
export class NegotiatingConnections implements OriginConnections, SessionOwner {
  readonly timeouts: StreamTimeouts;
  readonly #dialer: Dialer;
  readonly #terms: NegotiationTerms;
  readonly #http1: Pool;
  /** Connections that turned out to be for HTTP/1.1, until the pool takes them. */
  readonly #spare: Socket[] = [];
  readonly #fresh: buildConnector.connector;
  readonly #sessions = new Set<OriginSession>();
  /** Those that finish what they have. */
  readonly #leaving = new Set<OriginSession>();
  readonly #waiting: PendingRequest[] = [];
  /** Looks for those who wait for too long. */
  #timer: NodeJS.Timeout | undefined;
  /** Until when the origin is taken for one of HTTP/1.1. */
  #http1Until = 0;
  #isDialing = false;
  #closed: PromiseWithResolvers<void> | undefined;
  #isDestroyed = false;

  constructor(dialer: Dialer, terms: NegotiationTerms) {
    this.#dialer = dialer;
    this.#terms = terms;
    this.timeouts = terms.timeouts;
    this.#fresh = connectorOf(dialer, undefined);
    this.#http1 = new Pool(terms.url, { ...terms.http1, connect: this.#connectHttp1 });
  }

  dispatch(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#closed !== undefined || this.#isDestroyed) {
      fail(handler, new errors.ClientClosedError());
      return false;
    }
    if (performance.now() < this.#http1Until) return this.#http1.dispatch(options, handler);
    this.#waiting.push({ options, handler, since: performance.now(), tries: 0 });
    this.#flush();
    this.#watch();
    return this.#waiting.length === 0;
  }

  dial(client: ClientEnd | undefined): Promise<Socket> {
    return this.#dialer.dial({ protocols: ['http/1.1'], client });
  }

  get stats(): OriginConnections['stats'] {
    const { connected, running, pending } = this.#http1.stats;
    const sessions = [...this.#sessions, ...this.#leaving];
    return {
      connected: connected + sessions.length,
      running: running + sessions.reduce((sum, { streams }) => sum + streams, 0),
      pending: pending + this.#waiting.length,
    };
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#checkClosed();
    await Promise.all([this.#closed.promise, this.#http1.close()]);
    this.#dropSpare();
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    clearTimeout(this.#timer);
    const error = new errors.ClientDestroyedError();
    for (const { handler } of this.#waiting.splice(0)) fail(handler, error);
    for (const session of [...this.#sessions, ...this.#leaving]) session.destroy(error);
    this.#dropSpare();
    this.#closed?.resolve();
    await this.#http1.destroy();
  }

  onRoom(): void {
    this.#flush();
  }

  onRefused(request: PendingRequest, refusal: Refusal): boolean {
    if (++request.tries >= MAX_TRIES || this.#isDestroyed || !canRepeat(request.options)) return false;
    if (refusal === 'http1') {
      this.#http1Until = performance.now() + HTTP1_TIME;
      this.#http1.dispatch(request.options, request.handler);
    } else {
      this.#waiting.unshift(request);
      // whoever refuses is asked again in a moment, not from within its answer
      setImmediate(() => this.#flush());
    }
    return true;
  }

  onGone(session: OriginSession): void {
    if (this.#sessions.delete(session) && session.streams > 0) this.#leaving.add(session);
    if (session.streams === 0) this.#leaving.delete(session);
    setImmediate(() => this.#flush());
  }

  /** Gives requests that wait to sessions with room; where there is none, a connection is made. */
  #flush(): void {
    for (const session of this.#leaving) if (session.streams === 0) this.#leaving.delete(session);
    if (performance.now() < this.#http1Until) this.#flushHttp1();
    while (this.#waiting.length > 0) {
      const session = this.#pick();
      if (session === undefined) {
        this.#dial();
        break;
      }
      const request = this.#waiting.shift()!;
      try {
        session.request(request);
      } catch (error) {
        this.#failedToSend(session, request, error as NodeJS.ErrnoException);
      }
    }
    this.#checkClosed();
  }

  /** Sees to it that nobody waits for ever: an origin may allow no streams, however often it is connected to. */
  #watch(): void {
    const { connect, firstByte } = this.#terms.timeouts;
    if (this.#timer !== undefined || this.#waiting.length === 0 || firstByte === 0) return;
    const left = this.#waiting[0].since + connect + firstByte - performance.now();
    this.#timer = setTimeout(() => this.#expire(connect + firstByte), left).unref();
  }

  #expire(patience: number): void {
    this.#timer = undefined;
    const late = performance.now() - patience;
    while (this.#waiting.length > 0 && this.#waiting[0].since <= late) {
      fail(this.#waiting.shift()!.handler, new errors.HeadersTimeoutError());
    }
    this.#watch();
    this.#checkClosed();
  }

  #flushHttp1(): void {
    for (const { options, handler } of this.#waiting.splice(0)) this.#http1.dispatch(options, handler);
  }

  #pick(): OriginSession | undefined {
    for (const session of this.#sessions) {
      if (session.age > this.#terms.maxAge) session.close();
      else if (session.hasRoom) return session;
    }
    return undefined;
  }

  #failedToSend(session: OriginSession, request: PendingRequest, error: NodeJS.ErrnoException): void {
    if (error.code === 'ERR_HTTP2_GOAWAY_SESSION' || error.code === 'ERR_HTTP2_INVALID_SESSION') {
      this.#waiting.unshift(request);
      session.close();
      this.#sessions.delete(session);
    } else fail(request.handler, error);
  }

  #dial(): void {
    if (this.#isDialing || this.#isDestroyed || this.#sessions.size >= this.#terms.connections) return;
    // there may be room for all as soon as the limit is known; an origin that allows no streams for now wants no connections
    for (const { isKnown, isShut } of this.#sessions) if (!isKnown || isShut) return;
    this.#isDialing = true;
    const { priorKnowledge } = this.#terms;
    this.#dialer.dial({ protocols: ['h2', 'http/1.1'], client: undefined }).then(
      (socket) => {
        this.#isDialing = false;
        if (this.#isDestroyed) socket.destroy();
        else if (priorKnowledge || alpnOf(socket) === 'h2') this.#begin(socket);
        else this.#fallBack(socket);
      },
      (error: unknown) => {
        this.#isDialing = false;
        // requests for which there may be room soon go on waiting
        if (this.#sessions.size === 0) for (const { handler } of this.#waiting.splice(0)) fail(handler, error as Error);
        this.#checkClosed();
      },
    );
  }

  #begin(socket: Socket): void {
    this.#http1Until = 0;
    const { protocol, host } = new URL(this.#terms.url);
    this.#sessions.add(new OriginSession(socket, protocol === 'https:' ? 'https' : 'http', host, this));
    this.#flush();
  }

  #fallBack(socket: Socket): void {
    this.#http1Until = performance.now() + HTTP1_TIME;
    this.#spare.push(socket);
    socket.once('close', () => {
      const index = this.#spare.indexOf(socket);
      if (index >= 0) this.#spare.splice(index, 1);
    });
    this.#flush();
  }

  readonly #connectHttp1: buildConnector.connector = (options, callback) => {
    const spare = this.#spare.shift();
    if (spare !== undefined && !spare.destroyed) {
      // undici does not expect the answer before its own return
      queueMicrotask(() => callback(null, spare));
      return;
    }
    this.#fresh(options, callback);
  };

  #dropSpare(): void {
    for (const socket of this.#spare.splice(0)) socket.destroy();
  }

  /** Where nothing waits any more, connections end with their last request. */
  #checkClosed(): void {
    if (this.#closed === undefined || this.#waiting.length > 0) return;
    for (const session of this.#sessions) session.close();
    if (this.#sessions.size + this.#leaving.size === 0) this.#closed.resolve();
  }
}

/** The protocol that ALPN chose. */
function alpnOf(socket: Socket): unknown {
  return (socket as Socket & { alpnProtocol?: unknown }).alpnProtocol;
}

/** A request that never got a connection, in the way in which undici tells it. */
function fail(handler: Dispatcher.DispatchHandler, error: Error): void {
  handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, error);
}
