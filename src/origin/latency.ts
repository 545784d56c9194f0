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
    const taken = Math.min(MOST, Math.max(1, Math.round(ms * 1000)));
    const before = this.#state.peek(WORD.latency);
    const weight = this.#weight(now);
    // nothing that it would change: the line stays shared among the threads' caches
    if (weight === 1 && taken <= before) return;
    const average = taken > before ? taken : Math.round(before * weight + taken * (1 - weight));
    this.#state.store(WORD.latency, average);
    this.#state.store(WORD.latencyAt, now | 0);
  }

  /** 0 where nothing is known. */
  value(now: number): number {
    const held = this.#state.load(WORD.latency);
    return held === 0 ? 0 : Math.max(1, held * this.#weight(now));
  }

  #weight(now: number): number {
    const age = ((now | 0) - this.#state.peek(WORD.latencyAt)) >>> 0;
    return age === 0 ? 1 : Math.exp(-age / DECAY);
  }
}
