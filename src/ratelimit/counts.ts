import { COUNT_FIELDS, COUNTED_LIMITS, type RateLimitMemory } from './memory.ts';

/** What became of a request at a limit; `would_refuse`: a limit that only logs has let it pass. */
export const LIMIT_EVENTS = ['passed', 'refused', 'would_refuse', 'allowed'] as const;
export type LimitEvent = (typeof LIMIT_EVENTS)[number];

/** Positions in a line. */
export const LIMIT_EVENT: Readonly<Record<LimitEvent, number>> = { passed: 0, refused: 1, would_refuse: 2, allowed: 3 };

/** Line of the limits for which there is none left. */
export const OTHER_LIMITS = 0;

/** One thread's counters of limits. */
export class LimitCounts {
  readonly #counts: Float64Array;
  readonly #first: number;

  constructor({ counts }: RateLimitMemory, worker: number) {
    this.#counts = counts;
    this.#first = worker * COUNTED_LIMITS * COUNT_FIELDS;
  }

  /** @param event of `LIMIT_EVENT` */
  count(line: number, event: number): void {
    this.#counts[this.#first + line * COUNT_FIELDS + event]++;
  }
}

/** What all threads have counted of a limit, in the order of `LIMIT_EVENTS`. */
export function totalCounts({ counts, workers }: RateLimitMemory, line: number): number[] {
  return LIMIT_EVENTS.map((_, event) => {
    let sum = 0;
    for (let worker = 0; worker <= workers; worker++) {
      sum += counts[(worker * COUNTED_LIMITS + line) * COUNT_FIELDS + event];
    }
    return sum;
  });
}
