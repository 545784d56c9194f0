import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, problemJson } from '../http/problem.ts';
import { statusText } from '../http/status-text.ts';

/** Answers a request. @returns whether its connection ends with it */
export type AnswerRequest = (message: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Requests of a connection that may wait for their answers at once. One connection could else have as many requests under
 * way as it has bytes, and take an origin's connections from all others.
 */
const MOST_WAITING = 128;

/** What is to be known of a connection. */
interface Connection {
  /** Nothing more is answered on it. */
  ended: boolean;
  /** Responses in the order of their requests: those that may not be complete, and the last. */
  responses: ServerResponse[];
}

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
  const connections = new WeakMap<Duplex, Connection>();
  const serve: RequestListener = (message, response) => {
    const { socket } = message;
    const connection = connections.get(socket) ?? { ended: false, responses: [] };
    connections.set(socket, connection);
    if (connection.ended) return;
    if (!mayWait(connection, response)) {
      connection.ended = true;
      socket.destroy();
    } else if (message.httpVersionMajor === 1) connection.ended = answer(message, response);
    else {
      connection.ended = true;
      refuse(socket, 505, 'only HTTP/1.0, 1.1 and 2 are spoken here');
    }
  };
  server.on('request', serve);
  // an expectation that is none is refused as all else that is wrong, and ends the connection
  server.on('checkExpectation', serve);
  server.on('checkContinue', (message, response) => {
    // behind another response Node would put it between the head and the body
    if (response.socket !== null && connections.get(message.socket)?.ended !== true) response.writeContinue();
    serve(message, response);
  });
  server.on('connect', (_, socket) => refuse(socket, 501, 'the method is not supported'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = connections.get(socket)?.responses.at(-1);
    // after a part of an answer that is owed, or behind another one, none can be told from the rest
    const isOwed = response?.writableFinished === false && (response.headersSent || response.socket === null);
    if (isOwed || error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuse(socket, REFUSALS[error.code ?? ''] ?? 400, '');
  });
}

/** Whether one more request may wait for its answer. */
function mayWait(connection: Connection, response: ServerResponse): boolean {
  const { responses } = connection;
  if (responses.at(-1)?.writableFinished === true) responses.length = 0;
  responses.push(response);
  if (responses.length <= MOST_WAITING) return true;
  connection.responses = responses.filter(({ writableEnded }) => !writableEnded);
  return connection.responses.length <= MOST_WAITING;
}

/** Answers a connection that is over a cap, before it has asked for anything. */
export function turnAway(socket: Duplex): void {
  refuse(socket, 503, 'there are too many connections; try again later', ['Retry-After: 1']);
}

/** @param detail '' for no body: the method may be HEAD */
function refuse(socket: Duplex, status: number, detail: string, lines: readonly string[] = []): void {
  const body = detail === '' ? new Uint8Array(0) : problemJson({ status, detail });
  const head = [
    `HTTP/1.1 ${statusText(status)}`,
    'Cache-Status: lb; fwd=bypass; detail=refused',
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...lines,
    `Content-Length: ${body.length}`,
  ];
  socket.on('error', () => {});
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), () => socket.destroy());
}
