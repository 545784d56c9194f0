/** What an edge thread has, with an origin that answers every request at once, in memory. */
import type { Dispatcher } from 'undici';
import { createCache, openCache } from '../../src/cache/cache.ts';
import { loadConfig } from '../../src/config/load.ts';
import { BackgroundFills } from '../../src/fill/background.ts';
import { Flights } from '../../src/fill/flights.ts';
import { SliceTerms } from '../../src/fill/slice-terms.ts';
import { StoredViews } from '../../src/fill/stored.ts';
import { createUncacheable, Uncacheable } from '../../src/fill/uncacheable.ts';
import type { Addon } from '../../src/guard/addon.ts';
import { GuardPlan } from '../../src/guard/plan.ts';
import { DEFAULT_REQUEST_LIMITS } from '../../src/http/request-check.ts';
import type { RouteHints } from '../../src/origin/balance-key.ts';
import { SiteOrigins } from '../../src/origin/balance-site.ts';
import { SYSTEM_CLOCK } from '../../src/origin/limits.ts';
import { Origin } from '../../src/origin/origin.ts';
import type { OriginPools } from '../../src/origin/pools.ts';
import { createOriginStates, OriginStates } from '../../src/origin/state.ts';
import { ClientWatch } from '../../src/request/client-watch.ts';
import type { RequestContext } from '../../src/request/context.ts';
import { Pipeline } from '../../src/request/pipeline.ts';
import { hostTables } from '../../src/site/host-table.ts';
import { SitePlan } from '../../src/site/plan.ts';
import { createCounters, openCounters } from '../../src/stats/counters.ts';
import { AccessLogWriter, createLogRing } from '../../src/stats/log-ring.ts';
import { createDoorbells, Doorbells } from '../../src/threads/doorbell.ts';

export interface ThreadTerms {
  /** Cache-Control of every answer. */
  cacheControl: string;
  /** Bytes of every body. */
  bytes: number;
  addons?: readonly Addon[];
  isLogged?: boolean;
}

const MEMORY = 64 << 20;

/** Where the reader of a log ring says how far it is, and the writer how far it has written; see src/stats/log-ring.ts. */
const [RING_HEAD, RING_TAIL] = [0, 16];

const LB_JSON = JSON.stringify({ origins: ['origin.example:80'] });

export class BenchThread {
  readonly pipeline: Pipeline;
  readonly #ring = createLogRing(1 << 20);
  readonly #words = new Int32Array(this.#ring);

  constructor({ cacheControl, bytes, addons, isLogged = false }: ThreadTerms) {
    const read = () => LB_JSON;
    const loaded = loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile: read });
    if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
    const [config] = loaded.config.sites;
    const cache = openCache(createCache({ memory: MEMORY, workers: 1, eviction: 's3fifo' }), 1);
    const counters = openCounters(createCounters({ workers: 1, sites: 1 }), 1);
    const guard = addons === undefined ? undefined : new GuardPlan(addons);
    const plan = new SitePlan(0, config, cache, undefined, guard);
    const states = new OriginStates(createOriginStates({ workers: 1, slots: 2 }), 1);
    const parts = {
      pool: poolOf(cacheControl, Buffer.alloc(bytes, 'x')) as unknown as Origin['pool'],
      servername: undefined,
      state: states.slot(0),
      gate: { ...SYSTEM_CLOCK, ring: () => {} },
    };
    const origin = new Origin(config.origins[0], config, parts);
    const origins = new SiteOrigins(config, [origin], states.slot(1), { ...SYSTEM_CLOCK, random: Math.random });
    const context: RequestContext = {
      cache,
      counters,
      flights: new Flights(cache, new Doorbells(createDoorbells(1)), 1),
      pools: { route: (_: number, hints: RouteHints) => origins.route(hints) } as unknown as OriginPools,
      stored: new StoredViews(cache),
      uncacheable: new Uncacheable(createUncacheable()),
      lines: [counters.site(0)],
      unrouted: counters.site(1),
      hosts: hostTables([plan]),
      instance: 'bench',
      maxRequestBody: 0,
      requestLimits: DEFAULT_REQUEST_LIMITS,
      isTrusted: undefined,
      clients: new ClientWatch({ bodyTimeout: 0, minReceiveRate: 0, minSendRate: 0, sendTimeout: 0 }),
      log: isLogged ? new AccessLogWriter(this.#ring) : undefined,
      onBug: (error: Error) => {
        throw error;
      },
      slices: new SliceTerms(cache),
      background: new BackgroundFills(),
      onChange: () => {},
    };
    this.pipeline = new Pipeline(context);
  }

  /** What has been logged is read. */
  emptyLog(): void {
    Atomics.store(this.#words, RING_TAIL, this.#words[RING_HEAD]);
  }
}

/** What an origin's pool does, without any origin: each request has its whole answer before `dispatch` returns. */
function poolOf(cacheControl: string, body: Buffer) {
  const controller = { aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} };
  const length = String(body.length);
  return {
    dispatch(_: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      handler.onRequestStart?.(controller, {});
      const headers = {
        server: 'origin',
        date: 'Tue, 24 Nov 2026 00:00:00 GMT',
        'content-type': 'text/html; charset=utf-8',
        'content-length': length,
        'last-modified': 'Mon, 23 Nov 2026 00:00:00 GMT',
        etag: '"6742c1e3-400"',
        'cache-control': cacheControl,
      };
      handler.onResponseStart?.(controller, 200, headers, 'OK');
      handler.onResponseData?.(controller, body);
      handler.onResponseEnd?.(controller, {});
      return true;
    },
  };
}
