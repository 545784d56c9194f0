import type { DnsConfig, OriginConfig, SiteConfig } from '../config/config.ts';
import { dispatchServername, type OriginConnections, openConnections } from './connect-pool.ts';
import { DnsCache } from './dns.ts';

/** Connections that one thread opens to one origin at most; further requests queue. */
const MAX_CONNECTIONS = 256;

/** An origin with this thread's connections to it. */
export interface OriginPool {
  readonly config: OriginConfig;
  readonly pool: OriginConnections;
  /** For undici; undefined without TLS. */
  readonly servername: string | undefined;
}

export interface PoolOptions {
  /** Whether origins at addresses that are not public are refused; see address-guard.ts. */
  readonly multiTenant: boolean;
  readonly dns?: DnsConfig;
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

function openPool(config: OriginConfig, site: SiteConfig, options: PoolOptions): OriginPool {
  const dns = options.dns ?? { servers: [], minTtl: 1000, maxTtl: 300_000 };
  const terms = { multiTenant: options.multiTenant, dns: new DnsCache(dns) };
  const pool = openConnections(config, site, { ...terms, connections: MAX_CONNECTIONS, maxAge: dns.maxTtl });
  return { config, pool, servername: dispatchServername(config) };
}
