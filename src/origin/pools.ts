import { isIP, type LookupFunction } from 'node:net';
import { buildConnector, Pool } from 'undici';
import type { OriginConfig, SiteConfig } from '../config/config.ts';
import { guardedConnector } from './address-guard.ts';
import { tellingResets } from './resets.ts';

/** Connections that one thread opens to one origin at most; further requests queue. */
const MAX_CONNECTIONS = 256;

/** How long an idle connection is kept where the origin does not say, in ms. */
const KEEP_ALIVE = 15_000;

/** An origin with this thread's connections to it. */
export interface OriginPool {
  readonly config: OriginConfig;
  readonly pool: Pool;
  /** Name for SNI and the certificate check; undefined without TLS. */
  readonly servername: string | undefined;
}

export interface PoolOptions {
  /** Whether origins at addresses that are not public are refused; see address-guard.ts. */
  readonly multiTenant: boolean;
  /** Resolves names in place of the system, where origins are guarded. */
  readonly lookup?: LookupFunction;
}

/** This thread's connection pools, by site; a site's origins take turns. */
export class OriginPools {
  readonly #bySite: { pools: OriginPool[]; next: number }[];

  constructor(sites: readonly SiteConfig[], options: PoolOptions) {
    this.#bySite = sites.map((site) => ({
      pools: site.origins.map((origin) => openPool(origin, site, options)),
      next: 0,
    }));
  }

  /** The origin for the site's next request: round robin. */
  pick(site: number): OriginPool {
    const entry = this.#bySite[site];
    const pool = entry.pools[entry.next];
    entry.next = (entry.next + 1) % entry.pools.length;
    return pool;
  }

  /** Connections, and requests waiting and running, of a site. */
  stats(site: number): { connected: number; pending: number; running: number } {
    const sum = { connected: 0, pending: 0, running: 0 };
    for (const { pool } of this.#bySite[site].pools) {
      sum.connected += pool.stats.connected;
      sum.pending += pool.stats.pending;
      sum.running += pool.stats.running;
    }
    return sum;
  }

  /** Breaks all connections. */
  async destroy(): Promise<void> {
    await Promise.all(this.#bySite.flatMap(({ pools }) => pools.map(({ pool }) => pool.destroy())));
  }
}

function openPool(config: OriginConfig, site: SiteConfig, { multiTenant, lookup }: PoolOptions): OriginPool {
  const options = { timeout: site.timeouts.connect, autoSelectFamily: true, allowH2: false };
  const name = isIP(config.host) === 6 ? `[${config.host}]` : config.host;
  const pool = new Pool(`${config.tls ? 'https' : 'http'}://${name}:${config.port}`, {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE,
    headersTimeout: site.timeouts.firstByte,
    bodyTimeout: site.timeouts.betweenBytes,
    connect: tellingResets(multiTenant ? guardedConnector(options, lookup) : buildConnector(options)),
  });
  return { config, pool, servername: config.tls && isIP(config.host) === 0 ? config.host : undefined };
}
