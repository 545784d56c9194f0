import { type OriginState, WORD } from './state.ts';

/** Time after which what was measured counts for a third, in ms. */
const DECAY = 10_000;

/** Longest latency that the word holds, in microseconds. */
const MOST = 0x7fff_ffff;

/**
 * Latency of an origin over all threads, in microseconds: a moving average that follows peaks at once and comes down
 * slowly, as Finagle's PeakEwma does. What was not measured for a while fades, so that a slow origin is tried again.
 * Threads that write at the same moment overwrite each other: one measurement of many is lost.
 */
export class Latency {
  readonly #state: OriginState;

  constructor(state: OriginState) {
    this.#state = state;
  }

  /** @param ms what a request took until the head of its answer */
  observe(ms: number, now: number): void {
    const taken = microseconds(ms);
    const before = this.#state.peek(WORD.latency);
    const measured = this.#state.peek(WORD.measured);
    const weight = this.#weight(now);
    // nothing that it would change: the line stays shared among the threads' caches
    if (weight === 1 && taken <= before && measured !== 0) return;
    this.#state.store(WORD.latency, follow(before, taken, weight));
    this.#state.store(WORD.measured, follow(measured, taken, weight));
    this.#state.store(WORD.latencyAt, now | 0);
  }

  /** A request has brought no answer. @param ms what it counts as having taken; it is no measurement */
  penalize(ms: number, now: number): void {
    this.#state.store(WORD.latency, follow(this.#state.peek(WORD.latency), microseconds(ms), this.#weight(now)));
    this.#state.store(WORD.measured, 0);
    this.#state.store(WORD.latencyAt, now | 0);
  }

  /** What answers took, which does not fade; 0 where none has come since a request failed. */
  measured(): number {
    return this.#state.load(WORD.measured);
  }

  /** What the origin is chosen by; 0 where nothing is known. */
  value(now: number): number {
    const held = this.#state.load(WORD.latency);
    return held === 0 ? 0 : Math.max(1, held * this.#weight(now));
  }

  #weight(now: number): number {
    const age = ((now | 0) - this.#state.peek(WORD.latencyAt)) >>> 0;
    return age === 0 ? 1 : Math.exp(-age / DECAY);
  }
}

function microseconds(ms: number): number {
  return Math.min(MOST, Math.max(1, Math.round(ms * 1000)));
}

function follow(before: number, taken: number, weight: number): number {
  return taken > before ? taken : Math.round(before * weight + taken * (1 - weight));
}
