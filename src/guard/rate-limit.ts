import { monotonicNow } from '../ratelimit/clock.ts';
import { quotaFields, refusalLines, refusalProblem } from '../ratelimit/fields.ts';
import type { Limiter, Refusal } from '../ratelimit/limiter.ts';
import type { Addon, GuardRequest, Verdict } from './addon.ts';

/** The rate limits of a site, of one scope. */
export class RateLimitAddon implements Addon {
  readonly name = 'rate-limit';
  readonly #limiter: Limiter;
  readonly #now: () => number;

  /** @param now monotonic ms */
  constructor(limiter: Limiter, now: () => number = monotonicNow) {
    this.#limiter = limiter;
    this.#now = now;
  }

  check(x: GuardRequest): Verdict | undefined {
    const now = this.#now();
    const refusal = this.#limiter.check(x, now);
    if (refusal !== undefined) return verdictOf(refusal);
    if (this.#limiter.tells) this.#tell(x, now);
    return undefined;
  }

  #tell(x: GuardRequest, now: number): void {
    const quotas = this.#limiter.quotas(now);
    if (quotas.length > 0) x.quota = quotaFields(quotas);
  }
}

function verdictOf(refusal: Refusal): Verdict {
  const { status, body, contentType } = refusal.limit;
  const answer = { status, fields: refusalLines(refusal), reason: 'rate-limited' };
  if (body !== undefined) return { ...answer, body: { contentType, content: body } };
  return { ...answer, problem: refusalProblem(refusal) };
}
