import { isDeepStrictEqual } from 'node:util';
import type { DnsConfig, OriginConfig, SiteConfig } from '../config/config.ts';
import { FolderConnections } from '../static/folder.ts';
import type { RouteHints } from './balance-key.ts';
import { type OriginRoute, SiteOrigins } from './balance-site.ts';
import { Dialer } from './connect.ts';
import { dispatchServername, type OriginConnections, openConnections } from './connect-pool.ts';
import { DnsCache } from './dns.ts';
import { SYSTEM_CLOCK, THREAD_CONNECTIONS } from './limits.ts';
import { LimitedConnections } from './limits-connections.ts';
import { Origin } from './origin.ts';
import { createOriginStates, OriginStates, OWN } from './state.ts';
import { OriginSlots, type SiteSlots, slotsFor } from './state-slots.ts';

/** How long connections that no plan has any more may still be asked for by requests under way, in ms. */
const LINGER = 60_000;

/** What stands for a folder where an origin is expected. */
const FOLDER: OriginConfig = {
  host: 'localhost',
  port: 80,
  tls: false,
  unix: undefined,
  weight: 1,
  backup: false,
  proxyProtocol: 0,
  serverName: undefined,
};

const DEFAULT_DNS: DnsConfig = { servers: [], minTtl: 1000, maxTtl: 300_000 };

export interface PoolOptions {
  /** Whether origins at addresses that are not public are refused; see address-guard.ts. */
  readonly multiTenant: boolean;
  readonly dns?: DnsConfig;
  /** What all threads know of the origins, and where in it those of each site are; without it this thread is alone. */
  readonly states?: OriginStates;
  readonly slots?: readonly SiteSlots[];
  /** Wakes another thread, so that it calls its `onRing`. */
  readonly ring?: (worker: number) => void;
  /** As Math.random. */
  readonly random?: () => number;
  /** Milliseconds, of one clock for all threads. */
  readonly now?: () => number;
}

/** Origins that `commit` puts in force. */
export interface PreparedPools {
  readonly sites: ReadonlyMap<number, SiteOrigins>;
  readonly names: Names;
}

/** What is known of names, by the configuration that says whom to ask. */
interface Names {
  readonly config: DnsConfig;
  readonly cache: DnsCache;
}

/** This thread's origins with its connections to them, by site number. */
export class OriginPools {
  #sites: ReadonlyMap<number, SiteOrigins> = new Map();
  /** Of sites that are no more, for requests that are still under way. */
  readonly #former = new Map<number, SiteOrigins>();
  readonly #options: PoolOptions;
  readonly #states: OriginStates;
  /** Where this thread is alone. */
  readonly #ownSlots: OriginSlots;
  #names: Names;
  /** Of folders: they are always there. */
  readonly #folderState = lonelyStates([]).slot(0);

  /** @throws as `prepare` */
  constructor(sites: readonly SiteConfig[], options: PoolOptions) {
    this.#options = options;
    this.#states = options.states ?? lonelyStates(sites);
    this.#ownSlots = new OriginSlots(this.#states);
    const { dns: config = DEFAULT_DNS } = options;
    this.#names = { config, cache: new DnsCache(config) };
    this.update(sites, options.slots);
  }

  /** What a request means to the choice of its origin. @param site number */
  route(site: number, hints: RouteHints): OriginRoute {
    const origins = this.#sites.get(site) ?? this.#former.get(site);
    if (origins === undefined) throw new Error(`no site ${site} has origins`);
    return origins.route(hints);
  }

  /**
   * Makes what a new configuration needs. Origins whose terms are as before keep their connections.
   * @throws where a file of `origin_tls` cannot be used
   */
  prepare(
    sites: readonly SiteConfig[],
    slots: readonly SiteSlots[] = this.#ownSlots.assign(sites),
    dns: DnsConfig = this.#names.config,
  ): PreparedPools {
    const isOfBefore = isDeepStrictEqual(dns, this.#names.config);
    const names = isOfBefore ? this.#names : { config: dns, cache: new DnsCache(dns) };
    const opened: OriginConnections[] = [];
    const made = new Map<number, SiteOrigins>();
    try {
      sites.forEach((site, index) => {
        const before = isOfBefore ? this.#sites.get(site.number) : undefined;
        made.set(site.number, this.#siteOrigins(site, before, slots[index], { names, opened }));
      });
    } catch (error) {
      for (const pool of opened) void pool.close();
      throw error;
    }
    return { sites: made, names };
  }

  /** Puts prepared origins in force. Connections that are not needed any more are closed when their requests are over. */
  commit({ sites, names }: PreparedPools): void {
    const before = this.#sites;
    this.#names = names;
    const kept = new Set(poolsOf(sites));
    const gone = poolsOf(before).filter((pool) => !kept.has(pool));
    for (const [number, site] of before) if (!sites.has(number)) this.#former.set(number, site);
    for (const number of sites.keys()) this.#former.delete(number);
    this.#sites = sites;
    const inForce = new Set(originsOf(sites));
    for (const origin of originsOf(before)) if (!inForce.has(origin)) origin.gate.retire();
    if (gone.length === 0) return;
    setTimeout(() => {
      for (const pool of gone) void pool.close().catch(() => {});
      for (const [number, site] of this.#former) if (before.get(number) === site) this.#former.delete(number);
    }, LINGER).unref();
  }

  /** Gives up what was prepared. */
  discard({ sites }: PreparedPools): void {
    const inForce = new Set(poolsOf(this.#sites));
    for (const pool of poolsOf(sites)) if (!inForce.has(pool)) void pool.close().catch(() => {});
  }

  /** Prepares and commits. @throws as `prepare` */
  update(sites: readonly SiteConfig[], slots?: readonly SiteSlots[], dns?: DnsConfig): void {
    this.commit(this.prepare(sites, slots, dns));
  }

  /** Another thread has something for those who wait on this one. */
  onRing(): void {
    for (const { origins } of this.#sites.values()) {
      for (const { gate } of origins) if (gate.isConcerned) gate.look();
    }
  }

  /** Connections, and requests waiting and running, of a site on this thread. */
  stats(site: number): { connected: number; pending: number; running: number } {
    const sum = { connected: 0, pending: 0, running: 0 };
    for (const { pool, state, gate } of this.#sites.get(site)?.origins ?? []) {
      gate.prune();
      const { connected, pending, running } = pool.stats;
      state.setOwn(OWN.sockets, connected);
      sum.connected += connected;
      sum.pending += pending + gate.waiting;
      sum.running += running;
    }
    return sum;
  }

  /** Breaks all connections. */
  async destroy(): Promise<void> {
    const pools = [...poolsOf(this.#sites), ...poolsOf(this.#former)];
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #siteOrigins(
    site: SiteConfig,
    before: SiteOrigins | undefined,
    slots: SiteSlots,
    { names, opened }: { names: Names; opened: OriginConnections[] },
  ): SiteOrigins {
    const { now = SYSTEM_CLOCK.now, random = Math.random, ring = () => {} } = this.#options;
    if (site.staticRoot !== undefined) {
      const pool = new FolderConnections(site.staticRoot, site);
      const parts = { pool, servername: undefined, state: this.#folderState, gate: { now, ring, counted: undefined } };
      const folder = new Origin(FOLDER, site, parts);
      return new SiteOrigins(site, [folder], this.#states.slot(slots.site), { now, random });
    }
    const former = new Set(before?.origins);
    const origins = site.origins.map((config, index) => {
      const old = [...former].find((origin) => isDeepStrictEqual(origin.config, config));
      if (old !== undefined) former.delete(old);
      if (old !== undefined && before !== undefined && isSameOrigin(before.config, site)) return old;
      const isKept = old !== undefined && before !== undefined && hasSameConnections(before.config, site);
      const pool = isKept ? old.pool : this.#open(config, site, names);
      if (!isKept) opened.push(pool);
      const state = this.#states.slot(slots.origins[index]);
      const gate = { now, ring, counted: pool instanceof LimitedConnections ? pool : undefined };
      return new Origin(config, site, { pool, servername: dispatchServername(config), state, gate });
    });
    return new SiteOrigins(site, origins, this.#states.slot(slots.site), { now, random });
  }

  #open(config: OriginConfig, site: SiteConfig, names: Names): OriginConnections {
    const { connections } = site.originLimits;
    const { multiTenant } = this.#options;
    const dialer = new Dialer(config, site, { multiTenant, dns: names.cache });
    const terms = { multiTenant, dns: names.cache, maxAge: names.config.maxTtl, dialer };
    const open = (limit: number) => openConnections(config, site, { ...terms, connections: limit });
    if (connections === 0) return open(THREAD_CONNECTIONS);
    // requests share a connection over HTTP/2, and none is kept where each has its PROXY header
    const isShared = site.originHttp2 === 'on' || (config.tls && site.originHttp2 === 'auto');
    return isShared || config.proxyProtocol > 0 ? open(connections) : new LimitedConnections(() => open(1));
  }
}

function originsOf(sites: ReadonlyMap<number, SiteOrigins>): Origin[] {
  return [...sites.values()].flatMap(({ origins }) => origins);
}

function poolsOf(sites: ReadonlyMap<number, SiteOrigins>): OriginConnections[] {
  return originsOf(sites).map(({ pool }) => pool);
}

/** Whether connections made for one configuration of a site serve the other: files of TLS may have changed meanwhile. */
function hasSameConnections(before: SiteConfig, after: SiteConfig): boolean {
  const { ca, cert, key } = after.originTls;
  if (ca !== undefined || cert !== undefined || key !== undefined) return false;
  return (['timeouts', 'originTls', 'originHttp2', 'originLimits'] as const).every((name) =>
    isDeepStrictEqual(before[name], after[name]),
  );
}

/** Whether an origin of one configuration is the same in the other: how it is chosen does not matter. */
function isSameOrigin(before: SiteConfig, after: SiteConfig): boolean {
  if (!hasSameConnections(before, after) || before.origins.length > 1 !== after.origins.length > 1) return false;
  return (['health', 'passiveHealth', 'circuitBreaker'] as const).every((name) =>
    isDeepStrictEqual(before[name], after[name]),
  );
}

function lonelyStates(sites: readonly SiteConfig[]): OriginStates {
  return new OriginStates(createOriginStates({ workers: 1, slots: slotsFor(sites) }), 1);
}
