import { Agent, type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { type Cleanup, within } from './cleanup.ts';

/** An answer, over whatever it came. */
export interface Told {
  readonly status: number;
  /** Names lowercase. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request to a host. */
export type Ask = (host: string, target: string, options?: AskOptions) => Promise<Told>;

/** Browsers send these, and rule sets miss them. */
const USUAL = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: 'text/html,*/*', 'accept-language': 'de' };

/**
 * The three ways to one lb: HTTP/1.1 by uWebSockets.js, HTTP/1.1 over TLS by Node, and HTTP/2.
 * @param ports of a listener without TLS, and of one with TLS that offers HTTP/2
 */
export function threeWays(t: Cleanup, ports: { plain: number; secure: number }): readonly [name: string, ask: Ask][] {
  const plain = new Agent({ keepAlive: true });
  const secure = new SecureAgent({ keepAlive: true, rejectUnauthorized: false });
  const sessions = new Map<string, ClientHttp2Session>();
  t.after(() => {
    plain.destroy();
    secure.destroy();
    for (const session of sessions.values()) session.destroy();
  });
  const sessionFor = (host: string): ClientHttp2Session => {
    const known = sessions.get(host);
    if (known !== undefined) return known;
    const options = { rejectUnauthorized: false, servername: host };
    const session = connect(`https://127.0.0.1:${ports.secure}`, options).on('error', () => {});
    sessions.set(host, session);
    return session;
  };
  return [
    [
      'uWebSockets.js',
      (host, target, options) => byHttp1(requestPlain, { agent: plain, port: ports.plain }, host, target, options),
    ],
    [
      'node:http over TLS',
      (host, target, options) =>
        byHttp1(
          requestSecure,
          { agent: secure, port: ports.secure, servername: host } as RequestOptions,
          host,
          target,
          options,
        ),
    ],
    ['HTTP/2', (host, target, options) => byHttp2(sessionFor(host), host, target, options)],
  ];
}

async function byHttp1(
  send: typeof requestPlain,
  where: RequestOptions,
  host: string,
  target: string,
  { method = 'GET', fields = {}, body }: AskOptions = {},
): Promise<Told> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const asked = send({ ...where, method, path: target, headers: { host, ...USUAL, ...length, ...fields } });
  asked.end(body);
  const answer = new Promise<IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject),
  );
  const response = await within(answer, `an answer for ${target}`);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('latin1'),
  };
}

async function byHttp2(
  session: ClientHttp2Session,
  host: string,
  target: string,
  { method = 'GET', fields = {}, body }: AskOptions = {},
): Promise<Told> {
  const head = { ':method': method, ':path': target, ':authority': host, ...USUAL, ...fields };
  const stream = session.request(head, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const told = { status: 0, headers: {} as Told['headers'], text: '' };
  stream.setEncoding('latin1');
  stream.on('response', (headers) => {
    told.status = headers[':status'] ?? 0;
    told.headers = headers;
  });
  stream.on('data', (text: string) => {
    told.text += text;
  });
  stream.on('error', () => {});
  await within(new Promise((resolve) => stream.once('close', resolve)), `the end of ${target}`);
  return told;
}
