import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ByteReader } from './bytes.ts';
import { type Cleanup, within } from './cleanup.ts';
import {
  type Field,
  type Framing,
  fieldLines,
  framingOf,
  Head,
  MalformedMessage,
  readBody,
  readHead,
} from './message.ts';

/** A request as an origin saw it. */
export class OriginRequest extends Head {
  readonly method: string;
  readonly target: string;
  /** Number of the connection that it came on, from 0. */
  readonly connection: number;
  readonly framing: Framing;
  /** Body bytes taken so far. */
  received = 0;
  readonly #reader: ByteReader;
  #body: Promise<Buffer> | undefined;
  /** Whether the body came to its end. */
  complete = false;

  constructor(head: Head, connection: number, reader: ByteReader) {
    super(head.start, head.fields);
    const match = /^(\S+) (\S+) HTTP\/1\.1$/.exec(head.start);
    if (match === null) throw new MalformedMessage(`request line ${JSON.stringify(head.start)}`);
    this.method = match[1];
    this.target = match[2];
    this.connection = connection;
    this.framing = framingOf(head, 0);
    this.#reader = reader;
  }

  /** The whole body. Until someone asks, the client is held back. `take` gets its parts instead, where given. */
  body(take?: (chunk: Buffer) => void | Promise<void>): Promise<Buffer> {
    this.#body ??= this.#read(take);
    return this.#body;
  }

  async #read(take?: (chunk: Buffer) => void | Promise<void>): Promise<Buffer> {
    const parts: Buffer[] = [];
    this.complete = await readBody(this.#reader, this.framing, (chunk) => {
      this.received += chunk.length;
      if (take !== undefined) return take(chunk);
      parts.push(chunk);
    });
    return Buffer.concat(parts);
  }
}

/** Breaks a connection by a reset. Node loses the handle of one whose end is under way, and spins when the process ends. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** The way back, byte by byte. */
export class Answer {
  readonly socket: Socket;
  /** Resolves when the other side has ended the connection, or it broke. */
  readonly gone: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.gone = new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
    // without a read nobody learns of the end
    socket.on('readable', () => {
      if (socket.readableLength === 0) socket.read(0);
    });
  }

  /** Sends bytes as they stand, text as latin1. Resolves when more may be sent. */
  async raw(data: string | Uint8Array): Promise<void> {
    if (this.socket.destroyed || this.socket.write(data, 'latin1')) return;
    await Promise.race([once(this.socket, 'drain'), this.gone]).catch(() => {});
  }

  head(status: number, fields: readonly Field[] = []): Promise<void> {
    return this.raw(`HTTP/1.1 ${status} Fine\r\n${fieldLines(fields)}\r\n`);
  }

  /** A whole response with its Content-Length. */
  async send(status: number, fields: readonly Field[], body: string | Uint8Array): Promise<void> {
    await this.head(status, [...fields, ['Content-Length', String(body.length)]]);
    if (body.length > 0) await this.raw(body);
  }

  /** One chunk of a chunked body. */
  chunk(data: string): Promise<void> {
    return this.raw(`${data.length.toString(16)}\r\n${data}\r\n`);
  }

  /** Ends the connection in good order. */
  close(): void {
    this.socket.end();
  }

  /** Breaks the connection. */
  reset(): void {
    resetSocket(this.socket);
  }
}

export type Handler = (request: OriginRequest, answer: Answer) => void | Promise<void>;

/** A scripted origin that records all it is asked, and is strict about it. */
export class Origin {
  port = 0;
  /** Heads in the order in which they came. */
  readonly requests: OriginRequest[] = [];
  /** Bytes that are no HTTP/1.1, by the message that says so. */
  readonly malformed: string[] = [];
  /** All connections ever made. */
  connections = 0;
  /** Connections that stand. */
  readonly sockets = new Set<Socket>();
  handler: Handler;
  #arrivals: (() => void)[] = [];

  constructor(handler: Handler) {
    this.handler = handler;
  }

  /** Config value that names it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Targets of all requests, with their methods. */
  get log(): string[] {
    return this.requests.map(({ method, target }) => `${method} ${target}`);
  }

  /** The request of this number, from 0, as soon as its head is there. */
  request(index: number): Promise<OriginRequest> {
    const arrived = async (): Promise<OriginRequest> => {
      while (this.requests.length <= index) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
      return this.requests[index];
    };
    return within(arrived(), `request ${index} at the origin`);
  }

  async serve(socket: Socket): Promise<void> {
    const connection = this.connections++;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    const reader = new ByteReader(socket);
    const answer = new Answer(socket);
    try {
      for (;;) {
        const head = await readHead(reader);
        if (head === undefined) break;
        const request = new OriginRequest(head, connection, reader);
        this.requests.push(request);
        for (const wake of this.#arrivals.splice(0)) wake();
        await this.handler(request, answer);
        await request.body(() => {});
        if (!request.complete) break;
      }
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.malformed.push(error.message);
      socket.destroy();
      return;
    }
    // the other side has ended; a handler that has more to say has not returned
    socket.end();
  }
}

/** Starts an origin on a free port of 127.0.0.1. Its connections are broken after the test. */
export async function startOrigin(t: Cleanup, handler: Handler): Promise<Origin> {
  const origin = new Origin(handler);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void origin.serve(socket));
  t.after(async () => {
    for (const socket of origin.sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin.port = (server.address() as AddressInfo).port;
  return origin;
}

/** A port on which nothing listens, free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
