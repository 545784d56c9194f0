import type { OriginState } from '../admin/types.ts';
import type { Config, OriginConfig, SiteConfig } from '../config/config.ts';
import { DnsCache } from '../origin/dns.ts';
import { checkOrigin } from '../origin/health-check.ts';
import { Latency } from '../origin/latency.ts';
import { HEALTH, OriginStates, OWN, SUM, WORD } from '../origin/state.ts';
import { OriginSlots, originUrl, type SiteSlots } from '../origin/state-slots.ts';
import { type Counters, SLOT } from '../stats/counters.ts';
import type { Logger } from '../stats/logger.ts';
import { ORIGIN_STATES } from '../stats/origin-table.ts';
import { type Checked, HealthChecker } from './health-checker.ts';

/** How often the numbers of origins by state are brought up to date, in ms. */
const GAUGES = 1000;

/** Main's side of the origins of all sites: their places in shared memory, active checks, and what they look like. */
export class Origins {
  readonly #states: OriginStates;
  readonly #slots: OriginSlots;
  readonly #checker: HealthChecker;
  readonly #counters: Counters;
  readonly #gauges: NodeJS.Timeout;
  #sites: readonly SiteConfig[] = [];
  #siteSlots: readonly SiteSlots[] = [];
  #dns: DnsCache | undefined;

  /** @param memory of `createOriginStates` */
  constructor(memory: SharedArrayBuffer, counters: Counters, config: Config, logger: Logger) {
    this.#states = new OriginStates(memory, 0);
    this.#slots = new OriginSlots(this.#states);
    this.#counters = counters;
    const { multiTenant } = config;
    this.#checker = new HealthChecker({
      check: (origin, site) => checkOrigin(origin, site, { multiTenant, dns: this.#dns ?? new DnsCache(config.dns) }),
      changed: (site, origin, isUp, detail) => {
        if (isUp) logger.info({ site, origin, check: detail }, `the origin ${origin} is up`);
        else logger.warn({ site, origin, check: detail }, `the origin ${origin} is down and gets no requests`);
      },
    });
    this.#gauges = setInterval(() => this.#count(), GAUGES).unref();
  }

  /** Where in memory the sites of a configuration, and their origins, have their state. @throws where there are too many */
  assign(sites: readonly SiteConfig[]): SiteSlots[] {
    return this.#slots.assign(sites);
  }

  /** A configuration is in force. */
  commit({ sites, dns }: Pick<Config, 'sites' | 'dns'>): void {
    for (const { number } of this.#sites) this.#gauge(number, []);
    this.#sites = sites;
    this.#siteSlots = this.#slots.assign(sites);
    this.#slots.keep(sites);
    this.#dns = new DnsCache(dns);
    const wanted = new Map<number, Checked>();
    sites.forEach((site, index) => {
      site.origins.forEach((origin, place) => {
        const slot = this.#siteSlots[index].origins[place];
        const state = this.#states.slot(slot);
        if (site.circuitBreaker.errorRate === 0) state.store(WORD.open, 0);
        wanted.set(slot, { site, origin, state });
      });
    });
    this.#checker.update(wanted);
    this.#count();
  }

  /** A thread has ended: what it had under way is over. */
  recover(worker: number): void {
    this.#states.recover(worker);
  }

  stop(): void {
    clearInterval(this.#gauges);
    this.#checker.stop();
  }

  /** All origins, in the order of the configuration. */
  report(): OriginState[] {
    return this.#sites.flatMap((site, index) =>
      site.origins.map((origin, place) => this.#reportOf(site.name, origin, this.#siteSlots[index].origins[place])),
    );
  }

  #reportOf(site: string, origin: OriginConfig, slot: number): OriginState {
    const state = this.#states.slot(slot);
    const last = this.#checker.last(slot);
    const requests = state.sum(SUM.requests);
    const isUnknown = requests === 0 && state.load(WORD.health) === HEALTH.unknown;
    const latency = new Latency(state).measured();
    return {
      site,
      url: originUrl(origin),
      state: isUnknown ? 'unknown' : this.#stateOf(slot),
      reason: this.#reason(slot),
      backup: origin.backup,
      weight: origin.weight,
      last_check: last === undefined ? null : new Date(last.at).toISOString(),
      latency_ms: latency === 0 ? null : Math.round(latency) / 1000,
      under_way: state.total(OWN.underWay),
      connections: state.total(OWN.sockets),
      requests,
      errors: state.sum(SUM.errors),
    };
  }

  #stateOf(slot: number): (typeof ORIGIN_STATES)[number] {
    const state = this.#states.slot(slot);
    if (state.load(WORD.health) === HEALTH.down) return 'down';
    if (state.load(WORD.open) !== 0) return 'open';
    return state.load(WORD.ejected) !== 0 ? 'ejected' : 'up';
  }

  #reason(slot: number): string | null {
    const state = this.#states.slot(slot);
    switch (this.#stateOf(slot)) {
      case 'down':
        return `health check: ${this.#checker.last(slot)?.detail ?? 'failed'}`;
      case 'open':
        return 'too many of its requests failed';
      case 'ejected':
        return `${state.load(WORD.failures)} requests in a row failed`;
      case 'up':
        return state.load(WORD.rising) === 0 ? null : 'slow start';
    }
  }

  #count(): void {
    this.#sites.forEach(({ number }, index) => {
      this.#gauge(
        number,
        this.#siteSlots[index].origins.map((slot) => this.#stateOf(slot)),
      );
    });
  }

  #gauge(site: number, states: readonly string[]): void {
    const line = this.#counters.site(site);
    ORIGIN_STATES.forEach((name, offset) => {
      const count = states.filter((state) => state === name).length;
      this.#counters.set(line, SLOT.originsByState + offset, count);
    });
  }
}
