import type { RateLimitConfig, SiteConfig } from '../config/config.ts';
import { Buckets } from './buckets.ts';
import { LIMIT_EVENT, LimitCounts } from './counts.ts';
import type { Quota } from './fields.ts';
import { KeyedHash } from './hash.ts';
import { HELD_ALL, Holds, NO_ROW } from './holds.ts';
import { Limit } from './limit.ts';
import { openRateLimits } from './memory.ts';
import type { CountryOf, LimitSubject } from './subject.ts';

/** A request that a limit does not let pass. */
export interface Refusal {
  readonly limit: RateLimitConfig;
  /** All limits that it counts for. */
  readonly limits: readonly RateLimitConfig[];
  /** Ms until the limit would let it pass; undefined where that depends on other requests. */
  readonly wait: number | undefined;
}

/** Told of what a limit refuses, and what it would refuse if it did not only log. */
export type LimitReport = (limit: Pick<RateLimitConfig, 'name'>, x: LimitSubject, isRefused: boolean) => void;

/** One thread's view of the memory that all limits share. */
export class RateLimits {
  readonly buckets: Buckets;
  readonly holds: Holds;
  readonly counts: LimitCounts;
  readonly hash: KeyedHash;

  /** @param memory of `createRateLimits` @param worker number of this thread */
  constructor(memory: SharedArrayBuffer, worker: number) {
    const views = openRateLimits(memory);
    this.buckets = new Buckets(views);
    this.holds = new Holds(views, worker);
    this.counts = new LimitCounts(views, worker);
    this.hash = new KeyedHash(views.secret);
  }
}

/** The limits of a site of one scope. One request is looked at at a time. */
export class Limiter {
  readonly #shared: RateLimits;
  readonly #limits: readonly Limit[];
  /** Those that the request at hand counts for. */
  readonly #due: Limit[] = [];
  readonly #report: LimitReport;
  /** Whether answers other than refusals tell of some limit. */
  readonly tells: boolean;

  private constructor(shared: RateLimits, limits: readonly Limit[], report: LimitReport) {
    this.#shared = shared;
    this.#limits = limits;
    this.#report = report;
    this.tells = limits.some(isTold);
  }

  /**
   * @param lines of the counters of the site's limits, in their order
   * @returns undefined where the site has no limits of the scope
   */
  static of(
    site: Pick<SiteConfig, 'name' | 'rateLimits' | 'rules'>,
    scope: RateLimitConfig['scope'],
    lines: readonly number[],
    shared: RateLimits,
    countryOf: CountryOf,
    report: LimitReport,
  ): Limiter | undefined {
    const tools = { hash: shared.hash, countryOf };
    const limits = site.rateLimits.flatMap((config, i) =>
      config.scope === scope ? [new Limit(site.name, config, site.rules, lines[i] ?? 0, tools)] : [],
    );
    return limits.length === 0 ? undefined : new Limiter(shared, limits, report);
  }

  /**
   * Counts a request by all limits that it is for, or by none where one of them refuses it.
   * @param now monotonic ms @returns undefined where it passes
   */
  check(x: LimitSubject, now: number): Refusal | undefined {
    const due = this.#due;
    due.length = 0;
    for (const limit of this.#limits) {
      if (limit.selects !== undefined && !limit.selects(x)) continue;
      if (limit.isAllowed(x)) this.#shared.counts.count(limit.line, LIMIT_EVENT.allowed);
      else if (limit.readKey(x, this.#shared.hash)) due.push(limit);
    }
    if (due.length > 1 || (due.length === 1 && due[0].config.concurrent > 0)) {
      for (const limit of due) {
        const wait = limit.isEnforced ? this.#lacks(limit, now) : 0;
        if (wait !== 0) return this.#refuse(limit, wait, x);
      }
    }
    for (let i = 0; i < due.length; i++) {
      const limit = due[i];
      const wait = this.#take(limit, x, now);
      if (wait === 0) this.#shared.counts.count(limit.line, LIMIT_EVENT.passed);
      else if (limit.isEnforced) {
        // another thread came first
        for (let j = 0; j < i; j++) this.#giveBack(due[j]);
        return this.#refuse(limit, wait, x);
      } else {
        this.#shared.counts.count(limit.line, LIMIT_EVENT.would_refuse);
        this.#report(limit.config, x, false);
      }
    }
    return undefined;
  }

  /** What is left of the limits that tell, for the request that was last checked. */
  quotas(now: number): Quota[] {
    const { buckets, holds } = this.#shared;
    return this.#due.filter(isTold).map(({ config, rate, lo, hi }) => ({
      limit: config,
      room: rate === undefined ? Math.max(0, config.concurrent - holds.count(lo, hi)) : buckets.room(lo, hi, rate, now),
    }));
  }

  /** 0 where a limit has room; ms until it has; -1 where that depends on requests under way. */
  #lacks({ rate, config, lo, hi }: Limit, now: number): number {
    const { buckets, holds } = this.#shared;
    if (config.concurrent > 0 && holds.count(lo, hi) >= config.concurrent) return -1;
    return rate === undefined ? 0 : buckets.wait(lo, hi, rate, now);
  }

  /** As `#lacks`, and takes a request out where it is 0. */
  #take({ rate, config, lo, hi }: Limit, x: LimitSubject, now: number): number {
    const { buckets, holds } = this.#shared;
    let row = NO_ROW;
    if (config.concurrent > 0) row = holds.take(lo, hi, config.concurrent);
    if (row === HELD_ALL) return -1;
    const wait = rate === undefined ? 0 : buckets.take(lo, hi, rate, now);
    if (row >= 0 && wait === 0) x.keepRow(row);
    else if (row >= 0) holds.release(row);
    return wait;
  }

  /** What a request holds of requests under way it gives back when it is over, which a refusal is soon. */
  #giveBack({ rate, lo, hi }: Limit): void {
    if (rate !== undefined) this.#shared.buckets.giveBack(lo, hi, rate);
  }

  #refuse(limit: Limit, wait: number, x: LimitSubject): Refusal {
    this.#shared.counts.count(limit.line, LIMIT_EVENT.refused);
    this.#report(limit.config, x, true);
    const limits = this.#due.map(({ config }) => config);
    return { limit: limit.config, limits, wait: wait < 0 ? undefined : wait };
  }
}

function isTold({ config }: Limit): boolean {
  return config.fields === 'always' && config.mode === 'enforce' && config.scope === 'requests';
}
