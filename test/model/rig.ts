/** lb's request pipeline, cache and fills as an edge thread has them, between a client and an origin that the test plays. */

import type { Dispatcher } from 'undici';
import { type CacheKey, createCache, openCache } from '../../src/cache/cache.ts';
import type { SiteConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { BackgroundFills } from '../../src/fill/background.ts';
import { Flights } from '../../src/fill/flights.ts';
import { SliceTerms } from '../../src/fill/slice-terms.ts';
import { StoredViews } from '../../src/fill/stored.ts';
import { createUncacheable, Uncacheable } from '../../src/fill/uncacheable.ts';
import { DEFAULT_REQUEST_LIMITS } from '../../src/http/request-check.ts';
import type { StorageReason } from '../../src/http/storable.ts';
import type { RouteHints } from '../../src/origin/balance-key.ts';
import { SiteOrigins } from '../../src/origin/balance-site.ts';
import { SYSTEM_CLOCK } from '../../src/origin/limits.ts';
import { Origin } from '../../src/origin/origin.ts';
import type { OriginPools } from '../../src/origin/pools.ts';
import { createOriginStates, OriginStates } from '../../src/origin/state.ts';
import { ClientWatch } from '../../src/request/client-watch.ts';
import { Pipeline } from '../../src/request/pipeline.ts';
import { hostTables } from '../../src/site/host-table.ts';
import { SitePlan } from '../../src/site/plan.ts';
import { createCounters, openCounters } from '../../src/stats/counters.ts';
import { createDoorbells, Doorbells } from '../../src/threads/doorbell.ts';
import { turn, type VirtualClock } from './clock.ts';
import type { Exchange, Script, Template } from './history.ts';
import type { Ask, OriginAsk, OriginOutcome } from './reference-origin.ts';
import { RecordedReply, ReplayedRequest } from './reply.ts';

/** Turns of the event loop that one exchange may take. */
const MAX_TURNS = 200;

/** Host of all requests. */
const HOST = 'www.example.com';

/** What lb did in one exchange. */
export interface Observed {
  reply: RecordedReply;
  asks: (OriginAsk & { at: number })[];
  /** Exceptions of lb's own. */
  bugs: Error[];
  hung: boolean;
}

interface Asked {
  options: Dispatcher.DispatchOptions;
  handler: Dispatcher.DispatchHandler;
}

export class Rig {
  readonly #clock: VirtualClock;
  readonly #pipeline: Pipeline;
  #asked: Asked[] = [];
  #bugs: Error[] = [];

  /** @param lbJson text of a configuration with one site */
  constructor(lbJson: string, clock: VirtualClock) {
    this.#clock = clock;
    const loaded = loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile: () => lbJson });
    if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
    const { sites } = loaded.config;
    const cache = openCache(createCache({ memory: 2 << 20, workers: 1, eviction: 'lru' }), 1);
    const counters = openCounters(createCounters({ workers: 1, sites: 1 }), 1);
    const plans = sites.map((site, index) => new SitePlan(index, site, cache));
    const context = {
      cache,
      counters,
      flights: new Flights(cache, new Doorbells(createDoorbells(1)), 1),
      pools: this.#pools(sites[0]),
      stored: new StoredViews(cache),
      uncacheable: new ExactUncacheable(createUncacheable()),
      lines: plans.map((plan) => counters.site(plan.index)),
      unrouted: counters.site(plans.length),
      hosts: hostTables(plans),
      instance: 'model',
      maxRequestBody: 0,
      requestLimits: DEFAULT_REQUEST_LIMITS,
      isTrusted: undefined,
      clients: new ClientWatch({ bodyTimeout: 0, minReceiveRate: 0, minSendRate: 0, sendTimeout: 0 }),
      log: undefined,
      onBug: (error: Error) => this.#bugs.push(error),
      slices: new SliceTerms(cache),
      background: new BackgroundFills(),
      onChange: () => {},
    };
    this.#pipeline = new Pipeline(context);
  }

  /** The origin is asked once: what becomes of its failures is the model's matter, that it is asked again is not. */
  #pools(config: SiteConfig): OriginPools {
    const pool = {
      dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
        this.#asked.push({ options, handler });
        return true;
      },
    };
    const site = { ...config, retries: { ...config.retries, attempts: 0 } };
    const states = new OriginStates(createOriginStates({ workers: 1, slots: 2 }), 1);
    const parts = {
      pool: pool as unknown as Origin['pool'],
      servername: undefined,
      state: states.slot(0),
      gate: { ...SYSTEM_CLOCK, ring: () => {} },
    };
    const origin = new Origin(site.origins[0], site, parts);
    const origins = new SiteOrigins(site, [origin], states.slot(1), { ...SYSTEM_CLOCK, random: Math.random });
    return { route: (_: number, hints: RouteHints) => origins.route(hints) } as unknown as OriginPools;
  }

  /** Sends one request and plays the origin until nothing moves any more. */
  async run(exchange: Exchange, lines: Template, ask: Ask): Promise<Observed> {
    this.#asked = [];
    this.#bugs = [];
    const sent: Template = [['host', HOST], ...lines];
    const reply = new RecordedReply(exchange.slow);
    const asks: Observed['asks'] = [];
    this.#pipeline.handle(new ReplayedRequest(exchange.method, exchange.target, sent), reply);
    reply.deliverBody(exchange.hasBody ? Buffer.from('abc') : undefined);
    let turns = 0;
    let over = false;
    while (!over && turns < MAX_TURNS) {
      const next = this.#asked.shift();
      if (next !== undefined) turns += await this.#answer(next, exchange, ask, asks, reply);
      await turn();
      reply.drain();
      turns++;
      over = reply.closed && this.#pipeline.active === 0 && this.#asked.length === 0;
    }
    return { reply, asks, bugs: this.#bugs, hung: turns >= MAX_TURNS };
  }

  async #answer(
    asked: Asked,
    exchange: Exchange,
    ask: Ask,
    asks: Observed['asks'],
    reply: RecordedReply,
  ): Promise<number> {
    const { method, path, headers } = asked.options;
    const request = { method, target: path, lines: pairs(headers as string[]) };
    asks.push({ ...request, at: this.#clock.seconds });
    const outcome = ask(request, this.#clock.seconds);
    const played = new PlayedAnswer(asked.handler);
    played.begin();
    if (exchange.leaves) reply.abort();
    const drain = () => reply.drain();
    if (exchange.origin.apart) await turn();
    let turns = 0;
    while (this.#clock.step(Math.round(outcome.arrived * 1000))) {
      await turn();
      drain();
      turns++;
    }
    return turns + (await played.play(outcome, exchange.origin, drain));
  }
}

/** lb's table forgets on collisions of hashes, which is as good; here nothing may depend on hashes. */
class ExactUncacheable extends Uncacheable {
  readonly #until = new Map<string, number>();

  override remember(key: CacheKey, now: number, reason: StorageReason, status: number, passes = true): void {
    super.remember(key, now, reason, status, passes);
    if (passes && super.has(key, now)) this.#until.set(`${key.lo} ${key.hi}`, now);
  }

  override has(key: CacheKey, now: number): boolean {
    const at = this.#until.get(`${key.lo} ${key.hi}`);
    if (at === undefined) return false;
    super.remember(key, at, 'no-store', 200);
    return super.has(key, now);
  }
}

function pairs(list: readonly string[]): [string, string][] {
  const lines: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) lines.push([list[i], list[i + 1]]);
  return lines;
}

/** One answer as undici would hand it over. */
class PlayedAnswer implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  readonly #handler: Dispatcher.DispatchHandler;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  begin(): void {
    this.#handler.onRequestStart?.(this, {});
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#handler.onResponseError?.(this, reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** @returns the turns it took */
  async play(outcome: OriginOutcome, { apart, fault }: Script, drain: () => void): Promise<number> {
    if (this.aborted) return 0;
    if (outcome.failure !== undefined) {
      const code = fault === 'refused' ? 'ECONNREFUSED' : 'UND_ERR_SOCKET';
      this.#handler.onResponseError?.(this, Object.assign(new Error('no answer'), { code }));
      return 0;
    }
    let turns = 0;
    const gap = async () => {
      for (let wait = apart || this.paused; wait && !this.aborted && turns < MAX_TURNS; wait = this.paused) {
        await turn();
        drain();
        turns++;
      }
    };
    this.#handler.onResponseStart?.(this, outcome.status, undiciHeaders(outcome.lines), 'OK');
    // without a gap not even a microtask comes between: so it is where one packet brings it all
    if (apart || this.paused) await gap();
    for (const part of parts(outcome.body, apart)) {
      if (!this.aborted) this.#handler.onResponseData?.(this, part);
      if (apart || this.paused) await gap();
    }
    if (this.aborted) return turns;
    const cut = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
    if (outcome.complete) this.#handler.onResponseEnd?.(this, {});
    else this.#handler.onResponseError?.(this, cut);
    return turns;
  }
}

function parts(body: string, apart: boolean): Buffer[] {
  const bytes = Buffer.from(body, 'latin1');
  if (bytes.length === 0) return [];
  const half = bytes.length >> 1;
  return apart && half > 0 ? [bytes.subarray(0, half), bytes.subarray(half)] : [bytes];
}

function undiciHeaders(lines: OriginAsk['lines']): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of lines) {
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else if (typeof known === 'string') headers[name] = [known, value];
    else known.push(value);
  }
  return headers;
}
