import type { OriginConfig, SiteConfig } from '../config/config.ts';
import type { Peer } from './balance.ts';
import { hashText } from './balance-hash.ts';
import type { OriginConnections } from './connect-pool.ts';
import { OriginHealth } from './health.ts';
import { Latency } from './latency.ts';
import { type GateOptions, OriginGate } from './limits.ts';
import { type OriginState, OWN } from './state.ts';
import { originUrl } from './state-slots.ts';

/** What a request needs to know of the origin that it goes to. */
export interface OriginTarget {
  readonly config: OriginConfig;
}

/** An origin with this thread's connections to it, and with what all threads know of it. */
export class Origin implements OriginTarget, Peer {
  readonly config: OriginConfig;
  readonly url: string;
  readonly pool: OriginConnections;
  /** For undici; undefined without TLS. */
  readonly servername: string | undefined;
  readonly state: OriginState;
  readonly health: OriginHealth;
  readonly timing: Latency;
  readonly gate: OriginGate;
  readonly seed: number;
  /** The request that it was chosen for is the one that tries whether it works again. */
  isOnTrial = false;

  constructor(config: OriginConfig, site: SiteConfig, parts: OriginParts) {
    this.config = config;
    this.url = originUrl(config);
    this.pool = parts.pool;
    this.servername = parts.servername;
    this.state = parts.state;
    this.health = new OriginHealth(parts.state, site, site.origins.length > 1);
    this.timing = new Latency(parts.state);
    this.gate = new OriginGate(parts.state, site.originLimits, parts.gate);
    this.seed = hashText(this.url);
  }

  weight(now: number): number {
    return this.config.weight * this.health.part(now);
  }

  underWay(): number {
    return this.state.total(OWN.underWay);
  }

  latency(now: number): number {
    return this.timing.value(now);
  }
}

export interface OriginParts {
  readonly pool: OriginConnections;
  readonly servername: string | undefined;
  readonly state: OriginState;
  readonly gate: GateOptions;
}
