import { randomUUID } from 'node:crypto';
import { type PurgeRequest, type PurgeResult, UnknownHostError } from '../admin/types.ts';
import { type Cache, CacheKey } from '../cache/cache.ts';
import type { HostTable } from '../site/host-table.ts';
import type { SitePlan } from '../site/plan.ts';

/** Entries swept in one slice, and the pause between slices in ms: purged objects give their memory back in a while. */
const SLICE = 20_000;
const PAUSE = 20;

/** How often memory of objects that are no longer stored nor sent is given back without need for it, in ms. */
const TIDY = 500;

/** Carries out purges on the main thread. */
export class Purger {
  readonly #cache: Cache;
  readonly #hosts: HostTable;
  readonly #port: number;
  readonly #key = new CacheKey();
  readonly #tidy: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;

  /** @param port where clients connect, which the Host of most requests names */
  constructor(cache: Cache, hosts: HostTable, port: number) {
    this.#cache = cache;
    this.#hosts = hosts;
    this.#port = port;
    this.#tidy = setInterval(() => cache.purge.sweep(1), TIDY).unref();
  }

  /** In force on every thread when it returns. @throws UnknownHostError */
  purge(request: PurgeRequest): PurgeResult {
    const { scope, host, pattern, soft } = request;
    const site = host === null ? undefined : this.#hosts.siteOf(host);
    if (host !== null && site === undefined) throw new UnknownHostError(`no site answers for ${host}`);
    const objects = this.#matching(request, site);
    const sequence = this.#cache.purge.add({ site: site?.index ?? -1, host: host ?? '', pattern, soft });
    this.#sweepSoon();
    const result = { id: `${sequence}-${randomUUID()}`, site: site?.config.name ?? null };
    return scope !== 'pattern' && objects !== undefined ? { ...result, objects } : result;
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#tidy);
  }

  /** Objects that the purge is about, where that needs no search. */
  #matching({ scope, host, pattern }: PurgeRequest, site: SitePlan | undefined): number | undefined {
    if (scope === 'all' && host === null) return this.#cache.stats().objects;
    if (scope !== 'url' || host === null || site === undefined) return undefined;
    let count = 0;
    for (const scheme of ['http', 'https'] as const) {
      for (const authority of [host, `${host}:${this.#port}`]) {
        const prefix = site.keyPrefix(scheme, host, authority);
        if (this.#cache.lookup(this.#key.set(prefix, pattern, '')) !== 0) count++;
        this.#cache.unpin();
      }
    }
    return count > 0 ? count : undefined;
  }

  #sweepSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#cache.purge.sweep(SLICE).finished) this.#sweepSoon();
    }, PAUSE).unref();
  }
}
