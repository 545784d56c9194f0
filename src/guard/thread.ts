import { AgentCache } from '../bot/classify.ts';
import { systemNames, Verifier } from '../bot/verify.ts';
import type { Config, SiteConfig } from '../config/config.ts';
import { openCountries } from '../geo/country.ts';
import { RateLimits } from '../ratelimit/limiter.ts';
import type { CountryOf } from '../ratelimit/subject.ts';
import { type Counters, SLOT, wafSlots } from '../stats/counters.ts';
import type { WafPlan } from '../waf/engine/waf.ts';
import type { SharedRules } from '../waf/ruleset/shared-rules.ts';
import { compileRedaction } from '../waf/ruleset/waf-rules.ts';
import { BotEvents } from './bot-events.ts';
import { compileGuard } from './compile.ts';
import { LimitEvents, type WriteEvent } from './events.ts';
import type { GuardPlan } from './plan.ts';
import { WafPlans } from './waf-plans.ts';
import { type CountFinding, WafEvents, type WafReport } from './waf-report.ts';

/** What of a plan the addons are made of. */
export interface GuardData {
  readonly config: Pick<Config, 'sites' | 'log' | 'dns'>;
  /** The database; undefined where no site asks for countries. */
  readonly countries: SharedArrayBuffer | undefined;
  /** Counters of each site's limits. */
  readonly limitLines: readonly (readonly number[])[];
  readonly waf: { readonly sets: readonly SharedRules[]; readonly ofSites: readonly string[] };
}

/** The addons of all sites, made and not yet in force. */
export interface PreparedGuards {
  /** Undefined where no site asks for countries. */
  readonly countryOf: CountryOf | undefined;
  /** Of each site in its order; undefined where it has no addon. */
  readonly plans: readonly (GuardPlan | undefined)[];
  readonly firewalls: ReadonlyMap<string, WafPlan>;
  readonly verifier: Verifier;
  readonly nameServers: string;
}

/** What addons of one thread share. It outlives plans, and keeps what they have learnt. */
export class GuardThread {
  readonly limits: RateLimits;
  readonly #counters: Counters;
  readonly #limitEvents: LimitEvents;
  readonly #wafEvents: WafEvents;
  readonly #botEvents: BotEvents;
  readonly #agents = new AgentCache();
  readonly #wafPlans: WafPlans;
  #current: PreparedGuards | undefined;

  /** @param limits of `createRateLimits` @param worker number of this thread */
  constructor(limits: SharedArrayBuffer, worker: number, counters: Counters, write: WriteEvent) {
    this.limits = new RateLimits(limits, worker);
    this.#counters = counters;
    this.#limitEvents = new LimitEvents(write);
    this.#wafEvents = new WafEvents(write);
    this.#botEvents = new BotEvents(write);
    this.#wafPlans = new WafPlans((address) => {
      const country = this.#current?.countryOf?.(address);
      return country === 'XX' ? undefined : country;
    });
  }

  prepare({ config, countries, limitLines, waf }: GuardData): PreparedGuards {
    const { sites, log, dns } = config;
    const countryOf = countries && openCountries(countries);
    const firewalls = this.#wafPlans.prepare(waf.sets);
    const nameServers = dns.servers.join();
    const known = this.#current?.nameServers === nameServers ? this.#current.verifier : undefined;
    const verifier = known ?? new Verifier(systemNames(dns.servers));
    if (sites.some(({ bots }) => bots !== undefined)) this.#agents.warm();
    const plans = sites.map((site, i) => {
      const line = this.#counters.site(site.number);
      return compileGuard(site, limitLines[i] ?? [], {
        limits: this.limits,
        countryOf,
        report: this.#limitEvents.reporter(site.name, log.redact),
        waf: { plan: firewalls.get(waf.ofSites[i]), report: this.#wafReport(site, line, log.redact) },
        countRefused: () => this.#counters.add(line, SLOT.geoRefused, 1),
        bots: {
          ...{ agents: this.#agents, verifier },
          count: (offset) => this.#counters.add(line, SLOT.botRequests + offset, 1),
          report: this.#botEvents.reporter(site.name, log.redact),
        },
      });
    });
    return { countryOf, plans, firewalls, verifier, nameServers };
  }

  /** They are in force from now on. */
  keep(guards: PreparedGuards): void {
    this.#current = guards;
    this.#wafPlans.keep(guards.firewalls);
  }

  #wafReport({ name: site, waf }: SiteConfig, line: number, redact: readonly string[]): WafReport {
    const count: CountFinding = (action, tags) => {
      for (const slot of wafSlots(action, tags)) this.#counters.add(line, slot, 1);
    };
    return this.#wafEvents.reporter({ site, redact, isSecret: compileRedaction(waf ?? { redact: [] }), count });
  }
}
