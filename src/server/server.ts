import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startAdmin } from '../admin/server.ts';
import type { AdminServer } from '../admin/types.ts';
import { type Cache, openCache } from '../cache/cache.ts';
import type { Address, Config } from '../config/config.ts';
import type { Provenance } from '../config/picker.ts';
import { type AccessLog, startAccessLog } from '../stats/access-log.ts';
import { openCounters, resetGauges } from '../stats/counters.ts';
import type { Logger } from '../stats/logger.ts';
import type { LineOutput } from '../stats/output.ts';
import { createExposition } from '../stats/prometheus.ts';
import { createSnapshot } from '../stats/snapshot.ts';
import { Doorbells } from '../threads/doorbell.ts';
import { EdgeThreads } from '../threads/edges.ts';
import type { EdgeData, EdgeListen, PlanData } from '../threads/messages.ts';
import { certificateFiles } from '../tls/certificates.ts';
import { TlsKeeper } from '../tls/keeper.ts';
import { ConnectionCounts } from '../transport/connection-counts.ts';
import { loadUws, longestHead } from '../transport/load-uws.ts';
import { AcmeRunner } from './acme.ts';
import { Entrance } from './entrance.ts';
import { createExplainer } from './explainer.ts';
import type { Watched } from './file-watch.ts';
import { plannedListeners } from './listeners.ts';
import { Live } from './live.ts';
import { Origins } from './origins.ts';
import { Planner } from './planner.ts';
import { Purger } from './purger.ts';
import { Reloader, type ReloadResult, type Reread } from './reload.ts';
import { type SharedMemory, shareMemory } from './shared-memory.ts';
import { listenerStates } from './states.ts';
import { warnOfUnresolvableOrigins } from './unresolvable.ts';
import { limitUnsent } from './unsent.ts';

/** How long clients have to take what was handed over to their sockets before connections without a request end, in ms. */
const LINGER = 1000;

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
  /** Reads the configuration anew; without it there is no reload. */
  reread?: () => Reread;
  /** The file that the configuration came from, for `watch`. */
  file?: string | undefined;
  /** Another lb listens on the same addresses, and is about to go. */
  takesOver?: boolean;
  /** Starts a successor for `POST /upgrade`. @returns its process id. Rejects with one sentence */
  upgrade?: () => Promise<number>;
  /** Serve the admin API's hooks for tests. */
  testHooks: boolean;
}

/** What runs: the main thread's side of lb. */
export class Server {
  readonly admin: AdminServer;
  readonly #parts: Parts;

  constructor(parts: Parts, admin: AdminServer) {
    this.#parts = parts;
    this.admin = admin;
  }

  /** Where clients connect first of all. */
  get address(): Address {
    return this.#parts.entrance.listeners()[0].address;
  }

  /** Where clients connect, those without TLS first. */
  get listeners(): { address: Address; tls: boolean }[] {
    return this.#parts.entrance.listeners();
  }

  /** How long a drain may take, in ms. */
  get shutdownTimeout(): number {
    return this.#parts.live.config.shutdownTimeout;
  }

  /** Reads the configuration anew and puts it in force on all threads; a wrong one changes nothing. Never rejects. */
  reload(cause: string): Promise<ReloadResult> {
    return this.#parts.reloader.reload(cause);
  }

  /** Whether every edge thread serves, and has answered since the last call: its event loop turns. */
  isAlive(): boolean {
    const { edges } = this.#parts;
    return edges.pulse().length === 0 && edges.states().every(({ up }) => up);
  }

  /**
   * Stops accepting, lets requests finish within `timeout` ms, then closes everything.
   * @param handedOver another lb serves on the same addresses: connections without a request may stay until one brings
   *   the word that they end, and the admin API is the other's from now on
   */
  async stop(timeout: number = this.shutdownTimeout, handedOver = false): Promise<void> {
    const { state, entrance, edges, purger, accessLog, reloader, tls, origins, acme } = this.#parts;
    state.draining = true;
    acme.stop();
    reloader.stop();
    tls.ticketKey.stop();
    entrance.stop();
    if (handedOver) await this.admin.close();
    await edges.drain(timeout, handedOver ? timeout : Math.min(timeout, LINGER));
    origins.stop();
    purger.stop();
    await this.admin.close();
    await accessLog.close(LOG_FLUSH);
    entrance.close();
  }

  /** While it stops: connections without a request have no more time than at any other stop. */
  async hurry(): Promise<void> {
    await this.#parts.edges.drain(this.shutdownTimeout, Math.min(this.shutdownTimeout, LINGER));
  }
}

interface Parts {
  live: Live;
  state: { draining: boolean; settings: readonly Provenance[] };
  entrance: Entrance;
  edges: EdgeThreads;
  purger: Purger;
  reloader: Reloader;
  accessLog: AccessLog;
  tls: TlsKeeper;
  origins: Origins;
  acme: AcmeRunner;
}

/**
 * Starts everything: shared memory, the listening sockets, edge threads, the admin listener.
 * @throws ListenError, AdminStartError, CountryDatabaseError, CertificateError with one sentence each
 */
export async function startServer(config: Config, options: ServerOptions): Promise<Server> {
  const { logger } = options;
  const memory = shareMemory(config);
  const cache = openCache(memory.cache, 0);
  const live = new Live(config, cache);
  const tls = new TlsKeeper((warning) => logger.warn({}, warning));
  const acme = new AcmeRunner({
    logger,
    replace: (former, next) => {
      tls.setObtained([next]);
      if (plan.tls === undefined) return;
      const certificates = plan.tls.certificates.map((certificate) => (certificate === former ? next : certificate));
      const terms = { ...plan.tls, certificates };
      plan = { ...plan, tls: terms };
      edges.certificates(terms);
    },
    setChallenges: (challenges) => edges.challenges(challenges),
  });
  tls.setObtained(await acme.prepare(config));
  tls.termsFor(config); // before anything is opened
  const origins = new Origins(memory.origins, openCounters(memory.counters, 0), config, logger);
  const planner = new Planner(tls, origins);
  loadUws(longestHead(config.limits.url, config.maxRequestHeader));
  const entrance = new Entrance(logger, options.takesOver === true);
  const counts = new ConnectionCounts(memory.connections);
  let plan = planner.plan(config, live.generation, await openListeners(entrance, config));
  counts.setPorts(portsOf(entrance));
  const log = (message: string, details: Record<string, unknown>) => logger.error(details, message);
  const purger = new Purger(cache, { live, port: () => entrance.listeners()[0].address.port, log });
  const edges = new EdgeThreads(config.workers, {
    data: (worker) => edgeData(memory, worker, plan, options.version),
    attach: (kind, descriptor) => entrance.attach(kind, descriptor),
    detach: (kind, descriptor) => entrance.detach(kind, descriptor),
    recover: async (worker) => {
      await recover(cache, memory, worker);
      origins.recover(worker);
    },
    changed: (site, host, target) => purger.changed(site, host, target),
    log: (level, message, details) => logger[level](details, message),
  });
  const state = { draining: false, settings: options.settings ?? [] };
  const apply = async (next: Config, settings: readonly Provenance[]): Promise<number> => {
    live.number(next);
    const listen = await entrance.prepare(plannedListeners(next, entrance.uws !== undefined));
    let prepared: PlanData;
    try {
      tls.setObtained(await acme.prepare(next));
      prepared = planner.plan(next, live.generation + 1, listen);
      const problem = await edges.prepare(prepared);
      if (problem !== undefined) throw new Error(problem);
    } catch (error) {
      entrance.discard();
      tls.setObtained(acme.discard());
      throw error;
    }
    const gone = live.sites.filter(({ index }) => !next.sites.some(({ number }) => number === index));
    plan = prepared;
    edges.commit(prepared);
    entrance.commit();
    counts.setPorts(portsOf(entrance));
    void limitUnsent(portsOf(entrance));
    live.replace(next);
    origins.commit(next);
    acme.commit();
    state.settings = settings;
    // what comes back under the same name starts anew
    for (const { index } of gone) purger.forgetSite(index);
    return live.generation;
  };
  const read = options.reread ?? (() => ({ errors: [] }));
  const reloader = new Reloader({ read, current: () => live.config, apply, logger });
  const accessLog = openAccessLog(live, memory, options);
  const parts = { live, state, entrance, edges, purger, reloader, accessLog, tls, origins, acme };
  origins.commit(live.config);
  const renewTls = () => {
    if (plan.tls === undefined) return;
    const renewed = tls.renewed(plan.tls);
    plan = { ...plan, tls: renewed };
    edges.certificates(renewed);
  };
  tls.ticketKey.rotate(renewTls);
  try {
    // who takes over is not asked before it can serve
    if (options.takesOver) await edges.start();
    const admin = await openAdmin(parts, cache, memory, options);
    if (!options.takesOver) await edges.start();
    entrance.open();
    await limitUnsent(portsOf(entrance));
    acme.commit();
    warnOfUnresolvableOrigins(config, logger);
    if (config.watch) reloader.watch(() => filesOf(live.config, options.file));
    return new Server(parts, admin);
  } catch (error) {
    await edges.drain(0, 0);
    origins.stop();
    purger.stop();
    entrance.close();
    throw error;
  }
}

function portsOf(entrance: Entrance): number[] {
  return entrance.listeners().map(({ address }) => address.port);
}

/** What a reload reads: the configuration and certificates. */
function filesOf({ tls, sites }: Config, file: string | undefined): Watched {
  const ofOrigins = sites.flatMap(({ originTls: { ca, cert, key } }) => [ca, cert, key]);
  const named = [file === undefined ? undefined : resolve(file), ...certificateFiles(tls), ...ofOrigins];
  return {
    files: [...new Set(named.filter((name) => name !== undefined))],
    folders: tls.folder === undefined ? [] : [tls.folder],
  };
}

/** @throws ListenError */
async function openListeners(entrance: Entrance, config: Config): Promise<EdgeListen[]> {
  const listen = await entrance.prepare(plannedListeners(config, entrance.uws !== undefined));
  entrance.commit();
  return listen;
}

function edgeData(memory: SharedMemory, worker: number, plan: PlanData, version: string): EdgeData {
  const { logs, ...shared } = memory;
  return { ...shared, worker, version, plan, log: logs[worker] };
}

/** Takes back what a dead edge held, and wakes those who wait for its fills. */
async function recover(cache: Cache, memory: SharedMemory, worker: number): Promise<void> {
  const { waitersLo, waitersHi, done } = cache.recover(worker);
  new Doorbells(memory.doorbells).ringMask(waitersLo, waitersHi, worker);
  resetGauges(memory.counters, worker);
  new ConnectionCounts(memory.connections).forget(worker);
  if (done) return;
  // another thread that died holds the cache's lock; it is about to be recovered
  await setTimeout(RECOVER_PAUSE);
  await recover(cache, memory, worker);
}

function openAccessLog(live: Live, memory: SharedMemory, options: ServerOptions): AccessLog {
  const { config } = live;
  return startAccessLog({
    rings: memory.logs,
    output: config.log.access ? options.output : undefined,
    siteName: (index) => live.siteName(index) ?? '',
    sample: config.log.sample,
    redact: config.log.redact,
  });
}

function openAdmin(parts: Parts, cache: Cache, memory: SharedMemory, options: ServerOptions): Promise<AdminServer> {
  const { live, edges, entrance, purger, state } = parts;
  const { config } = live;
  const sources = {
    counters: memory.counters,
    siteName: (index: number) => live.siteName(index),
    workers: () => edges.states(),
    cache: () => cache.stats(),
    logDropped: () => parts.accessLog.dropped(),
    version: options.version,
  };
  return startAdmin({
    config: { ...config.admin, token: config.adminToken, shared: options.takesOver },
    upgrade: options.upgrade,
    purge: (requests) => purger.purge(requests),
    explain: createExplainer({
      cache,
      live,
      purger,
      uncacheable: memory.uncacheable,
      listen: () => entrance.listeners()[0].address,
      settings: () => state.settings,
    }),
    ready: () => notReady(edges, state.draining),
    metrics: createExposition(sources),
    stats: createSnapshot(sources),
    lines: parts.accessLog,
    version: options.version,
    generation: () => live.generation,
    listeners: () => listenerStates(entrance.listeners()),
    originStates: () => parts.origins.report(),
    reload: () => parts.reloader.reload('the admin API'),
    cacheStats: () => statistics(live, cache),
    testHooks: options.testHooks,
    killWorker: (id) => edges.kill(id),
    log: ({ level, message, details }) => options.logger[level](details, message),
  });
}

function notReady(edges: EdgeThreads, draining: boolean): string[] {
  const reasons = edges.states().flatMap(({ id, up }) => (up ? [] : [`edge thread ${id} is not up`]));
  return draining ? ['draining', ...reasons] : reasons;
}

function statistics({ config }: Live, cache: Cache): object {
  const sites = config.sites.map(({ name, number }) => ({ name, objects: cache.objectsOfSite(number) }));
  return { ...cache.stats(), eviction: config.cache.eviction, sites };
}
