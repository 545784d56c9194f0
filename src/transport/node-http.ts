import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { ClientWatch } from '../request/client-watch.ts';
import type {
  Channel,
  ChannelEvents,
  Protocol,
  Reply,
  ReplyEvents,
  RequestView,
  SwitchAnswer,
} from '../request/reply.ts';
import { clientAddress } from './client-address.ts';
import { serveHttp1 } from './http1-requests.ts';
import { longestHead } from './load-uws.ts';
import { serverNameOf } from './server-name.ts';
import type { RequestHandler } from './uws.ts';

/** Deadlines and sizes of HTTP/1.1 connections. Times in ms, 0 for none. */
export interface HttpLimits {
  /** From a connection's beginning, or the end of the last response, to the end of a head. */
  headerTimeout: number;
  /** How long a connection may be without a request. */
  idleTimeout: number;
  /** Longest request target. Bytes. */
  url?: number;
}

/** How often is looked for late heads, in ms. */
const TICK = 1000;

/** Leads all requests of connections that are handed over by `emit('connection', socket)` to a handler. */
export function createHttpServer(
  handler: RequestHandler,
  clients: ClientWatch,
  limits: HttpLimits,
  maxRequestHeader: number,
): Server {
  const declined = new WeakSet<IncomingMessage>();
  const options = {
    maxHeaderSize: longestHead(limits.url ?? 0, maxRequestHeader),
    headersTimeout: limits.headerTimeout,
    // of bodies the pipeline takes care
    requestTimeout: 0,
    keepAliveTimeout: limits.idleTimeout,
    connectionsCheckingInterval: TICK,
    // the pipeline refuses requests without Host
    requireHostHeader: false,
    shouldUpgradeCallback: (message: IncomingMessage) => {
      if (mayUpgrade(message)) return true;
      declined.add(message);
      return false;
    },
  };
  const server = createServer(options);
  serveHttp1(server, (message, response) => {
    const reply = new NodeReply(message, response, clients);
    // what came in one piece with such a request, behind its body, Node does not read
    reply.closeAfter = declined.has(message);
    handler.handle(new NodeRequest(message), reply);
    return reply.closeAfter;
  });
  // it does not listen itself, but only one that does looks for late heads
  server.emit('listening');
  return server;
}

/** Other deadlines, for connections that stand too, and another longest head, for those to come. */
export function limitHttpServer(server: Server, limits: HttpLimits, maxRequestHeader: number): void {
  server.headersTimeout = limits.headerTimeout;
  server.keepAliveTimeout = limits.idleTimeout;
  // the types leave it out
  Object.assign(server, { maxHeaderSize: longestHead(limits.url ?? 0, maxRequestHeader) });
}

/** Whether a request that has Upgrade and Connection: upgrade may switch: one with a body goes on without. */
function mayUpgrade({ httpVersion, headers }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' || headers['transfer-encoding'] !== undefined) return false;
  return headers['content-length'] === undefined || headers['content-length'] === '0';
}

export class NodeRequest implements RequestView {
  readonly protocol: Protocol;
  readonly headersAtHand = true;
  readonly isUpgrade: boolean;
  readonly hasOpenBody = false;
  readonly #message: IncomingMessage;
  readonly #target: string;
  readonly #mark: number;

  constructor(message: IncomingMessage, isUpgrade = false) {
    this.#message = message;
    this.isUpgrade = isUpgrade;
    this.protocol = message.httpVersion === '1.0' ? '1.0' : '1.1';
    this.#target = message.url ?? '/';
    this.#mark = this.#target.indexOf('?');
  }

  scheme(): 'http' | 'https' {
    return this.#message.socket instanceof TLSSocket ? 'https' : 'http';
  }

  serverName(): string {
    return serverNameOf(this.#message.socket);
  }

  method(): string {
    return this.#message.method ?? '';
  }

  path(): string {
    return this.#mark < 0 ? this.#target : this.#target.slice(0, this.#mark);
  }

  query(): string {
    return this.#mark < 0 ? '' : this.#target.slice(this.#mark + 1);
  }

  header(name: string): string {
    // Node's own tables of fields cost more than all look-ups of a hit together
    const { rawHeaders } = this.#message;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const field = rawHeaders[i];
      if (field.length === name.length && field.toLowerCase() === name) return rawHeaders[i + 1];
    }
    return '';
  }

  headers(): string[] {
    return this.#message.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  }

  address(): string {
    return clientAddress(this.#message.socket);
  }
}

export class NodeReply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clients: ClientWatch;
  /** Of the head, while more may be added: name, value, ... */
  #fields: string[] = [];

  constructor(message: IncomingMessage, response: ServerResponse, clients: ClientWatch) {
    this.#message = message;
    this.#response = response;
    this.#clients = clients;
  }

  /** As text: node has no call for interim responses in general. One that waits behind another response has no socket. */
  inform(status: string, lines: string): void {
    const { socket, headersSent } = this.#response;
    if (this.closed || headersSent || socket === null || this.#message.httpVersion === '1.0') return;
    socket.write(`HTTP/1.1 ${status}\r\nVia: ${lines}\r\n\r\n`, 'latin1');
  }

  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    const text = typeof block === 'string' ? block : latin1(block);
    const lines = `${cacheStatus === '' ? 'Cache-Status' : 'Via'}: ${text}`.split('\r\n');
    const fields = cacheStatus === '' ? [] : ['Cache-Status', cacheStatus];
    for (const line of lines) {
      const colon = line.indexOf(':');
      fields.push(line.slice(0, colon), line.slice(colon + 2));
    }
    if (age >= 0) fields.push('Age', String(age));
    if (this.closeAfter) fields.push('Connection', 'close');
    this.#fields = fields;
    this.#response.statusCode = Number.parseInt(status, 10);
    this.#response.statusMessage = status.slice(4);
  }

  /** @param length of the body in bytes, -1 where only its end tells */
  #sendHead(length: number): void {
    const response = this.#response;
    if (response.headersSent) return;
    if (length >= 0) this.#fields.push('Content-Length', String(length));
    // as a list it goes out as it is: fields set one by one are put into tables first
    response.writeHead(response.statusCode, response.statusMessage, this.#fields);
  }

  end(body: Uint8Array | string): void {
    this.closed = true;
    this.offset += body.length;
    this.#sendHead(Buffer.byteLength(body));
    // views of shared memory are copied: the entry may be gone before the socket takes it
    if (typeof body === 'string' || body.length > IN_ONE) this.#response.end(Buffer.from(body as Uint8Array));
    else this.#response.end(latin1(body), 'latin1');
    this.#watchRest();
  }

  /** The pipeline looks after it no more, but the client may be slow to take what is left. */
  #watchRest(): void {
    const { socket } = this.#message;
    if (this.#response.writableFinished || socket.writableLength === 0) return;
    const before = socket.bytesWritten - socket.writableLength;
    const left = {
      progress: () => socket.bytesWritten - socket.writableLength - before,
      isWaiting: () => true,
      tooSlow: () => void socket.destroy(),
    };
    this.#clients.send(left);
    this.#response.once('close', () => this.#clients.forget(left));
  }

  endEmpty(length: number): void {
    this.closed = true;
    this.#sendHead(length);
    this.#response.end();
  }

  write(chunk: Uint8Array, total: number): boolean {
    if (this.closed) return false;
    this.#sendHead(total);
    const part = chunk.length > PART ? chunk.subarray(0, PART) : chunk;
    this.offset += part.length;
    const ready = this.#response.write(Buffer.from(part));
    if (this.offset !== total) return ready;
    this.closed = true;
    this.#response.end();
    this.#watchRest();
    return true;
  }

  flush(total: number): void {
    if (this.closed || this.#response.headersSent) return;
    this.#sendHead(total);
    // `flushHeaders` would send fields as UTF-8
    this.#response.write(NOTHING);
  }

  finish(trailers: readonly string[] = []): void {
    this.closed = true;
    this.#sendHead(-1);
    for (let i = 0; i < trailers.length; i += 2) this.#response.addTrailers([[trailers[i], trailers[i + 1]]]);
    this.#response.end();
    this.#watchRest();
  }

  destroy(): void {
    this.closed = true;
    this.#message.socket.destroy();
  }

  cork(send: () => void): void {
    if (this.closed) return;
    // not the response's own cork: its `end` sends the last chunk before the chunks that it held back
    const { socket } = this.#message;
    socket.cork();
    send();
    socket.uncork();
  }

  detach(events: ReplyEvents): void {
    this.#response.on('close', () => {
      if (this.closed) return;
      this.closed = true;
      events.onAborted();
    });
    this.#response.on('drain', () => {
      if (!this.closed) events.onWritable();
    });
  }

  onBody(take: (chunk: Uint8Array, last: boolean) => void): void {
    this.#message.on('data', (chunk: Buffer) => take(chunk, false));
    this.#message.on('end', () => take(new Uint8Array(0), true));
  }

  pauseBody(): void {
    this.#message.pause();
  }

  resumeBody(): void {
    this.#message.resume();
  }

  switchProtocols(_answer: SwitchAnswer, _events: ChannelEvents): Channel {
    throw new Error('the request asks for no other protocol');
  }
}

const NOTHING = Buffer.alloc(0);

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Largest body that is copied into one text with its head: one write, and no buffer of its own. Bytes. */
const IN_ONE = 16 * 1024;

/** Largest part of a body copied at once. Bytes. */
const PART = 64 * 1024;
