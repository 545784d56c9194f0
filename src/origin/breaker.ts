import type { CircuitBreakerConfig } from '../config/config.ts';
import { AT, BUCKETS, type OriginState, WORD } from './state.ts';

/** Words of a bucket of the window. */
const BUCKET = { number: 0, requests: 1, failures: 2, words: 3 } as const;

/** Requests in a row that must succeed, one at a time, until a circuit that was open is closed again. */
export const MENDED = 3;

/**
 * The circuit breaker of one origin, in memory that all threads share. The window is cut into buckets that are used
 * again in turn; a request that another thread counts while a bucket is emptied may get lost, no more.
 */
export class CircuitBreaker {
  readonly #state: OriginState;
  readonly #terms: CircuitBreakerConfig;

  constructor(state: OriginState, terms: CircuitBreakerConfig) {
    this.#state = state;
    this.#terms = terms;
  }

  get isOn(): boolean {
    return this.#terms.errorRate > 0;
  }

  /** Whether requests may go through at will. What was open when the breaker was turned off stays so for nobody. */
  isClosed(): boolean {
    return this.#state.peek(WORD.open) === 0 || !this.isOn;
  }

  /** Whether the circuit was open long enough for single requests to try the origin. */
  isHalfOpen(now: number): boolean {
    return this.#state.load(WORD.open) !== 0 && now >= this.#state.time(AT.openUntil);
  }

  /** Counts the outcome of a request. @returns whether it opened the circuit */
  record(failed: boolean, now: number): boolean {
    if (!this.isOn) return false;
    if (!this.isClosed()) return this.#recordTrial(failed, now);
    const number = this.#bucketNumber(now);
    this.#count(number, failed);
    return failed && this.#isOver(number) && this.#open(now);
  }

  /** While the circuit is open or half-open: what single requests, and those from before, tell. */
  #recordTrial(failed: boolean, now: number): boolean {
    const state = this.#state;
    if (now < state.time(AT.openUntil)) return false;
    if (failed) {
      this.#openUntil(now);
      return false;
    }
    if (state.add(WORD.mended, 1) + 1 >= MENDED) this.#close();
    return false;
  }

  #bucketNumber(now: number): number {
    return Math.floor((now * BUCKETS) / this.#terms.window) | 0;
  }

  #count(number: number, failed: boolean): void {
    const state = this.#state;
    const bucket = bucketAt(number);
    const held = state.load(bucket + BUCKET.number);
    if (held !== number && state.swap(bucket + BUCKET.number, held, number)) {
      state.store(bucket + BUCKET.requests, 0);
      state.store(bucket + BUCKET.failures, 0);
    }
    state.add(bucket + BUCKET.requests, 1);
    if (failed) state.add(bucket + BUCKET.failures, 1);
  }

  #isOver(number: number): boolean {
    let requests = 0;
    let failures = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const bucket = bucketAt(number - i);
      if (this.#state.load(bucket + BUCKET.number) !== ((number - i) | 0)) continue;
      requests += this.#state.load(bucket + BUCKET.requests);
      failures += this.#state.load(bucket + BUCKET.failures);
    }
    return requests >= Math.max(1, this.#terms.minRequests) && failures >= requests * this.#terms.errorRate;
  }

  #open(now: number): boolean {
    this.#openUntil(now);
    return this.#state.swap(WORD.open, 0, 1);
  }

  #openUntil(now: number): void {
    this.#state.store(WORD.mended, 0);
    this.#state.setTime(AT.openUntil, now + this.#terms.open);
  }

  /** What was counted before is of another time. */
  #close(): void {
    for (let i = 0; i < BUCKETS; i++) {
      this.#state.store(bucketAt(i) + BUCKET.requests, 0);
      this.#state.store(bucketAt(i) + BUCKET.failures, 0);
    }
    this.#state.store(WORD.mended, 0);
    this.#state.store(WORD.open, 0);
  }
}

function bucketAt(number: number): number {
  return WORD.window + (((number % BUCKETS) + BUCKETS) % BUCKETS) * BUCKET.words;
}
