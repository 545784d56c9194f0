import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, problemJson } from '../http/problem.ts';
import { statusText } from '../http/status-text.ts';

/** Answers a request. @returns whether its connection ends with it */
export type AnswerRequest = (message: IncomingMessage, response: ServerResponse) => boolean;

/** What Node's parser or its deadlines object to, by the code of the error; all else is 400. */
const REFUSALS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Leads requests of a node:http server to be answered, as they may be. Node goes on with what it has read behind a request
 * that ends its connection: that could be a smuggled request, and is dropped. HTTP/0.9, which Node takes, and CONNECT are
 * refused. The server's `requireHostHeader` must be off: Node would answer by itself, and go on reading too.
 */
export function serveHttp1(server: Server, answer: AnswerRequest): void {
  const ended = new WeakSet<Duplex>();
  /** The last response of a connection. */
  const last = new WeakMap<Duplex, ServerResponse>();
  const serve: RequestListener = (message, response) => {
    const { socket } = message;
    if (ended.has(socket)) return;
    last.set(socket, response);
    if (message.httpVersionMajor === 1) {
      if (answer(message, response)) ended.add(socket);
      return;
    }
    ended.add(socket);
    refuse(socket, 505, 'only HTTP/1.0, 1.1 and 2 are spoken here');
  };
  server.on('request', serve);
  // an expectation that is none is refused as all else that is wrong, and ends the connection
  server.on('checkExpectation', serve);
  server.on('checkContinue', (message, response) => {
    // behind another response Node would put it between the head and the body
    if (response.socket !== null && !ended.has(message.socket)) response.writeContinue();
    serve(message, response);
  });
  server.on('connect', (_, socket) => refuse(socket, 501, 'the method is not supported'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = last.get(socket);
    // after a part of an answer that is owed, or behind another one, none can be told from the rest
    const isOwed = response?.writableFinished === false && (response.headersSent || response.socket === null);
    if (isOwed || error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuse(socket, REFUSALS[error.code ?? ''] ?? 400, '');
  });
}

/** @param detail '' for no body: the method may be HEAD */
function refuse(socket: Duplex, status: number, detail: string): void {
  const body = detail === '' ? new Uint8Array(0) : problemJson({ status, detail });
  const head = [
    `HTTP/1.1 ${statusText(status)}`,
    'Cache-Status: lb; fwd=bypass; detail=refused',
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    'Cache-Control: no-store',
    'Connection: close',
    `Content-Length: ${body.length}`,
  ];
  socket.on('error', () => {});
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), () => socket.destroy());
}
