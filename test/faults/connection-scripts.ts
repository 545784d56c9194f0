import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Authority, selfSigned } from '../dial/certificates.ts';
import { END_STREAM, FRAME, fieldBlock, type RawConnection, startRawHttp2, uint32 } from '../dial/raw-http2.ts';
import type { Cleanup } from '../support/cleanup.ts';
import type { Settings } from '../support/lb.ts';
import { freePort } from '../support/origin.ts';

/** What origins are made with. */
export interface Scene {
  folder: string;
  authority: Authority;
  /** Listens, and has its sockets broken at the end. */
  listen: (server: Server, path?: string) => Promise<number>;
  file: Cleanup;
}

/** An origin that no answer comes from, because of its connection. */
export interface ConnectionFault {
  name: string;
  /** The origin as the configuration names it, and what else its site needs. */
  origin(scene: Scene): Promise<{ origin: string; site?: Settings }>;
  status: number;
  error: string;
  /** Whether another origin of the site is asked then. */
  again: boolean;
  /** Takes as long as a time-out. */
  slow?: boolean;
}

const REFUSED = { status: 502, error: 'connection_refused', again: true };
const TERMINATED = { status: 502, error: 'connection_terminated', again: true };
const CERTIFICATE = { status: 502, error: 'tls_certificate_error', again: true };
const HANDSHAKE = { status: 502, error: 'tls_protocol_error', again: true };
const VIOLATION = { status: 502, error: 'http_protocol_error', again: false };

const accepting =
  (act: (socket: Socket) => void): ConnectionFault['origin'] =>
  async ({ listen }) => ({ origin: `127.0.0.1:${await listen(createServer(act))}` });

/** An origin over TLS with this certificate. */
const secure =
  (options: (authority: Authority) => Promise<TlsOptions>): ConnectionFault['origin'] =>
  async ({ listen, authority, folder }) => {
    const server = createTlsServer(await options(authority), (socket) => socket.on('error', () => {}).resume());
    server.on('tlsClientError', () => {});
    return {
      origin: `https://localhost:${await listen(server)}`,
      site: { origin_tls: { ca: join(folder, 'ca.pem') } },
    };
  };

/** An origin that speaks HTTP/2 by prior knowledge. */
const framed =
  (act: (connection: RawConnection, stream: number, index: number) => void): ConnectionFault['origin'] =>
  async ({ file }) => {
    const { port } = await startRawHttp2(file, act);
    return { origin: `127.0.0.1:${port}`, site: { origin_http2: 'on' } };
  };

/** A port whose process stands still, and whose queue of connections is full: the system drops attempts to connect. */
async function stoppedPort(file: Cleanup): Promise<number> {
  const program = `
    const server = require('node:net').createServer(() => {});
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  file.after(() => void child.kill('SIGKILL'));
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  const port = Number(text);
  for (let isFull = false; !isFull; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    file.after(() => void socket.destroy());
    isFull = await Promise.race([once(socket, 'connect').then(() => false), delay(200, true)]);
  }
  return port;
}

export const CONNECTION_FAULTS: ConnectionFault[] = [
  { name: 'nobody listens', origin: async () => ({ origin: `127.0.0.1:${await freePort()}` }), ...REFUSED },
  {
    name: 'accepts nothing any more',
    origin: async ({ file }) => ({ origin: `127.0.0.1:${await stoppedPort(file)}` }),
    status: 504,
    error: 'connection_timeout',
    again: true,
    slow: true,
  },
  { name: 'closes what it accepts', origin: accepting((socket) => void socket.destroy()), ...TERMINATED },
  { name: 'resets what it accepts', origin: accepting((socket) => void socket.resetAndDestroy()), ...TERMINATED },
  {
    name: 'is a unix socket that is gone',
    origin: async ({ folder }) => ({ origin: `unix:${join(folder, 'gone.sock')}` }),
    ...REFUSED,
  },
  {
    name: 'is a unix socket that is none',
    origin: async ({ folder }) => ({ origin: `unix:${join(folder, 'ca.pem')}` }),
    ...REFUSED,
  },
  {
    name: 'is a unix socket that closes',
    origin: async ({ listen, folder }) => {
      const path = join(folder, 'closes.sock');
      await listen(
        createServer((socket) => void socket.destroy()),
        path,
      );
      return { origin: `unix:${path}` };
    },
    ...TERMINATED,
  },
  {
    name: 'has a name that does not exist',
    origin: async () => ({ origin: 'none.names.test:80' }),
    status: 502,
    error: 'dns_error',
    again: true,
  },
  {
    name: 'has a name without an address',
    origin: async () => ({ origin: 'empty.names.test:80' }),
    status: 502,
    error: 'dns_error',
    again: true,
  },
  {
    name: 'has name servers that fail',
    origin: async () => ({ origin: 'broken.names.test:80' }),
    status: 502,
    error: 'dns_error',
    again: true,
  },
  {
    name: 'has name servers that are silent',
    origin: async () => ({ origin: 'silent.names.test:80' }),
    status: 504,
    error: 'dns_timeout',
    again: true,
    slow: true,
  },
  {
    name: 'has a certificate that is over',
    origin: secure((authority) => authority.issue({ notAfter: new Date(Date.now() - 1000) })),
    ...CERTIFICATE,
  },
  {
    name: 'has a certificate for another name',
    origin: secure((authority) => authority.issue({ names: ['other.test'] })),
    ...CERTIFICATE,
  },
  { name: 'has a certificate of its own making', origin: secure(() => selfSigned()), ...CERTIFICATE },
  {
    name: "wants a client's certificate",
    origin: secure(async (authority) => ({
      ...(await authority.issue()),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
      // with TLS 1.3 the alert comes after the handshake, and is lost where the connection is reset behind it
      maxVersion: 'TLSv1.2',
    })),
    status: 502,
    error: 'tls_alert_received',
    again: true,
  },
  {
    name: 'has no version of TLS in common',
    origin: secure(async (authority) => ({ ...(await authority.issue()), minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })),
    status: 502,
    error: 'tls_alert_received',
    again: true,
  },
  {
    name: 'speaks plain HTTP where TLS is expected',
    origin: async ({ listen }) => {
      const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      return { origin: `https://localhost:${await listen(plain)}` };
    },
    ...HANDSHAKE,
  },
  {
    name: 'closes in the middle of the handshake',
    origin: async ({ listen }) => {
      const closing = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy()));
      return { origin: `https://localhost:${await listen(closing)}` };
    },
    ...TERMINATED,
  },
  {
    name: 'is silent in the middle of the handshake',
    origin: async ({ listen }) => {
      const silent = createServer((socket) => socket.on('error', () => {}).resume());
      return { origin: `https://localhost:${await listen(silent)}` };
    },
    status: 504,
    error: 'connection_timeout',
    again: true,
    slow: true,
  },
  {
    name: 'speaks HTTP/1.1 where HTTP/2 is expected',
    origin: async ({ listen }) => {
      const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      return { origin: `127.0.0.1:${await listen(plain)}`, site: { origin_http2: 'on' } };
    },
    ...VIOLATION,
  },
  { name: 'resets each stream', origin: framed((connection, stream) => connection.reset(stream, 2)), ...TERMINATED },
  { name: 'refuses each stream', origin: framed((connection, stream) => connection.reset(stream, 7)), ...TERMINATED },
  {
    name: 'ends each connection by GOAWAY',
    origin: framed((connection, stream) => connection.goaway(stream, 2)),
    ...TERMINATED,
  },
  { name: 'closes each connection of HTTP/2', origin: framed(({ socket }) => void socket.destroy()), ...TERMINATED },
  {
    name: 'floods with settings',
    origin: framed((connection) => {
      for (let i = 0; i < 20_000; i++) connection.send(FRAME.settings, 0, 0);
    }),
    ...VIOLATION,
  },
  {
    name: 'floods with pings',
    origin: framed((connection) => {
      for (let i = 0; i < 20_000; i++) connection.send(FRAME.ping, 0, 0, Buffer.alloc(8));
    }),
    ...VIOLATION,
  },
  {
    name: 'floods with interim answers',
    origin: framed((connection, stream) => {
      for (let i = 0; i < 200; i++) connection.send(FRAME.headers, 4, stream, fieldBlock({ ':status': '103' }));
    }),
    ...VIOLATION,
  },
  {
    name: 'floods with CONTINUATION',
    origin: framed((connection, stream) => {
      connection.send(FRAME.headers, 0, stream, fieldBlock({ ':status': '200' }));
      for (let i = 0; i < 100; i++) connection.send(FRAME.continuation, 0, stream, fieldBlock({ [`x-${i}`]: 'v' }));
    }),
    ...VIOLATION,
  },
  { name: 'breaks the rules of HTTP/2', origin: framed((connection) => connection.data(99, 'body')), ...VIOLATION },
  {
    name: 'overflows a window',
    origin: framed((connection, stream) => connection.send(FRAME.window, 0, stream, uint32(0x7fffffff))),
    ...VIOLATION,
  },
  {
    name: 'says nothing on its stream',
    origin: framed(() => {}),
    status: 504,
    error: 'http_response_timeout',
    again: false,
    slow: true,
  },
];

/** Answers of HTTP/2 that begin well and break. */
export const BROKEN: Record<string, ConnectionFault['origin']> = {
  'is reset': framed((connection, stream) => {
    connection.head(stream, 0, { 'cache-control': 'max-age=60' });
    connection.data(stream, 'begin');
    connection.reset(stream, 2);
  }),
  'is reset as if it were complete': framed((connection, stream) => {
    connection.head(stream, 0, { 'cache-control': 'max-age=60' });
    connection.data(stream, 'begin');
    connection.reset(stream, 0);
  }),
  'is shorter than declared': framed((connection, stream) => {
    connection.head(stream, 0, { 'cache-control': 'max-age=60', 'content-length': '10' });
    connection.data(stream, 'begin', END_STREAM);
  }),
  'ends with its connection': framed((connection, stream) => {
    connection.head(stream, 0, { 'cache-control': 'max-age=60' });
    connection.data(stream, 'begin');
    setTimeout(() => connection.socket.destroy(), 10);
  }),
};
