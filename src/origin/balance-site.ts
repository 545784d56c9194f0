import type { SiteConfig } from '../config/config.ts';
import { combineHeader } from '../http/headers.ts';
import { BoundedHash, LeastConnections, type Policy, RoundRobin, TwoChoices } from './balance.ts';
import { balanceKey, type RouteHints } from './balance-key.ts';
import { StickyCookie } from './balance-sticky.ts';
import { DUE, EJECTED, READY } from './health.ts';
import type { Origin } from './origin.ts';
import type { ClientEnd } from './proxy-header.ts';
import { RetryBudget } from './retry.ts';
import type { OriginState } from './state.ts';
import { OriginUse } from './use.ts';

export interface SiteOriginsOptions {
  readonly now: () => number;
  /** As Math.random. */
  readonly random: () => number;
}

/** A site's origins, and the choice among them. */
export class SiteOrigins {
  readonly config: SiteConfig;
  readonly origins: readonly Origin[];
  readonly budget: RetryBudget;
  readonly sticky: StickyCookie | undefined;
  readonly now: () => number;
  readonly #primaries: readonly Origin[];
  readonly #backups: readonly Origin[];
  readonly #policy: Policy<Origin>;
  readonly #keyOf: ((hints: RouteHints) => number | undefined) | undefined;
  readonly #random: () => number;
  readonly #telling: boolean;
  /** Of all requests, where nothing in them counts. */
  readonly #plain: OriginRoute;
  readonly #ready: Origin[] = [];
  readonly #ejected: Origin[] = [];

  /** @param state of the site's own slot */
  constructor(config: SiteConfig, origins: readonly Origin[], state: OriginState, options: SiteOriginsOptions) {
    this.config = config;
    this.origins = origins;
    this.now = options.now;
    this.#random = options.random;
    this.budget = new RetryBudget(state, config.retries);
    this.#primaries = origins.filter(({ config: { backup } }) => !backup);
    this.#backups = origins.filter(({ config: { backup } }) => backup);
    const { policy, hashBy, stickyCookie } = config.balance;
    this.#policy = policyFor(policy, options.random);
    this.#keyOf = policy === 'hash' && origins.length > 1 ? balanceKey(hashBy) : undefined;
    this.sticky = stickyCookie === undefined ? undefined : new StickyCookie(stickyCookie, config.name, origins);
    this.#telling = origins.some(({ config: { proxyProtocol } }) => proxyProtocol > 0);
    this.#plain = new OriginRoute(this, 0, undefined, undefined);
  }

  /** What a request means to the choice; of the request nothing is kept. */
  route(hints: RouteHints): OriginRoute {
    const hasKey = this.#keyOf !== undefined;
    if (!hasKey && this.sticky === undefined && !this.#telling) return this.#plain;
    // a request without what is hashed goes anywhere
    const key = hasKey ? (this.#keyOf?.(hints) ?? this.#random() * 0x1_0000_0000) : 0;
    const stuck = this.sticky?.find(hints.cookies ?? combineHeader(hints.headers, 'cookie') ?? '');
    const client = this.#telling ? { address: hints.address, port: 0 } : undefined;
    return new OriginRoute(this, key, stuck, client);
  }

  /**
   * The origin for a try: the client's own; one that is due to be tried again; the policy's choice among those that are
   * up, else among the backups; and, where requests have shown of all that they fail, among these: that alone never leaves
   * a site without an origin.
   *
   * @param now of the clock of origin states
   * @param tried origins that failed this request already
   * @returns undefined where there is none
   */
  choose(route: OriginRoute, now: number, tried?: readonly Origin[]): Origin | undefined {
    const { stuck } = route;
    if (stuck !== undefined && tried?.includes(stuck) !== true && isUsable(stuck, now)) return stuck;
    return (
      this.#among(this.#primaries, route, now, tried) ??
      this.#among(this.#backups, route, now, tried) ??
      this.#inNeed(this.#primaries, route, now, tried) ??
      this.#inNeed(this.#backups, route, now, tried)
    );
  }

  #among(
    origins: readonly Origin[],
    route: OriginRoute,
    now: number,
    tried: readonly Origin[] | undefined,
  ): Origin | undefined {
    if (origins.length === 1 && tried === undefined && origins[0].health.availability(now) === READY) return origins[0];
    const ready = this.#ready;
    ready.length = 0;
    for (const origin of origins) {
      if (tried?.includes(origin)) continue;
      const availability = origin.health.availability(now);
      if (availability === READY) ready.push(origin);
      else if (availability === DUE && onTrial(origin)) return origin;
    }
    return this.#pick(ready, route, now);
  }

  #inNeed(
    origins: readonly Origin[],
    route: OriginRoute,
    now: number,
    tried: readonly Origin[] | undefined,
  ): Origin | undefined {
    const ejected = this.#ejected;
    ejected.length = 0;
    for (const origin of origins) {
      if (tried?.includes(origin) || origin.health.availability(now) !== EJECTED) continue;
      if (origin.health.breaker.isClosed()) ejected.push(origin);
      // a circuit that closes again lets one request at a time through
      else if (onTrial(origin)) return origin;
    }
    return this.#pick(ejected, route, now);
  }

  #pick(origins: readonly Origin[], route: OriginRoute, now: number): Origin | undefined {
    return origins.length < 2 ? origins[0] : this.#policy.pick(origins, now, route.key);
  }
}

/** What one request means to the choice of its origin. */
export class OriginRoute {
  readonly site: SiteOrigins;
  /** Hash of what requests are told apart by. */
  readonly key: number;
  /** The origin that the client's cookie names. */
  readonly stuck: Origin | undefined;
  /** Whose request it is, where an origin is told by a PROXY header. */
  readonly client: ClientEnd | undefined;

  constructor(site: SiteOrigins, key: number, stuck: Origin | undefined, client: ClientEnd | undefined) {
    this.site = site;
    this.key = key;
    this.stuck = stuck;
    this.client = client;
  }

  /** Begins a use of the origin that is chosen, for what is no `Fetch`; undefined where there is none. */
  open(): OriginUse | undefined {
    const now = this.site.now();
    const origin = this.site.choose(this, now);
    return origin && new OriginUse(origin, now);
  }

  /** Value of Set-Cookie that keeps the client with the origin that answered; undefined where none is needed. */
  cookieFor(origin: Origin | undefined, secure: boolean): string | undefined {
    const { sticky } = this.site;
    if (sticky === undefined || origin === undefined || origin === this.stuck) return undefined;
    return sticky.line(origin, secure);
  }
}

function isUsable(origin: Origin, now: number): boolean {
  const availability = origin.health.availability(now);
  return availability === READY || (availability === DUE && onTrial(origin));
}

/** Makes the next request of an origin the one that tries it, unless another thread has one under way. */
function onTrial(origin: Origin): boolean {
  origin.isOnTrial = origin.health.takeProbe();
  return origin.isOnTrial;
}

function policyFor(policy: SiteConfig['balance']['policy'], random: () => number): Policy<Origin> {
  switch (policy) {
    case 'least_connections':
      return new LeastConnections();
    case 'p2c':
      return new TwoChoices(random);
    case 'hash':
      return new BoundedHash();
    case 'round_robin':
      return new RoundRobin();
  }
}
