import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientOptions, type RawData, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { type Cleanup, within } from '../support/cleanup.ts';

/** What one end of a WebSocket heard. */
export interface Heard {
  messages: { data: Buffer; isBinary: boolean }[];
  pings: string[];
  pongs: string[];
  closed: Promise<{ code: number; reason: string }>;
  /** The message of this number, from 0. */
  message(index: number): Promise<string>;
}

/** Records what comes to a WebSocket. */
export function record(socket: WebSocket): Heard {
  const waiting: (() => void)[] = [];
  const heard: Heard = {
    messages: [],
    pings: [],
    pongs: [],
    closed: within(
      new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))),
      'the end of a WebSocket',
    ),
    message: (index) => within(arrived(index), `message ${index}`),
  };
  const arrived = async (index: number): Promise<string> => {
    while (heard.messages.length <= index) await new Promise<void>((resolve) => waiting.push(resolve));
    return heard.messages[index].data.toString();
  };
  socket.on('message', (data: RawData, isBinary: boolean) => {
    heard.messages.push({ data: data as Buffer, isBinary });
    for (const wake of waiting.splice(0)) wake();
  });
  socket.on('ping', (data) => heard.pings.push(data.toString()));
  socket.on('pong', (data) => heard.pongs.push(data.toString()));
  socket.on('error', () => {});
  heard.closed.catch(() => {});
  return heard;
}

/** A WebSocket that an origin has accepted. */
export interface Accepted {
  socket: WebSocket;
  request: IncomingMessage;
  heard: Heard;
}

/** An origin of the `ws` package. Requests that ask for no WebSocket get 200. */
export class WebSocketOrigin {
  port = 0;
  readonly accepted: Accepted[] = [];
  /** Called for each; without it what comes is sent back. */
  script: ((accepted: Accepted) => void) | undefined;
  readonly #waiting: (() => void)[] = [];

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  take(socket: WebSocket, request: IncomingMessage): void {
    const accepted = { socket, request, heard: record(socket) };
    if (this.script === undefined) socket.on('message', (data, binary) => socket.send(data, { binary }));
    else this.script(accepted);
    this.accepted.push(accepted);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The connection to this path. */
  async connection(path: string): Promise<Accepted> {
    const found = async (): Promise<Accepted> => {
      for (;;) {
        const accepted = this.accepted.find(({ request }) => request.url === path);
        if (accepted !== undefined) return accepted;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    };
    return within(found(), `a WebSocket for ${path}`);
  }
}

/** Starts an origin on a free port of 127.0.0.1. */
export async function startWebSocketOrigin(t: Cleanup, options: ServerOptions = {}): Promise<WebSocketOrigin> {
  const origin = new WebSocketOrigin();
  const http = createServer((_, response) => response.end('plain'));
  const server = new WebSocketServer({ server: http, ...options });
  server.on('connection', (socket, request) => origin.take(socket, request));
  t.after(async () => {
    for (const client of server.clients) client.terminate();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  origin.port = (http.address() as AddressInfo).port;
  return origin;
}

/** A client of the `ws` package, open. It is gone after the test. */
export async function openWebSocket(
  t: Cleanup,
  url: string,
  protocols: string[] = [],
  options: ClientOptions = {},
): Promise<{ socket: WebSocket; heard: Heard }> {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
  t.after(() => socket.terminate());
  const heard = record(socket);
  await within(once(socket, 'open'), 'an open WebSocket');
  return { socket, heard };
}
