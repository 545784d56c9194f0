import type { LookupAddress } from 'node:dns';
import type { DnsConfig } from '../config/config.ts';
import { DnsError, isSilence, queryNames, type ResolvedName } from './dns-query.ts';

/** How long it is remembered that a name has no address, in ms. */
const NEGATIVE_TTL = 1000;

/** How long the name servers may take where an older answer could be used, in ms. */
const REFRESH_PATIENCE = 300;

/** How old an answer may be that is used while the name servers are silent, in ms (RFC 8767 section 5 has 1 to 3 days). */
const MAX_STALE = 86_400_000;

/** What is known of a name. */
interface Entry {
  addresses: readonly LookupAddress[];
  /** Why there are no addresses. */
  error: DnsError | undefined;
  /** Until when nobody is asked again. */
  fresh: number;
  /** Until when the addresses may stand in for an answer that does not come. */
  usable: number;
  refresh: Promise<void> | undefined;
}

/**
 * Addresses of origins' names, for one thread. An answer is used as long as its TTL says, within the bounds of the
 * configuration; while the name servers are silent, the last one is. Only names that the configuration has are asked
 * for, so that nothing needs to be forgotten.
 */
export class DnsCache {
  readonly #config: DnsConfig;
  readonly #query: (name: string) => Promise<ResolvedName>;
  readonly #entries = new Map<string, Entry>();

  constructor(config: DnsConfig) {
    this.#config = config;
    this.#query = queryNames(config.servers);
  }

  /**
   * The addresses of a name, at least one, those of the preferred family first.
   * @throws DnsError where the name has none, or nobody says
   */
  async addresses(name: string): Promise<readonly LookupAddress[]> {
    const entry = this.#entry(name);
    if (performance.now() >= entry.fresh) await this.#renew(name, entry);
    if (entry.addresses.length > 0) return entry.addresses;
    throw entry.error ?? new DnsError('ETIMEOUT', name);
  }

  #entry(name: string): Entry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { addresses: [], error: undefined, fresh: -1, usable: -1, refresh: undefined };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  /** Asks anew, once for all who wait. Where an older answer can be used, nobody waits long. */
  async #renew(name: string, entry: Entry): Promise<void> {
    entry.refresh ??= this.#ask(name, entry).finally(() => {
      entry.refresh = undefined;
    });
    if (entry.addresses.length === 0 || performance.now() >= entry.usable) return entry.refresh;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, REFRESH_PATIENCE);
    });
    await Promise.race([entry.refresh, patience]);
    clearTimeout(timer);
    // the next ones take the old answer at once
    const now = performance.now();
    if (now >= entry.fresh) entry.fresh = now + this.#config.minTtl;
  }

  async #ask(name: string, entry: Entry): Promise<void> {
    const { minTtl, maxTtl } = this.#config;
    try {
      const { addresses, ttl } = await this.#query(name);
      const now = performance.now();
      entry.addresses = addresses;
      entry.error = undefined;
      entry.fresh = now + Math.min(maxTtl, Math.max(minTtl, ttl));
      entry.usable = entry.fresh + MAX_STALE;
    } catch (failure) {
      const error = failure as DnsError;
      const now = performance.now();
      entry.error = error;
      entry.fresh = now + Math.min(maxTtl, Math.max(minTtl, NEGATIVE_TTL));
      if (!isSilence(error) || now >= entry.usable) entry.addresses = [];
    }
  }
}
