import { isIP, type Socket } from 'node:net';
import { Client, type Dispatcher, Pool } from 'undici';
import type { OriginConfig, SiteConfig } from '../config/config.ts';
import { connectorOf, Dialer, type DialOptions } from './connect.ts';
import type { ClientEnd } from './proxy-header.ts';

/** How long an idle connection is kept where the origin does not say, in ms. */
const KEEP_ALIVE = 15_000;

/** Streams at once on one HTTP/2 connection where the origin allows more. */
const MAX_STREAMS = 100;

/** A request as connections take it. `client` is whose it is, where the origin wants a PROXY header. */
export type OriginDispatchOptions = Dispatcher.DispatchOptions & { client?: ClientEnd };

/** Connections of one thread to one origin. */
export interface OriginConnections {
  /** As undici's: the handler hears what becomes of the request, whether it gets a connection or not. */
  dispatch(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /** A connection for HTTP/1.1 that is the caller's alone, and counts for no limit. @throws as `Dialer.dial` */
  dial(client: ClientEnd | undefined): Promise<Socket>;
  readonly stats: { readonly connected: number; readonly pending: number; readonly running: number };
  /** Takes no more requests; resolves when the running ones are complete. */
  close(): Promise<void>;
  /** Breaks all connections. */
  destroy(): Promise<void>;
}

export interface ConnectOptions extends DialOptions {
  /** Connections at most; further requests wait. */
  readonly connections: number;
  /** How long the connections to a name are used, in ms, so that they follow its addresses. */
  readonly maxAge: number;
}

/**
 * The connections of one thread to an origin. An origin that is configured so gets a connection for each request, since
 * a PROXY header is for a connection.
 * @throws as `Dialer`
 */
export function openConnections(origin: OriginConfig, site: SiteConfig, options: ConnectOptions): OriginConnections {
  const dialer = new Dialer(origin, site, options);
  const { firstByte, betweenBytes } = site.timeouts;
  const terms = {
    pipelining: 1,
    allowH2: site.originHttp2 !== 'off',
    useH2c: site.originHttp2 === 'on' && !origin.tls,
    maxConcurrentStreams: MAX_STREAMS,
    keepAliveTimeout: KEEP_ALIVE,
    headersTimeout: firstByte,
    bodyTimeout: betweenBytes,
  };
  const url = originUrl(origin);
  const dial = (client: ClientEnd | undefined) => dialer.dial({ protocols: ['http/1.1'], client });
  if (origin.proxyProtocol) {
    const open = (client: ClientEnd | undefined) =>
      new Client(url, { ...terms, connect: connectorOf(dialer, site.originHttp2, client) });
    return new SingleUse(open, dial, options.connections);
  }
  const pool = new Pool(url, {
    ...terms,
    connections: options.connections,
    connect: connectorOf(dialer, site.originHttp2, undefined),
    ...(isIP(origin.host) === 0 && origin.unix === undefined && { clientTtl: options.maxAge }),
  });
  return Object.assign(pool, { dial });
}

/** `https://[::1]:8443`. The host counts for nothing: the dialer knows it. */
function originUrl({ tls, host, port }: OriginConfig): string {
  return `${tls ? 'https' : 'http'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * What undici must get as `servername` of requests over TLS. Without it undici takes the Host field, and closes the
 * connection when that changes.
 */
export function dispatchServername(origin: OriginConfig): string | undefined {
  return origin.tls ? (origin.serverName ?? origin.host) : undefined;
}

/** A connection for each request. */
class SingleUse implements OriginConnections {
  readonly #open: (client: ClientEnd | undefined) => Client;
  readonly #limit: number;
  readonly #clients = new Set<Client>();
  readonly #waiting: [OriginDispatchOptions, Dispatcher.DispatchHandler][] = [];
  #closed: PromiseWithResolvers<void> | undefined;

  readonly dial: OriginConnections['dial'];

  constructor(open: (client: ClientEnd | undefined) => Client, dial: OriginConnections['dial'], limit: number) {
    this.#open = open;
    this.dial = dial;
    this.#limit = limit;
  }

  dispatch(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#clients.size < this.#limit) this.#start(options, handler);
    else this.#waiting.push([options, handler]);
    return this.#clients.size < this.#limit;
  }

  get stats(): OriginConnections['stats'] {
    let running = 0;
    for (const { stats } of this.#clients) if (stats.connected) running++;
    return { connected: running, running, pending: this.#waiting.length + this.#clients.size - running };
  }

  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#next();
    return this.#closed.promise;
  }

  async destroy(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    await Promise.all([...this.#clients].map((client) => client.destroy()));
    // a client that is destroyed says so to each request
    for (const [options, handler] of waiting) {
      const client = this.#open(options.client);
      client.dispatch(options, handler);
      await client.destroy();
    }
  }

  #start(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const client = this.#open(options.client);
    this.#clients.add(client);
    client.dispatch({ ...options, reset: true }, handler);
    const done = () => {
      this.#clients.delete(client);
      this.#next();
    };
    client.close().then(done, done);
  }

  #next(): void {
    while (this.#clients.size < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#start(...next);
    }
    if (this.#clients.size === 0) this.#closed?.resolve();
  }
}
