import { parseHost } from '../http/host.ts';
import { HostNames } from './host-names.ts';
import type { SitePlan } from './plan.ts';

/** What a Host field leads to: the site and the parts of key and origin request that depend on the host alone. */
export interface HostEntry {
  plan: SitePlan;
  /** Normalised, with its port where one was sent and is not the scheme's default. */
  authority: string;
  /** Normalised, without port. */
  host: string;
  prefix: ReturnType<SitePlan['keyPrefix']>;
}

export type Scheme = 'http' | 'https';

/** Keys hold the scheme, so each has a table of its own. */
export type HostTables = Readonly<Record<Scheme, HostTable>>;

export function hostTables(plans: readonly SitePlan[]): HostTables {
  return { http: new HostTable(plans, 'http'), https: new HostTable(plans, 'https') };
}

/** Why a Host leads nowhere: it is malformed, or no site answers for it. */
export type HostRefusal = 'malformed' | 'unknown';

/** Fields remembered beside those of configured names; beyond it they are worked out again, so that invented hosts cost no memory. */
const MAX_REMEMBERED = 4096;
/** Fields that a configured name is usually sent in: with and without a port. */
const FIELDS_A_NAME = 2;

/**
 * Host -> site. Exact names first, then the longest wildcard, then the site of `*`. The answer for a Host field is
 * remembered as it was sent, so that a request costs one look-up.
 */
export class HostTable {
  readonly #names = new HostNames<SitePlan>();
  readonly #remembered = new Map<string, HostEntry>();
  readonly #scheme: Scheme;
  readonly #mostRemembered: number;

  constructor(plans: readonly SitePlan[], scheme: Scheme) {
    this.#scheme = scheme;
    for (const plan of plans) this.#names.add(plan.config.hosts, plan);
    this.#mostRemembered = MAX_REMEMBERED + this.#names.names().length * FIELDS_A_NAME;
  }

  /** The entry for a Host field as sent. */
  find(field: string): HostEntry | HostRefusal {
    return this.#remembered.get(field) ?? this.#resolve(field);
  }

  /** What it answers for, as configured. */
  names(): string[] {
    return this.#names.names();
  }

  /** The site that answers for a normalised host name without port. */
  siteOf(host: string): SitePlan | undefined {
    return this.#names.find(host);
  }

  #resolve(field: string): HostEntry | HostRefusal {
    const parsed = parseHost(field);
    if (parsed === undefined) return 'malformed';
    const plan = this.siteOf(parsed.host);
    if (plan === undefined) return 'unknown';
    const defaultPort = this.#scheme === 'https' ? 443 : 80;
    const authority = parsed.port < 0 || parsed.port === defaultPort ? parsed.host : `${parsed.host}:${parsed.port}`;
    const prefix = plan.keyPrefix(this.#scheme, parsed.host, authority);
    const entry = { plan, authority, host: parsed.host, prefix };
    if (this.#remembered.size >= this.#mostRemembered) this.#remembered.clear();
    this.#remembered.set(field, entry);
    return entry;
  }
}
