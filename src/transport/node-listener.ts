import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type NetworkTest, networkTest } from '../http/networks.ts';
import type { ClientWatch } from '../request/client-watch.ts';
import type { TlsTerms } from '../tls/terms.ts';
import { clientAddress, setClientAddress } from './client-address.ts';
import { turnAway } from './http1-requests.ts';
import { Http2Connections } from './http2.ts';
import { createHttpServer, limitHttpServer } from './node-http.ts';
import { serveUpgrades } from './node-upgrade.ts';
import { ProxyHeaderParser } from './proxy-protocol.ts';
import type { TlsChallenges } from './tls-challenges.ts';
import { TlsFront } from './tls-front.ts';
import type { RequestHandler } from './uws.ts';

/** Counts connections, and says which are too many. */
export interface ConnectionGate {
  /** @param address left out where it is not known yet */
  opened(address?: () => string): boolean;
  /** The address of a connection that was opened without one. */
  identified(address: string): boolean;
  /** @param address by which it was counted */
  closed(address?: string): void;
}

/** What a listener goes by and may be given anew at any time. Times in ms, sizes in bytes, 0 for no limit. */
export interface ListenerTerms {
  /** Undefined for a listener without TLS. */
  readonly tls: TlsTerms | undefined;
  /** Without TLS: HTTP/2 by prior knowledge too. */
  readonly h2c: boolean;
  /** Networks of proxies whose connections begin with a PROXY header. */
  readonly proxyProtocol: readonly string[];
  readonly limits: {
    readonly streams: number;
    readonly headerTimeout: number;
    readonly idleTimeout: number;
    /** Longest request target of HTTP/1.1, where there is to be room for more than is usual. */
    readonly url?: number;
  };
  readonly maxRequestHeader: number;
}

/** What all listeners of a thread share. */
export interface ListenerParts {
  readonly handler: RequestHandler;
  readonly clients: ClientWatch;
  readonly gate: ConnectionGate;
  readonly challenges: TlsChallenges;
}

/** A listening socket and its connections. */
export interface NodeListener {
  readonly port: number;
  /** Open connections. */
  connections(): number;
  /** Other terms: for connections that are yet to come, and the deadlines of those that stand. @throws where a certificate cannot be used */
  update(terms: ListenerTerms): void;
  /** Accepts no more; open connections stay. */
  stop(): void;
  /** Has HTTP/2 connections end once their streams have. Those of HTTP/1.1 end with their next response. */
  drain(): void;
  /** Breaks all connections. */
  close(): void;
}

/** How HTTP/2 begins, whatever carries it (RFC 9113 section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Listens by Node: HTTP/1.1, HTTP/2 by ALPN or prior knowledge, TLS, PROXY headers. Several threads may listen on one
 * port; the system shares connections out among them.
 * @throws where the address cannot be had, or a certificate cannot be used
 */
export async function openNodeListener(
  address: { host: string; port: number },
  terms: ListenerTerms,
  parts: ListenerParts,
): Promise<NodeListener> {
  const listener = new Listener(terms, parts);
  await listener.listen(address);
  return listener;
}

class Listener implements NodeListener {
  readonly #server: Server;
  readonly #http1: ReturnType<typeof createHttpServer>;
  readonly #http2: Http2Connections;
  #tls: TlsFront | undefined;
  readonly #gate: ConnectionGate;
  readonly #challenges: TlsChallenges;
  readonly #sockets = new Set<Socket>();
  #terms: ListenerTerms;
  #isProxy: NetworkTest;

  constructor(terms: ListenerTerms, { handler, clients, gate, challenges }: ListenerParts) {
    this.#terms = terms;
    this.#gate = gate;
    this.#isProxy = networkTest(terms.proxyProtocol);
    this.#http1 = createHttpServer(handler, clients, terms.limits, terms.maxRequestHeader);
    serveUpgrades(this.#http1, handler, clients);
    this.#http2 = new Http2Connections(handler, clients, http2Limits(terms));
    this.#challenges = challenges;
    this.#tls = this.#tlsFront(terms);
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  listen(address: { host: string; port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...address, reusePort: true }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {}); // out of descriptors: the next one may do
        resolve();
      });
    });
  }

  connections(): number {
    return this.#sockets.size;
  }

  update(terms: ListenerTerms): void {
    this.#tls = this.#tlsFront(terms);
    this.#terms = terms;
    this.#isProxy = networkTest(terms.proxyProtocol);
    limitHttpServer(this.#http1, terms.limits, terms.maxRequestHeader);
    this.#http2.update(http2Limits(terms));
  }

  stop(): void {
    this.#server.close();
  }

  drain(): void {
    this.#http2.drain();
  }

  close(): void {
    this.#server.close();
    this.#http2.close();
    this.#http1.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** @throws where a certificate cannot be used */
  #tlsFront({ tls, limits }: ListenerTerms): TlsFront | undefined {
    if (tls === undefined) return undefined;
    return new TlsFront(tls, this.#challenges, limits.headerTimeout, (socket) => {
      if (socket.alpnProtocol === 'h2') this.#http2.take(socket);
      else this.#http1.emit('connection', socket);
    });
  }

  #accept(socket: Socket): void {
    const address = clientAddress(socket);
    const isProxy = this.#isProxy(address);
    let counted = isProxy ? undefined : address;
    const isWithin = this.#gate.opened(isProxy ? undefined : () => address);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#gate.closed(counted);
    });
    const enter = (isAdmitted: boolean) => {
      if (isAdmitted) this.#enter(socket);
      else if (this.#tls !== undefined) socket.destroy();
      else turnAway(socket);
    };
    if (!isWithin || !isProxy) enter(isWithin);
    else {
      this.#readProxyHeader(socket, (source = address) => {
        counted = source;
        setClientAddress(socket, source);
        enter(this.#gate.identified(source));
      });
    }
  }

  /**
   * Over TLS the header comes before it, in the clear.
   * @param told is given the address of the client, undefined for the connection's own
   */
  #readProxyHeader(socket: Socket, told: (source: string | undefined) => void): void {
    const parser = new ProxyHeaderParser();
    const timer = this.#deadline(socket);
    const read = () => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        const result = parser.push(chunk);
        if (result === 'more') continue;
        socket.off('readable', read);
        clearTimeout(timer);
        if (result === 'malformed') socket.destroy();
        else {
          if (result.rest.length > 0) socket.unshift(result.rest);
          told(result.source?.address);
        }
        return;
      }
    };
    socket.on('readable', read);
  }

  #enter(socket: Socket): void {
    if (this.#tls !== undefined) this.#tls.take(socket);
    else if (this.#terms.h2c) this.#readPreface(socket);
    else this.#http1.emit('connection', socket);
  }

  /** By the first bytes: what is no beginning of HTTP/2 is HTTP/1.1. */
  #readPreface(socket: Socket): void {
    const timer = this.#deadline(socket);
    let held = Buffer.alloc(0);
    const read = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      held = Buffer.concat([held, chunk]);
      const length = Math.min(held.length, PREFACE.length);
      const isSame = held.compare(PREFACE, 0, length, 0, length) === 0;
      if (isSame && held.length < PREFACE.length) return;
      socket.off('readable', read);
      clearTimeout(timer);
      socket.unshift(held);
      if (isSame) this.#http2.take(socket);
      else this.#http1.emit('connection', socket);
    };
    socket.on('readable', read);
  }

  /** Who says nothing, or not all, within the time for a head goes. */
  #deadline(socket: Socket): NodeJS.Timeout | undefined {
    const { headerTimeout } = this.#terms.limits;
    if (headerTimeout === 0) return undefined;
    const timer = setTimeout(() => socket.destroy(), headerTimeout);
    socket.once('close', () => clearTimeout(timer));
    return timer;
  }
}

function http2Limits({ limits, maxRequestHeader }: ListenerTerms) {
  const { streams, headerTimeout, idleTimeout } = limits;
  return { streams, headerTimeout, idleTimeout, maxRequestHeader };
}
