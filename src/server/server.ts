import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { startAdmin } from '../admin/server.ts';
import type { AdminServer } from '../admin/types.ts';
import { type Cache, createCache, openCache } from '../cache/cache.ts';
import type { Config, SiteConfig } from '../config/config.ts';
import type { Provenance } from '../config/picker.ts';
import { createUncacheable } from '../fill/uncacheable.ts';
import { loadCountries } from '../geo/country.ts';
import { HostTable } from '../site/host-table.ts';
import { SitePlan } from '../site/plan.ts';
import { type AccessLog, startAccessLog } from '../stats/access-log.ts';
import { createCounters, resetGauges } from '../stats/counters.ts';
import { createLogRing } from '../stats/log-ring.ts';
import type { Logger } from '../stats/logger.ts';
import type { LineOutput } from '../stats/output.ts';
import { createExposition } from '../stats/prometheus.ts';
import { createDoorbells, Doorbells } from '../threads/doorbell.ts';
import { EdgeThreads } from '../threads/edges.ts';
import type { EdgeData } from '../threads/messages.ts';
import { type Entrance, openEntrance } from './entrance.ts';
import { createExplainer } from './explainer.ts';
import { Purger } from './purger.ts';

/** Bytes of the access log that may wait for the main thread, for each edge. */
const LOG_RING = 1 << 20;

/** Sites with counters of their own; further ones are counted together. */
const COUNTED_SITES = 10_000;

/** How long the last lines of the log may take to go out, in ms. */
const LOG_FLUSH = 2000;

/** Pause before what a dead edge held is asked for again, in ms. */
const RECOVER_PAUSE = 20;

export interface ServerOptions {
  version: string;
  logger: Logger;
  /** Where the access log goes. */
  output: LineOutput;
  /** Every setting with where it came from, for explanations. */
  settings?: readonly Provenance[];
  /** Serve the admin API's hooks for tests. */
  testHooks: boolean;
}

/** What runs: the main thread's side of lb. */
export class Server {
  /** Where clients connect. */
  readonly address: { host: string; port: number };
  readonly admin: AdminServer;
  readonly #parts: Parts;

  constructor(parts: Parts, admin: AdminServer) {
    this.#parts = parts;
    this.admin = admin;
    this.address = { host: parts.config.listen.host, port: parts.entrance.port };
  }

  /** Stops accepting, lets requests finish within `timeout` ms, then closes everything. */
  async stop(timeout: number): Promise<void> {
    const { state, entrance, edges, purger, accessLog } = this.#parts;
    state.draining = true;
    entrance.stop();
    await edges.drain(timeout);
    purger.stop();
    await this.admin.close();
    await accessLog?.close(LOG_FLUSH);
    entrance.close();
  }
}

interface Parts {
  config: Config;
  state: { draining: boolean };
  entrance: Entrance;
  edges: EdgeThreads;
  hosts: HostTable;
  purger: Purger;
  accessLog: AccessLog | undefined;
}

/**
 * Starts everything: shared memory, the listening socket, edge threads, the admin listener.
 * @throws ListenError, AdminStartError, CountryDatabaseError with one sentence each
 */
export async function startServer(config: Config, options: ServerOptions): Promise<Server> {
  const { logger } = options;
  const memory = shareMemory(config);
  const entrance = await openEntrance(config.listen, logger);
  const cache = openCache(memory.cache, 0);
  const plans = config.sites.map((site, index) => new SitePlan(index, site, cache));
  const hosts = new HostTable(plans, 'http');
  const log = (message: string, details: Record<string, unknown>) => logger.error(details, message);
  const purger = new Purger(cache, { hosts, sites: plans, port: entrance.port, log });
  const edges = new EdgeThreads(config.workers, {
    data: (worker) => edgeData(config, memory, worker, entrance),
    attach: (descriptor) => entrance.attach(descriptor),
    detach: (descriptor) => entrance.detach(descriptor),
    recover: (worker) => recover(cache, memory, worker),
    changed: (site, host, target) => purger.changed(site, host, target),
    log: (level, message, details) => logger[level](details, message),
  });
  const accessLog = openAccessLog(config, memory, options);
  const parts = { config, state: { draining: false }, entrance, edges, hosts, purger, accessLog };
  try {
    const admin = await openAdmin(parts, cache, memory, options);
    await edges.start();
    warnOfUnresolvableOrigins(config, logger);
    return new Server(parts, admin);
  } catch (error) {
    await edges.drain(0);
    purger.stop();
    entrance.close();
    throw error;
  }
}

interface SharedMemory {
  /** Tells this lb apart from any other in the way of a request. */
  instance: string;
  cache: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  doorbells: SharedArrayBuffer;
  uncacheable: SharedArrayBuffer;
  /** Undefined where no site asks for countries. */
  countries: SharedArrayBuffer | undefined;
  /** By worker; empty where the access log is off. */
  logs: SharedArrayBuffer[];
}

function shareMemory(config: Config): SharedMemory {
  const { workers, sites, cache, geo, log } = config;
  return {
    instance: randomBytes(9).toString('hex'),
    cache: createCache({ memory: cache.memory, workers, eviction: cache.eviction }),
    counters: createCounters({ workers, sites: Math.min(sites.length, COUNTED_SITES) }),
    doorbells: createDoorbells(workers),
    uncacheable: createUncacheable(),
    countries: sites.some(asksForCountries) ? loadCountries(geo.database) : undefined,
    logs: log.access ? Array.from({ length: workers + 1 }, () => createLogRing(LOG_RING)) : [],
  };
}

/** Whether a cache key of the site has the client's country in it. */
function asksForCountries({ cache }: SiteConfig): boolean {
  return [cache, ...cache.rules].some(({ key }) => key.country);
}

function edgeData(config: Config, memory: SharedMemory, worker: number, entrance: Entrance): EdgeData {
  const { cache, counters, doorbells, uncacheable, countries, logs } = memory;
  // edges have no use for the secret
  const shared = { ...config, adminToken: undefined };
  return {
    worker,
    instance: memory.instance,
    config: shared,
    cache,
    counters,
    doorbells,
    uncacheable,
    countries,
    log: logs[worker],
    listen: entrance.edgesListen,
  };
}

/** Takes back what a dead edge held, and wakes those who wait for its fills. */
async function recover(cache: Cache, memory: SharedMemory, worker: number): Promise<void> {
  const { waitersLo, waitersHi, done } = cache.recover(worker);
  new Doorbells(memory.doorbells).ringMask(waitersLo, waitersHi, worker);
  resetGauges(memory.counters, worker);
  if (done) return;
  // another thread that died holds the cache's lock; it is about to be recovered
  await setTimeout(RECOVER_PAUSE);
  await recover(cache, memory, worker);
}

function openAccessLog(config: Config, memory: SharedMemory, options: ServerOptions): AccessLog | undefined {
  if (!config.log.access) return undefined;
  return startAccessLog({
    rings: memory.logs,
    output: options.output,
    siteName: (index) => config.sites[index]?.name ?? '',
    sample: config.log.sample,
    redact: config.log.redact,
  });
}

function openAdmin(parts: Parts, cache: Cache, memory: SharedMemory, options: ServerOptions): Promise<AdminServer> {
  const { config, edges, entrance, hosts, purger, state } = parts;
  return startAdmin({
    config: { ...config.admin, token: config.adminToken },
    purge: (requests) => purger.purge(requests),
    explain: createExplainer({
      cache,
      hosts,
      purger,
      uncacheable: memory.uncacheable,
      listen: { ...config.listen, port: entrance.port },
      settings: options.settings ?? [],
    }),
    ready: () => notReady(edges, state.draining),
    metrics: createExposition({
      counters: memory.counters,
      siteName: (index) => config.sites[index]?.name,
      workers: () => edges.states(),
      cache: () => cache.stats(),
      logDropped: () => parts.accessLog?.dropped() ?? { ring_full: 0, output_full: 0 },
      version: options.version,
    }),
    cacheStats: () => statistics(config, cache),
    testHooks: options.testHooks,
    killWorker: (id) => edges.kill(id),
    log: ({ level, message, details }) => options.logger[level](details, message),
  });
}

function notReady(edges: EdgeThreads, draining: boolean): string[] {
  const reasons = edges.states().flatMap(({ id, up }) => (up ? [] : [`edge thread ${id} is not up`]));
  return draining ? ['draining', ...reasons] : reasons;
}

function statistics(config: Config, cache: Cache): object {
  const sites = config.sites.map(({ name }, index) => ({ name, objects: cache.objectsOfSite(index) }));
  return { ...cache.stats(), eviction: config.cache.eviction, sites };
}

/** A name that does not resolve is most often a typing error: said at once, in one line, without refusing to start. */
function warnOfUnresolvableOrigins(config: Config, logger: Logger): void {
  const names = new Set(config.sites.flatMap((site) => site.origins.map(({ host }) => host)));
  for (const name of names) {
    if (isIP(name) !== 0) continue;
    lookup(name).catch((error: unknown) => {
      logger.error(
        { origin: name, code: (error as NodeJS.ErrnoException).code },
        `the origin ${name} does not resolve; requests for it get 502 until it does`,
      );
    });
  }
}
