import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Protocol, Reply, ReplyEvents, RequestView } from '../request/reply.ts';
import { MAX_REQUEST_HEAD_BYTES } from './load-uws.ts';
import type { RequestHandler } from './uws.ts';

/** A listening node:http server. */
export interface HttpListener {
  port: number;
  /** Accepts no more; open connections stay. */
  stop(): void;
  /** Open connections. */
  connections(): number;
  /** Breaks all connections. */
  close(): void;
}

/**
 * Listens by node:http, for machines where uWebSockets.js cannot load. Several threads may listen on one port; the
 * system shares connections out among them.
 */
export function listenNodeHttp(
  address: { host: string; port: number },
  handler: RequestHandler,
): Promise<HttpListener> {
  const server = createServer(
    { maxHeaderSize: MAX_REQUEST_HEAD_BYTES, keepAliveTimeout: 10_000 },
    (message, response) => {
      handler.handle(new NodeRequest(message), new NodeReply(message, response));
    },
  );
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    socket.once('close', () => connections--);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, reusePort: true }, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        // not its own `close`, which breaks idle connections: a request may be on its way there
        stop: () => void NetServer.prototype.close.call(server),
        connections: () => connections,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

class NodeRequest implements RequestView {
  readonly protocol: Protocol;
  readonly isUpgrade = false;
  readonly hasOpenBody = false;
  readonly #message: IncomingMessage;
  readonly #target: string;
  readonly #mark: number;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.protocol = message.httpVersion === '1.0' ? '1.0' : '1.1';
    this.#target = message.url ?? '/';
    this.#mark = this.#target.indexOf('?');
  }

  scheme(): 'http' | 'https' {
    return this.#message.socket instanceof TLSSocket ? 'https' : 'http';
  }

  serverName(): string {
    const { socket } = this.#message;
    return socket instanceof TLSSocket && socket.servername ? socket.servername.toLowerCase() : '';
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
    const value = this.#message.headersDistinct[name];
    return value === undefined ? '' : value[0];
  }

  headers(): string[] {
    return this.#message.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  }

  address(): string {
    return (this.#message.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  }
}

class NodeReply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #length = false;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.#message = message;
    this.#response = response;
  }

  /** As text: node has no call for interim responses in general. One that waits behind another response has no socket. */
  inform(status: string, lines: string): void {
    const { socket, headersSent } = this.#response;
    if (this.closed || headersSent || socket === null || this.#message.httpVersion === '1.0') return;
    socket.write(`HTTP/1.1 ${status}\r\nVia: ${lines}\r\n\r\n`, 'latin1');
  }

  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    const text = typeof block === 'string' ? block : Buffer.from(block).toString('latin1');
    const lines = `${cacheStatus === '' ? 'Cache-Status' : 'Via'}: ${text}`.split('\r\n');
    const response = this.#response;
    response.statusCode = Number.parseInt(status, 10);
    response.statusMessage = status.slice(4);
    if (cacheStatus !== '') response.appendHeader('Cache-Status', cacheStatus);
    for (const line of lines) {
      const colon = line.indexOf(':');
      response.appendHeader(line.slice(0, colon), line.slice(colon + 2));
    }
    if (age >= 0) response.setHeader('Age', String(age));
    if (this.closeAfter) response.setHeader('Connection', 'close');
  }

  end(body: Uint8Array | string): void {
    this.closed = true;
    this.offset += body.length;
    this.#response.setHeader('Content-Length', Buffer.byteLength(body));
    // views of shared memory are copied: the entry may be gone before the socket takes it
    this.#response.end(Buffer.from(body as Uint8Array));
  }

  endEmpty(length: number): void {
    this.closed = true;
    if (length >= 0) this.#response.setHeader('Content-Length', length);
    this.#response.end();
  }

  write(chunk: Uint8Array, total: number): boolean {
    if (this.closed) return false;
    if (total >= 0 && !this.#length) {
      this.#length = true;
      this.#response.setHeader('Content-Length', total);
    }
    const part = chunk.length > PART ? chunk.subarray(0, PART) : chunk;
    this.offset += part.length;
    const ready = this.#response.write(Buffer.from(part));
    if (this.offset !== total) return ready;
    this.closed = true;
    this.#response.end();
    return true;
  }

  finish(trailers: readonly string[] = []): void {
    this.closed = true;
    for (let i = 0; i < trailers.length; i += 2) this.#response.addTrailers([[trailers[i], trailers[i + 1]]]);
    this.#response.end();
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
}

/** Largest part of a body copied at once. Bytes. */
const PART = 64 * 1024;
