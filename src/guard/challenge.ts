import { Challenge } from '../bot/challenge.ts';
import type { SiteConfig } from '../config/config.ts';
import { rateTerms } from '../ratelimit/buckets.ts';
import { monotonicNow } from '../ratelimit/clock.ts';
import type { RateLimits } from '../ratelimit/limiter.ts';
import type { Addon, GuardRequest, Verdict } from './addon.ts';

/** Seconds that a used puzzle is remembered: longer than it can be solved in, also by clocks that are apart. */
const REMEMBERED = 600;

const ONCE = rateTerms(1 / REMEMBERED, 1);

/** The challenge of a site; undefined where nothing asks for it. What was used, all threads remember together. */
export function challengeOf({ name, challenge }: SiteConfig, { hash, buckets }: RateLimits): Challenge | undefined {
  if (challenge === undefined) return undefined;
  const once = (text: string) => {
    hash.begin();
    hash.text('challenge');
    hash.text(text);
    hash.end();
    return buckets.take(hash.lo, hash.hi, ONCE, monotonicNow()) === 0;
  };
  return new Challenge(name, challenge, { once, now: () => Date.now() / 1000 });
}

/**
 * Takes solutions of puzzles, whatever else would become of the request: the page's script asks with other fields than
 * the browser did that was challenged.
 */
export class SolutionAddon implements Addon {
  readonly name = 'challenge';
  readonly #challenge: Challenge;

  constructor(challenge: Challenge) {
    this.#challenge = challenge;
  }

  check(x: GuardRequest): Verdict | undefined {
    return this.#challenge.judge(x);
  }
}
