import { randomUUID } from 'node:crypto';
import { type PurgeRequest, type PurgeResult, UnknownSiteError } from '../admin/types.ts';
import { cacheNow } from '../base/clock.ts';
import { type Cache, CacheKey, type PurgeSpec } from '../cache/cache.ts';
import type { HostTables } from '../site/host-table.ts';
import type { SitePlan } from '../site/plan.ts';
import type { DiskPurge } from '../threads/messages.ts';
import { PurgeHistory, type PurgeMatch, type PurgeRecord, type PurgeSubject } from './purge-history.ts';

export type { PurgeRecord, PurgeSubject } from './purge-history.ts';

/**
 * The sweep that gives the memory of purged objects back takes turns with everything else on the main thread: ms at a
 * time, ms between, and entries between two looks at the clock.
 */
const TURN = 1;
const PAUSE = 2;
const SLICE = 1024;

/** How often memory of objects that are no longer stored nor sent is given back without need for it, in ms. */
const TIDY = 500;

/** Everything, for the cache. */
const ANY_TARGET = '*';

/** The cache counts the objects of so many sites; those of others it would have to search for. */
const COUNTED_SITES = 1024;

export interface PurgerOptions {
  /** The sites in force. */
  readonly live: { readonly hosts: HostTables; readonly sites: readonly SitePlan[] };
  /** Where clients connect, which the Host of most requests names. */
  port(): number;
  /** Told of each purge once it is in force. */
  carriedOut?(purge: DiskPurge): void;
  /** Told of what could not be done. */
  log?(message: string, details: Record<string, unknown>): void;
}

/** What changes within so many ms is made invalid together, each target once, and so many targets at most. */
const GATHER = 20;
const MAX_CHANGED = 10_000;

/** Host and target of a purge record have room for so many bytes. */
const MAX_TARGET = 8000;

/** A purge that may be carried out. */
interface Plan {
  readonly request: PurgeRequest;
  readonly site: SitePlan | undefined;
  readonly matches: readonly PurgeMatch[];
}

/** Carries out purges on the main thread. */
export class Purger {
  readonly #cache: Cache;
  readonly #options: PurgerOptions;
  readonly #key = new CacheKey();
  readonly #history = new PurgeHistory();
  readonly #tidy: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  /** Targets that edges have told of since the last turn. */
  readonly #changed = new Map<string, { site: number; host: string; target: string }>();
  #changedTimer: NodeJS.Timeout | undefined;

  constructor(cache: Cache, options: PurgerOptions) {
    this.#cache = cache;
    this.#options = options;
    this.#tidy = setInterval(() => cache.purge.sweep(1), TIDY).unref();
  }

  /** In force on every thread when it returns; all, or none when it throws. @throws UnknownSiteError */
  purge(requests: readonly PurgeRequest[]): PurgeResult[] {
    const plans = requests.map((request) => this.#plan(request, requests.length));
    const results = plans.map((plan) => this.#carryOut(plan));
    this.#sweepSoon();
    return results;
  }

  /** What is stored for a target of a site's host, under whatever key, is invalid (RFC 9111 section 4.4). */
  changed(site: number, host: string, target: string): void {
    const isMany = this.#changed.size >= MAX_CHANGED || host.length + target.length > MAX_TARGET;
    // too many to be told apart, or one that no record holds: all of the host
    const change = { site, host, target: isMany ? ANY_TARGET : target };
    this.#changed.set(`${site} ${host} ${change.target}`, change);
    this.#changedTimer ??= setTimeout(() => this.#forgetChanged(), GATHER).unref();
  }

  #forgetChanged(): void {
    this.#changedTimer = undefined;
    for (const { site, host, target } of this.#changed.values()) {
      try {
        const exact = target === ANY_TARGET ? {} : ({ exact: true } as const);
        this.#add({ site, host, pattern: target, soft: false, ...exact });
      } catch (error) {
        this.#options.log?.('what changed could not be made invalid', { target, error: (error as Error).message });
      }
    }
    this.#changed.clear();
    this.#sweepSoon();
  }

  /** Nothing of a site that is no more may be found again. */
  forgetSite(site: number): void {
    this.#add({ site, host: '', pattern: ANY_TARGET, soft: false });
    this.#sweepSoon();
  }

  /** @returns its sequence. @throws RangeError */
  #add(spec: PurgeSpec): number {
    const sequence = this.#cache.purge.add(spec);
    const { site, host, pattern, soft, stamp = 0, tag } = spec;
    const exact = spec.exact === true || !pattern.includes('*');
    const hash = tag === undefined ? 0 : this.#cache.tagHash(tag) | 0;
    this.#options.carriedOut?.({ sequence, site, host, pattern, exact, soft, stamp, tag: hash });
    return sequence;
  }

  /** Of the last 1,000 purges, those that concern a response, newest first. */
  matching(subject: PurgeSubject): PurgeRecord[] {
    return this.#history.matching(subject);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#changedTimer);
    clearInterval(this.#tidy);
  }

  #plan(request: PurgeRequest, count: number): Plan {
    try {
      const site = this.#siteOf(request);
      return { request, site, matches: this.#matches(request, site) };
    } catch (error) {
      const { item } = request;
      if (item !== undefined && count > 1 && error instanceof Error) {
        error.message = `purge[${item}]: ${error.message}; nothing is purged`;
      }
      throw error;
    }
  }

  #siteOf({ site: name, host }: PurgeRequest): SitePlan | undefined {
    const { hosts, sites } = this.#options.live;
    const ofHost = host === null ? undefined : hosts.http.siteOf(host);
    if (host !== null && ofHost === undefined) throw new UnknownSiteError(`no site answers for ${host}`);
    if (name === undefined) return ofHost;
    const site = sites.find(({ config }) => config.name === name);
    if (site === undefined) throw new UnknownSiteError(`there is no site "${name}"; GET /cache lists the sites`);
    if (ofHost !== undefined && ofHost !== site) {
      throw new UnknownSiteError(`the site of ${host} is "${ofHost.config.name}", not "${name}"`);
    }
    return site;
  }

  /** An URL is purged under the keys that the sites make of it. */
  #matches({ scope, host, pattern, tag }: PurgeRequest, site: SitePlan | undefined): PurgeMatch[] {
    const match = { site: site?.index ?? -1, host: host ?? '', pattern, tag: 0 };
    if (tag !== undefined) return [{ ...match, pattern: ANY_TARGET, tag: this.#cache.tagHash(latin1(tag)) }];
    if (scope === 'all') return [{ ...match, pattern: ANY_TARGET }];
    if (scope === 'pattern') return [match];
    if (site !== undefined) return [{ ...match, pattern: keyTarget(site, pattern, host ?? '') }];
    const others = this.#options.live.sites.flatMap((plan) => {
      const target = plan.simple ? pattern : keyTarget(plan, pattern, '');
      return target === pattern ? [] : [{ ...match, site: plan.index, pattern: target }];
    });
    return [match, ...others];
  }

  #carryOut({ request, site, matches }: Plan): PurgeResult {
    const { scope, host, pattern, tag, soft } = request;
    const objects = this.#count(request, site, matches);
    let sequence = 0;
    for (const { tag: hash, ...match } of matches) {
      sequence = this.#add({
        ...match,
        soft,
        stamp: cacheNow(),
        ...(hash === 0 ? {} : { tag: latin1(tag ?? '') }),
      });
    }
    const result = {
      id: `${sequence}-${randomUUID()}`,
      site: site?.config.name ?? null,
      time: new Date().toISOString(),
    };
    const record = { ...result, sequence, scope, host, pattern, soft, ...(tag === undefined ? {} : { tag }) };
    this.#history.add(record, matches);
    return objects === undefined ? result : { ...result, objects };
  }

  /** Objects that the purge is about, where that needs no search. */
  #count(
    { scope, host }: PurgeRequest,
    site: SitePlan | undefined,
    matches: readonly PurgeMatch[],
  ): number | undefined {
    if (scope === 'all' && host === null) {
      if (site === undefined) return this.#cache.stats().objects;
      return site.index < COUNTED_SITES ? this.#cache.objectsOfSite(site.index) : undefined;
    }
    if (scope !== 'url' || host === null || site === undefined) return undefined;
    let count = 0;
    for (const scheme of ['http', 'https'] as const) {
      for (const authority of [host, `${host}:${this.#options.port()}`]) {
        const prefix = site.keyPrefix(scheme, host, authority);
        if (this.#cache.lookup(this.#key.set(prefix, matches[0].pattern, '')) !== 0) count++;
        this.#cache.unpin();
      }
    }
    return count > 0 ? count : undefined;
  }

  #sweepSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const end = performance.now() + TURN;
      while (performance.now() < end) if (this.#cache.purge.sweep(SLICE).finished) return;
      this.#sweepSoon();
    }, PAUSE).unref();
  }
}

/** The bytes of a tag, as they stand in an origin's header. */
function latin1(tag: string): string {
  return Buffer.from(tag).toString('latin1');
}

/** The target under which a site stores what was asked for as `target`. */
function keyTarget(site: SitePlan, asked: string, host: string): string {
  const target = site.rules?.rewrite(host, asked) ?? asked;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  return site.policyFor(path).key?.target(path, query) ?? target;
}
