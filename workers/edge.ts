/** An edge thread: takes sockets, runs the request pipeline and fills, and ends cleanly whatever happens. */

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { loadDiskAddon } from '../native-bindings/disk/index.ts';
import { challengeFolder } from '../src/acme/folder.ts';
import { allocateYoung } from '../src/base/garbage.ts';
import { openCache } from '../src/cache/cache.ts';
import { BackgroundVariants } from '../src/compress/background.ts';
import { Dictionaries } from '../src/compress/dictionaries.ts';
import type { ClientLimits, SiteConfig } from '../src/config/config.ts';
import { useNative } from '../src/disk/checksum.ts';
import { BackgroundFills } from '../src/fill/background.ts';
import { EdgeDisks } from '../src/fill/edge-disks.ts';
import { Flights } from '../src/fill/flights.ts';
import { SliceTerms } from '../src/fill/slice-terms.ts';
import { StoredViews } from '../src/fill/stored.ts';
import { Uncacheable } from '../src/fill/uncacheable.ts';
import { GuardThread, type PreparedGuards } from '../src/guard/thread.ts';
import { networkTest } from '../src/http/networks.ts';
import { DEFAULT_REQUEST_LIMITS } from '../src/http/request-check.ts';
import { OriginPools, type PreparedPools } from '../src/origin/pools.ts';
import { OriginStates } from '../src/origin/state.ts';
import { ClientWatch } from '../src/request/client-watch.ts';
import type { RequestContext } from '../src/request/context.ts';
import { Pipeline } from '../src/request/pipeline.ts';
import { plannedListeners } from '../src/server/listeners.ts';
import { hostTables } from '../src/site/host-table.ts';
import { SitePlan } from '../src/site/plan.ts';
import { openCounters, SLOT, WORKER_SLOT } from '../src/stats/counters.ts';
import { AccessLogWriter } from '../src/stats/log-ring.ts';
import { Doorbells } from '../src/threads/doorbell.ts';
import type { EdgeData, FromEdge, PlanData, ToEdge } from '../src/threads/messages.ts';
import { openTracer } from '../src/tracing/open.ts';
import { ConnectionLimits } from '../src/transport/connection-limits.ts';
import { EdgeListeners } from '../src/transport/edge-listeners.ts';
import { loadUws } from '../src/transport/load-uws.ts';
import { TlsChallenges } from '../src/transport/tls-challenges.ts';
import { UwsApps } from '../src/transport/uws-apps.ts';

/** How long main may take to detach a dying edge, in ms. */
const DETACH_TIMEOUT = 500;

/** Within what time sockets that main had handed over have arrived, in ms. */
const STRAY_TIME = 25;

/** Time between two looks at what is still under way while the thread drains, in ms. */
const DRAIN_INTERVAL = 20;

/** Within what time those whose connection has switched protocols have been told of the end, in ms. */
const FAREWELL_TIME = 100;

/** How long the last spans may take to reach their collector, in ms. */
const TRACE_FLUSH = 1000;

const GAUGE_INTERVAL = 1000;

if (parentPort === null) throw new Error('workers/edge is a thread of lb, not a program');
const port = parentPort;
const data = workerData as EdgeData;
const tell = (message: FromEdge) => port.postMessage(message);

allocateYoung();

const { worker } = data;
const { config } = data.plan;
const cache = openCache(data.cache, worker);
const counters = openCounters(data.counters, worker);
const doorbells = new Doorbells(data.doorbells);
const flights = new Flights(cache, doorbells, worker);
const pools = new OriginPools(config.sites, {
  multiTenant: config.multiTenant,
  dns: config.dns,
  states: new OriginStates(data.origins, worker),
  slots: data.plan.originSlots,
  ring: (other) => doorbells.ring(other),
});

const guards = new GuardThread(data.rateLimits, worker, counters, (message, details) =>
  tell({ type: 'log', level: 'warn', message, details }),
);

/** What a plan comes to on this thread. */
type Planned = Pick<
  RequestContext,
  'hosts' | 'lines' | 'maxRequestBody' | 'requestLimits' | 'isTrusted' | 'challengeFolder'
> & {
  sites: SitePlan[];
  guards: PreparedGuards;
};

/** @param lines of the sites before; requests under way may be for one that is no more */
function planned(plan: PlanData, lines: readonly number[]): Planned {
  const { config } = plan;
  const prepared = guards.prepare(plan);
  const { countryOf, plans } = prepared;
  const sites = config.sites.map((site, i) => new SitePlan(site.number, site, cache, countryOf, plans[i]));
  const known = lines.slice();
  for (const { index } of sites) known[index] = counters.site(index);
  return {
    sites,
    guards: prepared,
    hosts: hostTables(sites),
    lines: known,
    maxRequestBody: config.maxRequestBody,
    isTrusted: config.trustedProxies.length === 0 ? undefined : networkTest(config.trustedProxies),
    challengeFolder: config.acme.domains.length === 0 ? undefined : challengeFolder(config.dataDir),
    requestLimits: {
      ...DEFAULT_REQUEST_LIMITS,
      target: config.limits.url,
      headerBytes: config.maxRequestHeader,
    },
  };
}

let current = planned(data.plan, []);
guards.keep(current.guards);

const clients = new ClientWatch(config.limits);
const warn = (message: string, details: Record<string, unknown>) =>
  tell({ type: 'log', level: 'warn', message, details });
const uwsConnections = new ConnectionLimits(data.connections, worker, config.limits, false, warn);

const context: { -readonly [K in keyof RequestContext]: RequestContext[K] } = {
  cache,
  counters,
  flights,
  pools,
  stored: new StoredViews(cache),
  uncacheable: new Uncacheable(data.uncacheable),
  slices: new SliceTerms(cache, config.disk?.size),
  disks: undefined,
  background: new BackgroundFills(),
  limits: guards.limits,
  ...inForce(current),
  unrouted: counters.site(Number.POSITIVE_INFINITY),
  instance: data.instance,
  clients,
  log: new AccessLogWriter(data.log, config.log.access ? config.log.sample : 'off'),
  variants: new BackgroundVariants((request) => tell({ type: 'work', request })),
  dictionaries: new Dictionaries(cache, (request) => tell({ type: 'work', request })),
  onChange: (site, host, target) => tell({ type: 'changed', site, host, target }),
  onBug: (error) =>
    tell({ type: 'log', level: 'error', message: 'a request failed by a bug', details: { stack: error.stack } }),
};

function inForce(plan: Planned): Omit<Planned, 'sites' | 'guards'> {
  const { hosts, lines, maxRequestBody, requestLimits, isTrusted, challengeFolder } = plan;
  return { hosts, lines, maxRequestBody, requestLimits, isTrusted, challengeFolder };
}

const pipeline = new Pipeline(context);
const stopListening = doorbells.listen(worker, () => {
  flights.onRing();
  pools.onRing();
});

let apps: UwsApps | undefined;
const nodeConnections = new ConnectionLimits(data.connections, worker, config.limits, true, warn);
const challenges = new TlsChallenges();
const listeners = new EdgeListeners({ handler: pipeline, clients, gate: nodeConnections, challenges });
let ending = false;

let disks: EdgeDisks | undefined;

/** Before the first request: whatever is stored is told to the disks. */
async function openDisks(): Promise<void> {
  if (data.disks.length === 0) return;
  const loaded = await loadDiskAddon();
  const { readNow, crc32c } = 'addon' in loaded ? loaded.addon : {};
  if (crc32c !== undefined) useNative(crc32c);
  disks = new EdgeDisks(cache, data.disks, doorbells, readNow, {
    failed: (disk, reason) => tell({ type: 'disk-failed', disk, reason }),
    warn,
    count: () => counters.add(counters.worker, WORKER_SLOT.diskReadFailures, 1),
  });
  context.disks = disks;
}

async function start(): Promise<void> {
  await openDisks();
  context.tracer = await openTracer(config.tracing, {
    version: data.version,
    instance: `${data.instance}-${worker}`,
    count: (what, spans) =>
      counters.add(counters.worker, what === 'exported' ? WORKER_SLOT.spansExported : WORKER_SLOT.spansDropped, spans),
  });
  await listeners.prepare(data.plan);
  listeners.commit();
  const loaded = loadUws();
  if ('uws' in loaded) {
    apps = new UwsApps(loaded.uws, { handler: pipeline, clients, connections: uwsConnections }, config.limits);
    allowMessages(config.sites);
    tell({ type: 'app', kind: 'plain', descriptor: apps.openPlain() });
    openSecureApp(data.plan);
  }
  tell({ type: 'ready' });
}

/** The plan that main may put in force next. */
let next: { plan: PlanData; planned: Planned; origins: PreparedPools } | undefined;

/** Messages about plans and certificates, one after the other and behind the start: each may take turns of the event loop. */
let planning: Promise<void>;

async function prepare(plan: PlanData): Promise<void> {
  const { generation } = plan;
  let origins: PreparedPools | undefined;
  try {
    if (pipeline.draining) throw new Error('lb is about to end');
    const made = planned(plan, current.lines);
    origins = pools.prepare(plan.config.sites, plan.originSlots, plan.config.dns);
    await listeners.prepare(plan);
    next = { plan, planned: made, origins };
    tell({ type: 'prepared', generation });
  } catch (error) {
    if (origins !== undefined) pools.discard(origins);
    tell({ type: 'prepared', generation, error: (error as Error).message });
  }
}

/** From here on requests go by the new plan; those under way keep the one that they began with. */
function commit(generation: number): void {
  if (next?.plan.generation !== generation) return;
  current = next.planned;
  guards.keep(current.guards);
  Object.assign(context, inForce(current));
  pools.commit(next.origins);
  limitClients(next.plan.config.limits);
  allowMessages(next.plan.config.sites);
  listeners.commit();
  openSecureApp(next.plan);
  next = undefined;
  tell({ type: 'committed', generation });
}

function limitClients(limits: ClientLimits): void {
  clients.update(limits);
  uwsConnections.update(limits);
  nodeConnections.update(limits);
  apps?.limit(limits);
}

/** The library has one limit for all sites; a site's own is kept by its tunnels. Without need it is not asked for WebSockets. */
function allowMessages(sites: readonly SiteConfig[]): void {
  const largest = Math.max(0, ...sites.map(({ upgrades }) => (upgrades.enabled ? upgrades.maxMessage : 0)));
  apps?.allowMessages(largest);
}

/** Where main accepts connections with TLS: an app with the certificate, and another one when that changes. */
function openSecureApp({ tls, config }: Pick<PlanData, 'tls' | 'config'>): void {
  const isUws = plannedListeners(config, true).some((listener) => listener.tls && listener.by === 'uws');
  if (tls === undefined || !isUws) return;
  try {
    const descriptor = apps?.openSecure(tls);
    if (descriptor !== undefined) tell({ type: 'app', kind: 'tls', descriptor });
  } catch (error) {
    const details = { error: (error as Error).message };
    tell({ type: 'log', level: 'error', message: 'uWebSockets.js cannot use the certificate', details });
  }
}

function discard(generation: number): void {
  if (next?.plan.generation !== generation) return;
  listeners.discard();
  if (next !== undefined) pools.discard(next.origins);
  next = undefined;
}

/**
 * Closes all sockets and ends the thread. Without the first the second would abort the process; so would a request on a
 * socket that main handed over just before it detached this edge, if it came when JavaScript runs no more.
 */
function end(code: number): void {
  ending = true;
  apps?.close();
  listeners.close();
  setTimeout(() => {
    apps?.close();
    stopListening();
    process.exit(code);
  }, STRAY_TIME);
}

/** Ends the thread once nobody waits for it any more. */
async function leave(): Promise<void> {
  await context.tracer?.flush(TRACE_FLUSH);
  end(0);
}

/** Answers from now on end their connections. Those without a request have `idle` ms to bring one that can tell them. */
function drain(timeout: number, idle: number): void {
  ending = true;
  pipeline.draining = true;
  listeners.stop();
  listeners.drain();
  const begun = performance.now();
  let busy = begun;
  const look = setInterval(() => {
    const now = performance.now();
    if (pipeline.active > 0) busy = now;
    const isOver = pipeline.active === 0 && (uwsConnections.own + listeners.connections() === 0 || now - busy >= idle);
    if (!isOver && now - begun < timeout) return;
    clearInterval(look);
    const told = pipeline.closeTunnels();
    setTimeout(() => void leave(), told > 0 ? FAREWELL_TIME : 0);
  }, DRAIN_INTERVAL);
}

function die(error: unknown): void {
  if (ending) {
    end(1);
    return;
  }
  ending = true;
  tell({ type: 'dying', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  setTimeout(() => end(1), DETACH_TIMEOUT);
}

process.on('uncaughtException', die);
process.on('unhandledRejection', die);

port.on('message', (message: ToEdge) => {
  switch (message.type) {
    case 'prepare':
      planning = planning.then(() => prepare(message.plan));
      break;
    case 'commit':
      planning = planning.then(() => commit(message.generation));
      break;
    case 'discard':
      planning = planning.then(() => discard(message.generation));
      break;
    case 'drain':
      drain(message.timeout, message.idle);
      break;
    case 'certificates':
      planning = planning.then(() => listeners.setTls(message.tls));
      break;
    case 'challenges':
      challenges.replace(message.challenges);
      break;
    case 'ping':
      tell({ type: 'pong' });
      break;
    case 'disk':
      planning = planning.then(() => disks?.connect(message.disk, message.port));
      break;
    case 'detached':
      end(1);
      break;
    case 'die':
      setImmediate(() => {
        throw new Error('the test hook killed this thread');
      });
  }
});

const delay = monitorEventLoopDelay({ resolution: 100 });
delay.enable();
let utilization = performance.eventLoopUtilization();
setInterval(() => {
  const now = performance.eventLoopUtilization();
  counters.set(
    counters.worker,
    WORKER_SLOT.eventLoopBusy,
    performance.eventLoopUtilization(now, utilization).utilization,
  );
  utilization = now;
  // the histogram counts from the beginning of each sampling interval, which is 100 ms
  counters.set(counters.worker, WORKER_SLOT.eventLoopDelay, Math.max(0, delay.percentile(99) / 1e9 - 0.1));
  delay.reset();
  // not process.memoryUsage: it opens a file, and throws where there is no descriptor left
  const memory = getHeapStatistics();
  counters.set(counters.worker, WORKER_SLOT.heapUsed, memory.used_heap_size);
  counters.set(counters.worker, WORKER_SLOT.externalMemory, memory.external_memory);
  counters.set(counters.worker, WORKER_SLOT.activeRequests, pipeline.active);
  for (const plan of current.sites) {
    const { connected, pending, running } = pools.stats(plan.index);
    const line = counters.site(plan.index);
    counters.set(line, SLOT.poolConnections, connected);
    counters.set(line, SLOT.poolPending, pending);
    counters.set(line, SLOT.poolRunning, running);
  }
}, GAUGE_INTERVAL).unref();

planning = start();
