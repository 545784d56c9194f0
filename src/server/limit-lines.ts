import type { SiteConfig } from '../config/config.ts';
import { LIMIT_EVENTS, OTHER_LIMITS, totalCounts } from '../ratelimit/counts.ts';
import { COUNTED_LIMITS, openRateLimits, type RateLimitMemory } from '../ratelimit/memory.ts';
import type { LimitSample } from '../stats/samples.ts';

/** Name of the line of limits for which there is none left. */
const OTHER = '_other';

/** Gives each rate limit the line of its counters, the same over reloads, and reads them. */
export class LimitLines {
  readonly #memory: RateLimitMemory;
  readonly #lines = new Map<string, { line: number; site: string; limit: string }>();

  constructor(memory: SharedArrayBuffer) {
    this.#memory = openRateLimits(memory);
  }

  /** @returns of each site in its order, the lines of its limits in theirs */
  assign(sites: readonly Pick<SiteConfig, 'name' | 'number' | 'rateLimits'>[]): number[][] {
    return sites.map(({ name: site, number, rateLimits }) =>
      rateLimits.map(({ name: limit }) => this.#lineOf(`${number} ${limit}`, site, limit)),
    );
  }

  #lineOf(key: string, site: string, limit: string): number {
    const known = this.#lines.get(key);
    if (known !== undefined) return known.line;
    // the first line is for those that come later
    const line = this.#lines.size + 1;
    if (line >= COUNTED_LIMITS) return OTHER_LIMITS;
    this.#lines.set(key, { line, site, limit });
    return line;
  }

  /** What all threads have counted. */
  report(): LimitSample[] {
    const other = { line: OTHER_LIMITS, site: OTHER, limit: OTHER };
    const full = this.#lines.size + 1 >= COUNTED_LIMITS ? [other] : [];
    return [...this.#lines.values(), ...full].map(({ line, site, limit }) => {
      const counts = totalCounts(this.#memory, line);
      return { site, limit, counts: LIMIT_EVENTS.map((event, i) => ({ event, value: counts[i] })) };
    });
  }

  /** Keys that were forgotten before their time, and keys whose requests under way found no place. */
  lost(): { buckets: number; holds: number } {
    const { events } = this.#memory;
    return { buckets: Atomics.load(events, 0), holds: Atomics.load(events, 1) };
  }
}
