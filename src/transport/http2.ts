import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { keepHandleOnError } from '../base/http2-handles.ts';
import type { ClientWatch } from '../request/client-watch.ts';
import { clientAddress } from './client-address.ts';
import { Http2Reply } from './http2-reply.ts';
import { type ConnectionFacts, readHttp2Request } from './http2-request.ts';
import { serverNameOf } from './server-name.ts';
import type { RequestHandler } from './uws.ts';

/** What an HTTP/2 client may take. Times in ms, sizes in bytes, 0 for no limit. */
export interface Http2Limits {
  /** Streams of a connection at once. */
  streams: number;
  /** From the connection's beginning to its first request. */
  headerTimeout: number;
  /** How long a connection may be without a stream. */
  idleTimeout: number;
  maxRequestHeader: number;
}

/** As many streams as there can be. */
const UNLIMITED = 2 ** 32 - 1;

/** Field lines of a request with its pseudo-fields; nghttp2 resets a stream with more. */
const MAX_FIELDS = 132;

/** Bytes a field costs beside its name and value (RFC 9113 section 6.5.2). */
const FIELD_OVERHEAD = 32;

/** What a client may send of all its bodies before it hears more: each stream has a window of its own, which bounds what is held. */
const CONNECTION_WINDOW = 1 << 20;

/** Streams that a client may reset at once, and then a second: the answer to rapid resets (CVE-2023-44487) is GOAWAY. */
const RESET_BURST = 200;
const RESET_RATE = 30;

/** Frames against the rules, and streams beyond the limit, after which the connection ends. */
const MAX_INVALID_FRAMES = 100;
const MAX_REJECTED_STREAMS = 200;

/** Settings of one frame. */
const MAX_SETTINGS = 32;

/**
 * What Node counts as held by a connection, beyond which it refuses all streams. MB. What is held is bounded by that of each stream; but Node counts
 * what a reset stream had not sent until its connection ends, so that the limit has to have room for that.
 */
const SESSION_MEMORY = 2000;

/** Bytes that streams may have taken with them unsent when they were reset, before their connection ends in good order. */
const MAX_LOST = 1e9;

/** How long a client may take to say that it heard that no more streams are taken, in ms. */
const NOTICE = 1000;

/** How often is looked for idle connections and streams that hang, in ms. */
const TICK = 1000;

interface Session {
  facts: ConnectionFacts;
  socket: Socket;
  streams: Set<ServerHttp2Stream>;
  /** Bytes of streams that ended before these were sent. */
  lost: number;
  /** performance.now() when its last stream ended, or when it began. */
  since: number;
  used: boolean;
  closing: boolean;
}

/** HTTP/2 connections of one listener, by Node's core API: whoever accepts sockets hands them over. */
export class Http2Connections {
  readonly #server: Http2Server;
  readonly #handler: RequestHandler;
  readonly #clients: ClientWatch;
  readonly #sessions = new Map<ServerHttp2Session, Session>();
  readonly #timer: NodeJS.Timeout;
  #limits: Http2Limits;
  #draining = false;

  constructor(handler: RequestHandler, clients: ClientWatch, limits: Http2Limits) {
    this.#handler = handler;
    this.#clients = clients;
    this.#limits = limits;
    this.#server = createServer(serverOptions(limits));
    // a connection that fails, and says so by its end
    this.#server.on('sessionError', () => {});
    this.#timer = setInterval(() => this.#look(), TICK).unref();
  }

  /** Takes a connection over; over TLS ALPN has chosen `h2`. */
  take(socket: Socket): void {
    if (socket.destroyed) return;
    const begin = (session: ServerHttp2Session) => this.#onSession(session, socket);
    // told within the next call
    this.#server.once('session', begin);
    this.#server.emit('connection', socket);
    this.#server.off('session', begin);
  }

  /** Other limits: times at once, the rest for connections that are yet to come. */
  update(limits: Http2Limits): void {
    this.#limits = limits;
    this.#server.updateSettings(settingsFor(limits));
  }

  /** Has all connections end once their streams have: GOAWAY. */
  drain(): void {
    this.#draining = true;
    for (const [session, state] of this.#sessions) shutDown(session, state);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const session of this.#sessions.keys()) session.destroy();
  }

  #onSession(session: ServerHttp2Session, socket: Socket): void {
    const facts = factsOf(socket);
    const state: Session = {
      facts,
      socket,
      streams: new Set(),
      lost: 0,
      since: performance.now(),
      used: false,
      closing: false,
    };
    this.#sessions.set(session, state);
    keepHandleOnError(session);
    session.on('close', () => this.#sessions.delete(session));
    session.on('stream', (stream, _headers, _flags, lines) => this.#onStream(stream, lines, session, state));
    session.setLocalWindowSize(CONNECTION_WINDOW);
    if (this.#draining) shutDown(session, state);
  }

  #onStream(stream: ServerHttp2Stream, lines: readonly string[], session: ServerHttp2Session, state: Session): void {
    // a stream that fails says so by its end
    stream.on('error', () => {});
    state.streams.add(stream);
    state.used = true;
    stream.on('close', () => {
      state.streams.delete(stream);
      state.since = performance.now();
      state.lost += stream.writableLength;
      if (state.lost > MAX_LOST) shutDown(session, state);
    });
    endWithReset(stream);
    if (listSize(lines) > this.#limits.maxRequestHeader + MAX_FIELDS * FIELD_OVERHEAD) {
      stream.respond({ ':status': 431, 'cache-status': 'lb; fwd=bypass; detail=refused' }, { endStream: true });
      if (!stream.endAfterHeaders) stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    const request = readHttp2Request(stream, lines, state.facts);
    if (request === undefined) {
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    const endConnection = () => shutDown(session, state);
    this.#handler.handle(request, new Http2Reply(stream, request, this.#clients, endConnection));
  }

  #look(): void {
    const now = performance.now();
    const { headerTimeout, idleTimeout } = this.#limits;
    for (const [session, state] of this.#sessions) {
      for (const stream of state.streams) if (isLeft(stream)) stream.destroy();
      const limit = state.used ? idleTimeout : headerTimeout;
      if (state.streams.size > 0 || limit === 0 || now - state.since < limit) continue;
      // who does not go on a word goes without one: a session that is closed waits for the client to end its side
      if (state.closing) state.socket.destroy();
      else shutDown(session, state);
    }
  }
}

/**
 * Ends a stream as soon as the client resets it in the middle of an answer. Node waits for what is written to leave where the
 * code is NO_ERROR, which it never will: the stream would not end before its connection, nor what it holds.
 */
function endWithReset(stream: ServerHttp2Stream): void {
  stream.once('aborted', () => process.nextTick(() => stream.destroy()));
}

/** Whether a stream was reset by NO_ERROR when its answer was complete but for what waits to leave; Node tells nobody. */
function isLeft(stream: ServerHttp2Stream): boolean {
  // nghttp2 knows it no more
  return stream.closed && !stream.writableFinished && stream.state.state === constants.NGHTTP2_STREAM_STATE_IDLE;
}

/** As clients count what SETTINGS_MAX_HEADER_LIST_SIZE is about; Node tells them, and leaves it at that. */
function listSize(lines: readonly string[]): number {
  let size = (lines.length / 2) * FIELD_OVERHEAD;
  for (const text of lines) size += text.length;
  return size;
}

function factsOf(socket: Socket): ConnectionFacts {
  return {
    address: clientAddress(socket),
    scheme: socket instanceof TLSSocket ? 'https' : 'http',
    serverName: serverNameOf(socket),
  };
}

/**
 * Ends a connection in good order (RFC 9113 section 6.8): first a GOAWAY that refuses nothing, and once the client has heard
 * it, or some time has passed, one that tells the last stream.
 */
function shutDown(session: ServerHttp2Session, state: Session): void {
  if (state.closing || session.destroyed || session.closed) return;
  state.closing = true;
  session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
  const end = () => {
    clearTimeout(timer);
    if (!session.destroyed && !session.closed) session.close();
  };
  const timer = setTimeout(end, NOTICE);
  session.once('close', () => clearTimeout(timer));
  session.ping(end);
}

function settingsFor({ streams, maxRequestHeader }: Http2Limits) {
  return {
    // told in any case: one that is left out by a reload would stay as it was
    maxConcurrentStreams: streams > 0 ? streams : UNLIMITED,
    maxHeaderListSize: maxRequestHeader + MAX_FIELDS * FIELD_OVERHEAD,
    enableConnectProtocol: true,
  };
}

function serverOptions(limits: Http2Limits) {
  return {
    settings: settingsFor(limits),
    maxHeaderListPairs: MAX_FIELDS,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionRejectedStreams: MAX_REJECTED_STREAMS,
    maxSessionMemory: SESSION_MEMORY,
    maxSettings: MAX_SETTINGS,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESET_RATE,
    // an origin's answer may repeat a field that should be there once; it is passed on as it is
    strictSingleValueFields: false,
  };
}
