import type { AdminServer } from '../admin/types.ts';
import { openCache } from '../cache/cache.ts';
import type { Address, Config } from '../config/config.ts';
import { tellDisks } from '../fill/edge-disks.ts';
import { type AccessLog, startAccessLog } from '../stats/access-log.ts';
import { openCounters } from '../stats/counters.ts';
import { Doorbells } from '../threads/doorbell.ts';
import { EdgeThreads } from '../threads/edges.ts';
import type { DiskPurge, EdgeData, EdgeDisk, PlanData } from '../threads/messages.ts';
import { TlsKeeper } from '../tls/keeper.ts';
import { ConnectionCounts } from '../transport/connection-counts.ts';
import { loadUws, longestHead } from '../transport/load-uws.ts';
import { AcmeRunner } from './acme.ts';
import { openBackground } from './background.ts';
import { Disks } from './disks.ts';
import { Entrance } from './entrance.ts';
import type { Watched } from './file-watch.ts';
import { GiveBack } from './give-back.ts';
import { LimitLines } from './limit-lines.ts';
import { Live } from './live.ts';
import { openAdmin } from './open-admin.ts';
import { Origins } from './origins.ts';
import type { Parts, ServerOptions } from './parts.ts';
import { Planner } from './planner.ts';
import { Plans } from './plans.ts';
import { Purger } from './purger.ts';
import { recover, recoverCache } from './recover.ts';
import { Reloader, type ReloadResult, watchedFiles } from './reload.ts';
import { type SharedMemory, shareMemory } from './shared-memory.ts';
import { warnOfUnresolvableOrigins } from './unresolvable.ts';
import { limitUnsent } from './unsent.ts';
import { watchedRules } from './watched-rules.ts';

/** How long clients have to take what was handed over to their sockets before connections without a request end, in ms. */
const LINGER = 1000;

/** How long the last lines of the log may take to go out, in ms. */
const LOG_FLUSH = 2000;

/** What a disk has at least to give its folder back, in ms. */
const DISK_CLOSE = 2000;

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
    const { state, entrance, edges, purger, accessLog, reloader, tls, origins, acme, disks, works, giveBack } =
      this.#parts;
    const deadline = performance.now() + timeout;
    state.draining = true;
    acme.stop();
    giveBack.stop();
    reloader.stop();
    tls.ticketKey.stop();
    entrance.stop();
    if (handedOver) await Promise.all([this.admin.close(), disks?.close(DISK_CLOSE)]);
    await edges.drain(timeout, handedOver ? timeout : Math.min(timeout, LINGER));
    await Promise.all([works.close(), disks?.close(Math.max(DISK_CLOSE, deadline - performance.now()))]);
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

/**
 * Starts everything: shared memory, the listening sockets, edge threads, the admin listener.
 * @throws ListenError, AdminStartError, CountryDatabaseError, CertificateError with one sentence each
 */
export async function startServer(config: Config, options: ServerOptions): Promise<Server> {
  const disks = await openDisks(config, options);
  const parts = makeParts(config, options, disks);
  try {
    await parts.plans.open(config);
    const admin = await serve(parts, options);
    warnOfUnresolvableOrigins(config, options.logger);
    if (config.watch) parts.reloader.watch(() => watched(parts, options.file));
    return new Server(parts, admin);
  } catch (error) {
    await parts.edges.drain(0, 0);
    await Promise.all([parts.works.close(), disks?.close(DISK_CLOSE)]);
    parts.giveBack.stop();
    parts.origins.stop();
    parts.purger.stop();
    parts.entrance.close();
    throw error;
  }
}

function watched({ live: { config }, plans }: Parts, file: string | undefined): Watched {
  const [own, rules] = [watchedFiles(config, file), watchedRules(config, plans.current)];
  return { files: [...own.files, ...rules.files], folders: [...own.folders, ...rules.folders] };
}

/** Before anything else: what the folders hold can only be found with what they know. */
async function openDisks({ disk }: Config, { logger, takesOver }: ServerOptions): Promise<Disks | undefined> {
  if (disk === undefined) return undefined;
  const disks = new Disks(disk, logger, takesOver === true);
  await disks.open();
  return disks;
}

/** Makes what main has, each given what it needs of the others. Nothing is listened on, and no edge runs. */
function makeParts(config: Config, options: ServerOptions, disks: Disks | undefined): Parts {
  const { logger } = options;
  loadUws(longestHead(config.limits.url, config.maxRequestHeader));
  const memory = shareMemory(config, disks?.heritage);
  const cache = openCache(memory.cache, 0);
  const live = new Live(config, cache, disks?.sites);
  if (disks !== undefined) {
    live.named = (names) => disks.nameSites(names);
    disks.nameSites(live.names);
    disks.putInForce(cache);
    // work in the background is stored by this thread
    tellDisks(cache, edgeDisks(memory, config, 0), new Doorbells(memory.doorbells));
  }
  const entrance = new Entrance(logger, options.takesOver === true);
  const counts = new ConnectionCounts(memory.connections);
  const origins = new Origins(memory.origins, openCounters(memory.counters, 0), config, logger);
  const log = (message: string, details: Record<string, unknown>) => logger.error(details, message);
  const carriedOut = disks && ((purge: DiskPurge) => disks.add(purge));
  const purger = new Purger(cache, { live, port: () => entrance.listeners()[0].address.port, carriedOut, log });
  const works = openBackground(cache, logger, config.backgroundCpu);
  const edges = new EdgeThreads(config.workers, {
    data: (worker) => edgeData(memory, worker, plans.current, options.version),
    attach: (kind, descriptor) => entrance.attach(kind, descriptor),
    detach: (kind, descriptor) => entrance.detach(kind, descriptor),
    recover: async (worker) => {
      await recover(cache, memory, worker);
      origins.recover(worker);
    },
    changed: (site, host, target) => purger.changed(site, host, target),
    born: (worker) => disks?.connect(worker),
    diskFailed: (disk, reason) => disks?.fail(disk, reason),
    work: (request) => works.request(request),
    log: (level, message, details) => logger[level](details, message),
  });
  disks?.begin({
    memory: (disk) => {
      const { cache: shared, doorbells } = memory;
      return { ...memory.disks[disk], cache: shared, doorbells, sequence: cache.purgeSequence() };
    },
    recover: (worker) => recoverCache(cache, memory, worker),
    edges: () => edges.running,
    tellEdge: (edge, disk, port) => edges.connectDisk(edge, disk, port),
  });
  const tls = new TlsKeeper((warning) => logger.warn({}, warning));
  const acme = new AcmeRunner({
    logger,
    replace: (former, next) => plans.replaceCertificate(former, next),
    setChallenges: (challenges) => edges.challenges(challenges),
  });
  const limits = new LimitLines(memory.rateLimits);
  const planner = new Planner(tls, origins, limits);
  const plans = new Plans({ live, planner, entrance, counts, tls, acme, origins, purger, edges });
  const state = { draining: false, settings: options.settings ?? [] };
  const reloader = new Reloader({
    read: options.reread ?? (() => ({ errors: [] })),
    current: () => live.config,
    apply: async (next, settings) => {
      const applied = await plans.apply(next);
      state.settings = settings;
      return applied;
    },
    logger,
  });
  const accessLog = openAccessLog(live, memory, options);
  return {
    memory,
    cache,
    live,
    state,
    entrance,
    edges,
    plans,
    purger,
    reloader,
    accessLog,
    tls,
    origins,
    limits,
    acme,
    disks,
    works,
    giveBack: new GiveBack(),
  };
}

/** Has what was made begin. @returns the admin listener */
async function serve(parts: Parts, options: ServerOptions): Promise<AdminServer> {
  const { edges, entrance, plans, tls, acme } = parts;
  tls.ticketKey.rotate(() => plans.renewTicketKey());
  // who takes over is not asked before it can serve
  if (options.takesOver) await edges.start();
  const admin = await openAdmin(parts, options);
  if (!options.takesOver) await edges.start();
  entrance.open();
  await limitUnsent(plans.ports());
  void parts.giveBack.start();
  acme.commit();
  return admin;
}

function edgeData(memory: SharedMemory, worker: number, plan: PlanData, version: string): EdgeData {
  const { logs, disks: _, ...shared } = memory;
  return { ...shared, worker, version, plan, log: logs[worker], disks: edgeDisks(memory, plan.config, worker) };
}

/** The disks as one thread has them. */
function edgeDisks({ disks }: SharedMemory, { disk }: Config, worker: number): EdgeDisk[] {
  const folders = disk?.paths ?? [];
  return disks.map(({ slots, rings, worker: own }, i) => ({
    folder: folders[i],
    slots,
    ring: rings[worker],
    worker: own,
  }));
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
