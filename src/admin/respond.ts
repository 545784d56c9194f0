// Bodies in and out of the admin listener.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';

const MAX_BODY = 16_384;

/** The body of a request is over the limit. */
export class BodyTooLargeError extends Error {
  override name = 'BodyTooLargeError';
}

/** Reads a body of at most `limit` bytes, 16 KB by default, as UTF-8. @throws BodyTooLargeError */
export async function readBody(request: IncomingMessage, limit = MAX_BODY): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  // The socket has to survive a body that is too large, for the answer that says so.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(limit: number): BodyTooLargeError {
  return new BodyTooLargeError(`the body is over ${limit} bytes`);
}

/** Answers a text; for HEAD node:http sends the head only. */
export function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

export function sendJson(response: ServerResponse, status: number, value: object): void {
  sendText(response, status, 'application/json', `${JSON.stringify(value)}\n`);
}

/** Answers an error as RFC 9457 problem details. @param more members of its own */
export function sendProblem(response: ServerResponse, status: number, detail: string, more: object = {}): void {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail, ...more };
  sendText(response, status, 'application/problem+json', `${JSON.stringify(problem)}\n`);
}
