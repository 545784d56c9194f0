import { connect, type Socket } from 'node:net';
import { ByteReader } from './bytes.ts';
import { type Cleanup, within } from './cleanup.ts';
import { type Field, fieldLines, framingOf, Head, MalformedMessage, readBody, readHead } from './message.ts';

/** A response as a client saw it. */
export class Response extends Head {
  readonly status: number;
  readonly reason: string;
  body: Buffer = Buffer.alloc(0);
  /** Whether the body came to the end that its framing promised. */
  complete = false;
  /** Statuses of the 1xx responses before it. */
  readonly interim: number[];

  constructor(head: Head, interim: number[]) {
    super(head.start, head.fields);
    const match = /^HTTP\/1\.1 (\d{3}) (.*)$/s.exec(head.start);
    if (match === null) throw new MalformedMessage(`status line ${JSON.stringify(head.start)}`);
    this.status = Number(match[1]);
    this.reason = match[2];
    this.interim = interim;
  }

  get text(): string {
    return this.body.toString('latin1');
  }

  json<T = Record<string, unknown>>(): T {
    return JSON.parse(this.body.toString('utf8')) as T;
  }
}

/** A client's connection, byte by byte. */
export class Client {
  readonly socket: Socket;
  readonly reader: ByteReader;

  constructor(socket: Socket) {
    this.socket = socket;
    this.reader = new ByteReader(socket);
  }

  /** Sends bytes, text as latin1. */
  send(data: string | Uint8Array): void {
    this.socket.write(data, 'latin1');
  }

  /** The head of the next response, 1xx ones passed over, or undefined where the connection ended. */
  async head(): Promise<Response | undefined> {
    const interim: number[] = [];
    for (;;) {
      const head = await within(readHead(this.reader), 'the head of a response');
      if (head === undefined) return undefined;
      const response = new Response(head, interim);
      if (response.status >= 200) return response;
      interim.push(response.status);
    }
  }

  /** The body of a response whose head was read. `take` gets its parts; without it they are kept. */
  async body(response: Response, method = 'GET', take?: (chunk: Buffer) => void | Promise<void>): Promise<Response> {
    const bodyless = method === 'HEAD' || response.status === 204 || response.status === 304;
    const parts: Buffer[] = [];
    const keep = (chunk: Buffer) => {
      parts.push(chunk);
    };
    const framing = bodyless ? 0 : framingOf(response, 'close');
    response.complete = await readBody(this.reader, framing, take ?? keep);
    response.body = Buffer.concat(parts);
    return response;
  }

  /** The next response with its body. @throws where the connection ended before its head was there */
  async response(method = 'GET'): Promise<Response> {
    const response = await this.head();
    if (response === undefined) throw new Error('the connection ended without a response');
    return within(this.body(response, method), 'the body of a response');
  }

  /** Waits for the end of the connection. @returns the bytes that still came, as latin1 */
  async end(): Promise<string> {
    while (await within(this.reader.more(), 'the end of the connection'));
    return this.reader.left.toString('latin1');
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Connects to 127.0.0.1. The connection is gone after the test. */
export async function openClient(t: Cleanup, port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  t.after(() => void socket.destroy());
  await within(new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)), 'a connection');
  return new Client(socket);
}

/** A request as text: HTTP/1.1 with Host unless `fields` has one, and Content-Length where there is a body. */
export function requestText(method: string, target: string, fields: readonly Field[] = [], body?: string): string {
  const has = (name: string) => fields.some(([field]) => field.toLowerCase() === name);
  const all: Field[] = [...fields];
  if (!has('host')) all.unshift(['Host', 'site.test']);
  if (body !== undefined && !has('content-length'))
    all.push(['Content-Length', String(Buffer.byteLength(body, 'latin1'))]);
  return `${method} ${target} HTTP/1.1\r\n${fieldLines(all)}\r\n${body ?? ''}`;
}

export interface RequestOptions {
  method?: string;
  fields?: readonly Field[];
  /** Latin1. */
  body?: string;
}

/** One request on a connection of its own. */
export async function request(
  t: Cleanup,
  port: number,
  target: string,
  options: RequestOptions = {},
): Promise<Response> {
  const { method = 'GET', fields, body } = options;
  const client = await openClient(t, port);
  client.send(requestText(method, target, fields, body));
  const response = await client.response(method);
  client.close();
  return response;
}
