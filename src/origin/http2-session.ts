import { type ClientHttp2Session, connect } from 'node:http2';
import type { Socket } from 'node:net';
import { errors } from 'undici';
import { keepHandleOnError } from '../base/http2-handles.ts';
import {
  type PendingRequest,
  type Refusal,
  StreamExchange,
  type StreamOwner,
  type StreamTimeouts,
} from './http2-stream.ts';

/** Streams at once on a connection whose origin allows more. */
const MAX_STREAMS = 100;

/** Bytes that may be under way on one stream, and on the connection. */
const STREAM_WINDOW = 1 << 18;
const CONNECTION_WINDOW = 1 << 22;

/** Bytes of fields that an origin may send in one head. */
const MAX_HEAD = 1 << 16;

/** Fields of one head. */
const MAX_FIELDS = 1000;

/** Megabytes that a session may hold, all streams' windows among them. */
const MAX_MEMORY = 64;

/** How long a connection without a stream is kept, in ms. */
const KEEP_ALIVE = 15_000;

/** How often a connection with streams is asked for a sign of life, and how long it has for that, in ms. */
const PING_INTERVAL = 20_000;
const PING_TIMEOUT = 2000;

/** Who hears of a session. */
export interface SessionOwner {
  readonly timeouts: StreamTimeouts;
  /** A stream has ended, or there is room for one. */
  onRoom(): void;
  onRefused(request: PendingRequest, refusal: Refusal): boolean;
  /** It takes no more requests. */
  onGone(session: OriginSession): void;
}

/** One HTTP/2 connection to an origin. */
export class OriginSession implements StreamOwner {
  readonly #owner: SessionOwner;
  readonly #session: ClientHttp2Session;
  readonly #scheme: string;
  readonly #born = performance.now();
  readonly #pings: NodeJS.Timeout;
  #probe: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #streams = 0;
  /** As the origin says in SETTINGS; until these are there, one. */
  #limit = 1;
  #isKnown = false;
  #isGone = false;

  /** @param socket connected, and past the TLS handshake */
  constructor(socket: Socket, scheme: 'http' | 'https', authority: string, owner: SessionOwner) {
    this.#owner = owner;
    this.#scheme = scheme;
    this.#session = connect(`${scheme}://${authority}`, {
      createConnection: () => socket,
      maxHeaderListPairs: MAX_FIELDS,
      maxSessionMemory: MAX_MEMORY,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW, maxHeaderListSize: MAX_HEAD },
    });
    this.#listen(this.#session, socket);
    this.#pings = setInterval(() => {
      if (this.#streams > 0) this.onSilence();
    }, PING_INTERVAL).unref();
    this.#rest();
  }

  get timeouts(): StreamTimeouts {
    return this.#owner.timeouts;
  }

  get streams(): number {
    return this.#streams;
  }

  get hasRoom(): boolean {
    // streams hear of the end of a session before the session does
    const { closed, destroyed } = this.#session;
    return !this.#isGone && !closed && !destroyed && this.#probe === undefined && this.#streams < this.#limit;
  }

  /** Whether the origin has said how many streams it takes. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether the origin takes no streams on it for now (RFC 9113 section 6.5.2). */
  get isShut(): boolean {
    return this.#limit === 0;
  }

  /** In ms. */
  get age(): number {
    return performance.now() - this.#born;
  }

  /** Makes a request; there must be room. @throws where its fields cannot be sent */
  request(request: PendingRequest): void {
    this.#streams++;
    clearTimeout(this.#idle);
    try {
      new StreamExchange(this.#session, this.#scheme, request, this);
    } catch (error) {
      this.#streams--;
      this.#rest();
      throw error;
    }
  }

  onRefused(request: PendingRequest, refusal: Refusal): boolean {
    return this.#owner.onRefused(request, refusal);
  }

  /** Asks the origin for a sign of life; no stream begins before it is there. */
  onSilence(): void {
    if (this.#probe !== undefined || this.#session.destroyed) return;
    this.#probe = setTimeout(() => this.destroy(new errors.SocketError('the connection is dead')), PING_TIMEOUT);
    this.#session.ping((error) => {
      clearTimeout(this.#probe);
      this.#probe = undefined;
      if (error === null) this.#owner.onRoom();
    });
  }

  onClose(): void {
    this.#streams--;
    this.#rest();
    this.#owner.onRoom();
  }

  /** Takes no more requests, and ends when the last one is complete. */
  close(): void {
    this.#leave();
    if (!this.#session.closed && !this.#session.destroyed) this.#session.close();
  }

  destroy(error?: Error): void {
    this.#leave();
    this.#session.destroy(error);
  }

  #listen(session: ClientHttp2Session, socket: Socket): void {
    session.on('connect', () => {
      keepHandleOnError(session);
      session.setLocalWindowSize(CONNECTION_WINDOW);
    });
    session.on('remoteSettings', ({ maxConcurrentStreams = MAX_STREAMS }) => {
      this.#isKnown = true;
      this.#limit = Math.min(MAX_STREAMS, maxConcurrentStreams);
      this.#owner.onRoom();
    });
    session.on('goaway', () => this.#leave());
    // what breaks the session is told to each of its streams
    session.on('error', () => this.#leave());
    session.on('close', () => {
      this.#leave();
      clearInterval(this.#pings);
      clearTimeout(this.#probe);
      clearTimeout(this.#idle);
      socket.destroy();
    });
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#owner.onGone(this);
  }

  #rest(): void {
    if (this.#streams > 0 || this.#isGone) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), KEEP_ALIVE).unref();
  }
}
