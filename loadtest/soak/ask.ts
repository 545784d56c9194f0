import { Agent, request } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { Readable } from 'node:stream';

/** Longest silence of an answer, in ms. */
const PATIENCE = 30_000;

/** Bytes that may be under way to all streams of a connection; a sixteenth of them to one. */
const WINDOW = 1 << 24;

export interface Question {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

/** The head of an answer and its body, which has to be read or destroyed. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  body: Readable;
  /** How the transport says that it ended. */
  ending(): string;
}

/** A way of asking lb. */
export interface Asker {
  protocol: 'h1' | 'h2';
  /** Rejects when no head comes. */
  ask(question: Question): Promise<Answer>;
  close(): void;
}

/** HTTP/1.1 over a few kept connections. */
export function overHttp1(url: URL, connections: number): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    protocol: 'h1',
    close: () => agent.destroy(),
    ask: ({ method = 'GET', path, headers, body }) =>
      new Promise((resolve, reject) => {
        const options = { agent, host: url.hostname, port: url.port, method, path, headers, timeout: PATIENCE };
        const asked = request(options, (answer) => {
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers as Answer['headers'],
            body: answer,
            ending: () => `complete: ${answer.complete}`,
          });
        });
        asked.on('timeout', () => asked.destroy(new Error(`silent for ${PATIENCE} ms`)));
        asked.on('error', reject);
        asked.end(body);
      }),
  };
}

/** HTTP/2 over one connection at a time, which is replaced when it ends. */
export function overHttp2(url: URL): Asker {
  let current: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (current !== undefined && !current.closed && !current.destroyed) return current;
    const made = connect(url, { rejectUnauthorized: false, settings: { initialWindowSize: WINDOW / 16 } });
    // what was under way is told by its stream
    made.on('error', () => {});
    made.on('goaway', () => made.close());
    made.on('connect', () => made.setLocalWindowSize(WINDOW));
    current = made;
    return made;
  };
  return {
    protocol: 'h2',
    close: () => current?.destroy(),
    ask: ({ method = 'GET', path, headers, body }) =>
      new Promise((resolve, reject) => {
        const session = open();
        const stream = session.request(
          { ':method': method, ':path': path, ...headers },
          { endStream: body === undefined },
        );
        stream.setTimeout(PATIENCE, () => stream.destroy(new Error(`silent for ${PATIENCE} ms`)));
        stream.on('error', reject);
        stream.on('response', (fields) => {
          const ending = (): string =>
            `reset with ${stream.rstCode}, session ${session.destroyed ? 'destroyed' : 'stands'}`;
          const headers = fields as Answer['headers'];
          resolve({ status: Number(fields[':status']), headers, body: readAtOnce(stream), ending });
        });
        stream.on('close', () => reject(new Error('the stream was closed')));
        if (body !== undefined) stream.end(body);
      }),
  };
}

/**
 * The body of a stream. A `for await` over the stream itself now and then tells of an early end where everything has come:
 * with Node's own server too, when the end comes before anybody reads.
 */
function readAtOnce(stream: ClientHttp2Stream): Readable {
  let ended = false;
  const body = new Readable({
    read: () => stream.resume(),
    destroy(error, done) {
      if (!ended) stream.close(constants.NGHTTP2_CANCEL);
      done(error);
    },
  });
  stream.on('data', (chunk: Buffer) => {
    if (!body.push(chunk)) stream.pause();
  });
  stream.on('end', () => {
    ended = true;
    body.push(null);
  });
  stream.on('error', (error) => body.destroy(error));
  stream.on('close', () => {
    if (!ended) body.destroy(new Error('the stream was closed before its end'));
  });
  return body;
}
