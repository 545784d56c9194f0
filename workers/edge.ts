/** An edge thread: takes sockets, runs the request pipeline and fills, and ends cleanly whatever happens. */

import type { TemplatedApp } from 'uWebSockets.js';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { openCache } from '../src/cache/cache.ts';
import { BackgroundFills } from '../src/fill/background.ts';
import { Flights } from '../src/fill/flights.ts';
import { StoredViews } from '../src/fill/stored.ts';
import { Uncacheable } from '../src/fill/uncacheable.ts';
import { openCountries } from '../src/geo/country.ts';
import { DEFAULT_REQUEST_LIMITS } from '../src/http/request-check.ts';
import { OriginPools } from '../src/origin/pools.ts';
import type { RequestContext } from '../src/request/exchange.ts';
import { Pipeline } from '../src/request/pipeline.ts';
import { HostTable } from '../src/site/host-table.ts';
import { SitePlan } from '../src/site/plan.ts';
import { openCounters, SLOT, WORKER_SLOT } from '../src/stats/counters.ts';
import { AccessLogWriter } from '../src/stats/log-ring.ts';
import { Doorbells } from '../src/threads/doorbell.ts';
import type { EdgeData, FromEdge, ToEdge } from '../src/threads/messages.ts';
import { loadUws } from '../src/transport/load-uws.ts';
import { type HttpListener, listenNodeHttp } from '../src/transport/node-http.ts';
import { serveUws } from '../src/transport/uws.ts';

/** How long main may take to detach a dying edge, in ms. */
const DETACH_TIMEOUT = 500;

/** Within what time sockets that main had handed over have arrived, in ms. */
const STRAY_TIME = 25;

/** How long open connections have for what was handed over, in ms. */
const LINGER = 1000;

const GAUGE_INTERVAL = 1000;

if (parentPort === null) throw new Error('workers/edge is a thread of lb, not a program');
const port = parentPort;
const data = workerData as EdgeData;
const tell = (message: FromEdge) => port.postMessage(message);

const { config, worker } = data;
const cache = openCache(data.cache, worker);
const counters = openCounters(data.counters, worker);
const doorbells = new Doorbells(data.doorbells);
const flights = new Flights(cache, doorbells, worker);
const pools = new OriginPools(config.sites, { multiTenant: config.multiTenant });
const countryOf = data.countries && openCountries(data.countries);
const plans = config.sites.map((site, index) => new SitePlan(index, site, cache, countryOf));

const context: RequestContext = {
  cache,
  counters,
  flights,
  pools,
  stored: new StoredViews(cache),
  uncacheable: new Uncacheable(data.uncacheable),
  background: new BackgroundFills(),
  lines: plans.map((plan) => counters.site(plan.index)),
  unrouted: counters.site(plans.length),
  hosts: new HostTable(plans, 'http'),
  scheme: 'http',
  instance: data.instance,
  maxRequestBody: config.maxRequestBody,
  requestLimits: { ...DEFAULT_REQUEST_LIMITS, headerBytes: config.maxRequestHeader },
  log: data.log === undefined ? undefined : new AccessLogWriter(data.log, config.log.sample),
  onChange: (site, host, target) => tell({ type: 'changed', site, host, target }),
  onBug: (error) =>
    tell({ type: 'log', level: 'error', message: 'a request failed by a bug', details: { stack: error.stack } }),
};
const pipeline = new Pipeline(context);
const stopListening = doorbells.listen(worker, () => flights.onRing());

let app: TemplatedApp | undefined;
let listener: HttpListener | undefined;
let ending = false;
let connections = 0;

async function start(): Promise<void> {
  const loaded = loadUws();
  if ('unavailable' in loaded || data.listen !== undefined) {
    listener = await listenNodeHttp(data.listen ?? config.listen, pipeline);
    tell({ type: 'ready', descriptor: undefined });
    return;
  }
  app = loaded.uws.App();
  serveUws(app, pipeline);
  const count = (_res: unknown, change: number) => {
    connections += change;
  };
  app.filter(count as Parameters<TemplatedApp['filter']>[0]);
  tell({ type: 'ready', descriptor: (app as TemplatedApp & { getDescriptor(): unknown }).getDescriptor() });
}

/**
 * Closes all sockets and ends the thread. Without the first the second would abort the process; so would a request on a
 * socket that main handed over just before it detached this edge, if it came when JavaScript runs no more.
 */
function end(code: number): void {
  ending = true;
  app?.close();
  listener?.close();
  setTimeout(() => {
    app?.close();
    stopListening();
    process.exit(code);
  }, STRAY_TIME);
}

function drain(timeout: number): void {
  ending = true;
  pipeline.draining = true;
  const timer = setTimeout(() => end(0), timeout);
  pipeline.onIdle(() => {
    // answers are handed over, but slow sockets may still hold a part of them
    const linger = connections === 0 ? 0 : Math.min(timeout, LINGER);
    setTimeout(() => {
      if (pipeline.active > 0) return; // a request came meanwhile; the next idle moment counts
      clearTimeout(timer);
      end(0);
    }, linger);
  });
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
  if (message.type === 'drain') drain(message.timeout);
  else if (message.type === 'detached') end(1);
  else
    setImmediate(() => {
      throw new Error('the test hook killed this thread');
    });
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
  const memory = process.memoryUsage();
  counters.set(counters.worker, WORKER_SLOT.heapUsed, memory.heapUsed);
  counters.set(counters.worker, WORKER_SLOT.externalMemory, memory.external);
  counters.set(counters.worker, WORKER_SLOT.activeRequests, pipeline.active);
  for (const plan of plans) {
    const { connected, pending, running } = pools.stats(plan.index);
    const line = counters.site(plan.index);
    counters.set(line, SLOT.poolConnections, connected);
    counters.set(line, SLOT.poolPending, pending);
    counters.set(line, SLOT.poolRunning, running);
  }
}, GAUGE_INTERVAL).unref();

void start();
