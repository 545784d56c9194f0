import type { Origin } from './origin.ts';
import { OWN, SUM } from './state.ts';

/** Statuses that say that the origin fails, not that the request is wrong. */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** What an origin that brought no answer counts as having taken at least, in ms: failing must not look fast. */
const PENALTY = 1000;

/** What a failure came to; nothing is both undefined. */
export interface Consequence {
  /** The origin is left out from now on. */
  readonly ejected: boolean;
  /** Its circuit is open from now on. */
  readonly opened: boolean;
}

/**
 * One request at an origin, as all threads count it: under way until it ends, and told of once, as answered or failed.
 * A request that is given up tells nothing.
 */
export class OriginUse {
  readonly origin: Origin;
  /** The verdict on an origin that was left out depends on it. */
  #isTrial: boolean;
  #started: number;
  /** A head has come. */
  #isAnswered = false;
  /** All threads were told how it went. */
  #isTold = false;
  #isOver = false;

  /** @param now of the clock of origin states, as in all of this */
  constructor(origin: Origin, now: number) {
    this.origin = origin;
    this.#started = now;
    this.#isTrial = origin.isOnTrial;
    origin.isOnTrial = false;
    origin.state.countOwn(OWN.underWay, 1);
    origin.state.count(SUM.requests);
  }

  /** The request has a connection: what it waited before is no latency. */
  began(now: number): void {
    this.#started = now;
  }

  /** The head of an answer has come. That it was a good one counts when the answer is over, but of a trial at once. */
  answered(status: number, now: number): Consequence | undefined {
    this.#isAnswered = true;
    this.origin.timing.observe(now - this.#started, now);
    if (FAILURES.has(status)) return this.#fail(now);
    if (this.#isTrial) this.#succeed(now);
    // a body may take for ever, and a tunnel does: the next one may try
    this.#endTrial();
    return undefined;
  }

  /** There will be no answer, or the rest of it will not come. */
  failed(now: number): Consequence | undefined {
    if (!this.#isAnswered) this.origin.timing.penalize(Math.max(PENALTY, now - this.#started), now);
    return this.#fail(now);
  }

  /** The request is over, or given up. May be called again. */
  end(now: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isAnswered && !this.#isTold) this.#succeed(now);
    this.origin.state.countOwn(OWN.underWay, -1);
    this.#endTrial();
  }

  #endTrial(): void {
    if (!this.#isTrial) return;
    this.#isTrial = false;
    this.origin.health.giveProbeBack();
  }

  #succeed(now: number): void {
    this.#isTold = true;
    this.origin.health.succeed(now);
  }

  #fail(now: number): Consequence {
    this.#isTold = true;
    this.origin.state.count(SUM.errors);
    const consequence = this.origin.health.fail(now);
    this.#endTrial();
    return consequence;
  }
}
