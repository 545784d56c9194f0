import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, problemJson } from '../http/problem.ts';
import { statusText } from '../http/status-text.ts';

/** Answers a request. @returns whether its connection ends with it */
export type AnswerRequest = (message: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Leads requests of a node:http server to be answered, as they may be. Node goes on with what it has read behind a request
 * that ends its connection: that could be a smuggled request, and is dropped. HTTP/0.9, which Node takes, and CONNECT are
 * refused. The server's `requireHostHeader` must be off: Node would answer by itself, and go on reading too.
 */
export function serveHttp1(server: Server, answer: AnswerRequest): void {
  const ended = new WeakSet<Duplex>();
  const serve: RequestListener = (message, response) => {
    const { socket } = message;
    if (ended.has(socket)) return;
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
  server.on('connect', (_, socket) => refuse(socket, 501, 'the method is not supported'));
}

function refuse(socket: Duplex, status: number, detail: string): void {
  const body = problemJson({ status, detail });
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
