import { isIP } from 'node:net';
import { Client, Pool } from 'undici';
import type { OriginConfig, SiteConfig } from '../config/config.ts';
import { connectorOf, Dialer, type DialOptions } from './connect.ts';
import { SingleUse } from './connect-single.ts';
import type { OriginConnections } from './connections.ts';
import { NegotiatingConnections } from './http2.ts';
import type { ClientEnd } from './proxy-header.ts';

export type { OriginConnections } from './connections.ts';

/** How long an idle connection is kept where the origin does not say, in ms. */
const KEEP_ALIVE = 15_000;

export interface ConnectOptions extends DialOptions {
  /** Connections at most; further requests wait. */
  readonly connections: number;
  /** How long the connections to a name are used, in ms, so that they follow its addresses. */
  readonly maxAge: number;
  /** Where other connections share it: turns among addresses, and sessions of TLS, are then those of all. */
  readonly dialer?: Dialer;
}

/**
 * The connections of one thread to an origin. One that is configured for it gets a connection for each request, since
 * a PROXY header is for a connection; HTTP/1.1 only, there.
 * @throws as `Dialer`
 */
export function openConnections(origin: OriginConfig, site: SiteConfig, options: ConnectOptions): OriginConnections {
  const dialer = options.dialer ?? new Dialer(origin, site, options);
  const url = originUrl(origin);
  const http1: Pool.Options = {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE,
    headersTimeout: site.timeouts.firstByte,
    bodyTimeout: site.timeouts.betweenBytes,
  };
  const { connections } = options;
  const dial = (client: ClientEnd | undefined) => dialer.dial({ protocols: ['http/1.1'], client });
  if (origin.proxyProtocol) {
    const open = (client: ClientEnd | undefined) => new Client(url, { ...http1, connect: connectorOf(dialer, client) });
    return new SingleUse(open, dial, connections);
  }
  const hasName = isIP(origin.host) === 0 && origin.unix === undefined;
  const pool: Pool.Options = { ...http1, connections, ...(hasName && { clientTtl: options.maxAge }) };
  const priorKnowledge = site.originHttp2 === 'on' && !origin.tls;
  if (site.originHttp2 !== 'off' && (origin.tls || priorKnowledge)) {
    const maxAge = hasName ? options.maxAge : Infinity;
    const timeouts = site.timeouts;
    return new NegotiatingConnections(dialer, { url, http1: pool, connections, maxAge, timeouts, priorKnowledge });
  }
  return Object.assign(new Pool(url, { ...pool, connect: connectorOf(dialer, undefined) }), { dial });
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
