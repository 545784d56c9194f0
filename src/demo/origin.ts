import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, Site } from './site.ts';

export interface Origin {
  readonly port: number;
  /** Requests that reached it so far. */
  readonly requests: number;
  close(): Promise<void>;
}

/** Starts the sample site on a free port of 127.0.0.1. */
export async function startOrigin(): Promise<Origin> {
  const site = new Site();
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    const [path] = (request.url ?? '/').split('?');
    void site.answer(path).then((answer) => send(request, response, answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer | undefined): void {
  if (!answer) {
    response.writeHead(404, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' });
    response.end('There is no such page.\n');
    return;
  }
  response.setHeader('Content-Type', answer.type);
  if (answer.cacheControl) response.setHeader('Cache-Control', answer.cacheControl);
  if (answer.etag) response.setHeader('ETag', answer.etag);
  if (answer.etag && request.headers['if-none-match'] === answer.etag) response.writeHead(304).end();
  else response.writeHead(200).end(answer.body);
}
