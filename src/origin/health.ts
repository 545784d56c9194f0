import type { SiteConfig } from '../config/config.ts';
import { CircuitBreaker } from './breaker.ts';
import { AT, HEALTH, type OriginState, SUM, WORD } from './state.ts';

/** Whether an origin may be asked. */
export const READY = 0;
/** It was left out for long enough: one request at a time may try it. */
export const DUE = 1;
/** Requests have shown that it is not usable: it is asked only where there is no other. */
export const EJECTED = 2;
/** Active checks fail, or its circuit is open: it is not asked. */
export const OUT = 3;
export type Availability = typeof READY | typeof DUE | typeof EJECTED | typeof OUT;

/** The least part of its weight that an origin gets while it starts slowly. */
const LEAST_PART = 0.1;

export type HealthTerms = Pick<SiteConfig, 'passiveHealth' | 'circuitBreaker' | 'health'>;

/** What checks and requests tell of one origin, in memory that all threads share. */
export class OriginHealth {
  readonly breaker: CircuitBreaker;
  readonly #state: OriginState;
  readonly #terms: HealthTerms;
  /** Its failures may leave it out: there are others. */
  readonly #mayEject: boolean;

  constructor(state: OriginState, terms: HealthTerms, mayEject: boolean) {
    this.#state = state;
    this.#terms = terms;
    this.#mayEject = mayEject && terms.passiveHealth.failures > 0;
    this.breaker = new CircuitBreaker(state, terms.circuitBreaker);
  }

  availability(now: number): Availability {
    const state = this.#state;
    if (state.peek(WORD.health) === HEALTH.down) return OUT;
    const isOpen = !this.breaker.isClosed();
    if (isOpen && !(this.breaker.isHalfOpen(now) && this.#isProbeFree())) return OUT;
    if (this.#isEjected()) return this.#isOverdue(now) && this.#isProbeFree() ? DUE : EJECTED;
    return isOpen ? DUE : READY;
  }

  /** The common case costs no barrier; where it is left out the time is to be read. */
  #isEjected(): boolean {
    return this.#state.peek(WORD.ejected) !== 0 && this.#state.load(WORD.ejected) !== 0;
  }

  #isOverdue(now: number): boolean {
    return now >= this.#state.time(AT.ejectedUntil);
  }

  #isProbeFree(): boolean {
    return this.#state.load(WORD.probe) === 0;
  }

  /** Takes the leave to try the origin, which one request on all threads has; to be given back. */
  takeProbe(): boolean {
    return this.#state.swap(WORD.probe, 0, this.#state.worker + 1);
  }

  giveProbeBack(): void {
    this.#state.swap(WORD.probe, this.#state.worker + 1, 0);
  }

  /** A request was answered. */
  succeed(now: number): void {
    const state = this.#state;
    if (this.#isEjected()) {
      if (this.#isOverdue(now) && state.swap(WORD.ejected, 1, 0)) {
        state.store(WORD.failures, 0);
        this.#rise(now);
      }
    } else if (state.peek(WORD.failures) !== 0) {
      // read first: the line stays shared among the threads' caches
      state.store(WORD.failures, 0);
    }
    this.breaker.record(false, now);
  }

  /** A request brought no usable answer, or one that says that the origin fails. @returns what it came to */
  fail(now: number): { ejected: boolean; opened: boolean } {
    const state = this.#state;
    const failures = state.add(WORD.failures, 1) + 1;
    const { passiveHealth } = this.#terms;
    let ejected = false;
    const isOut = state.load(WORD.ejected) !== 0;
    // of one that is left out a single failure counts: successes from before may have begun the row anew
    if (this.#mayEject && (isOut || failures >= passiveHealth.failures)) {
      // requests that were under way when it was left out do not prolong that
      if (!isOut || this.#isOverdue(now)) state.setTime(AT.ejectedUntil, now + passiveHealth.eject);
      ejected = !isOut && state.swap(WORD.ejected, 0, 1);
      if (ejected) state.count(SUM.ejections);
    }
    return { ejected, opened: this.breaker.record(true, now) };
  }

  /** Active checks have changed their mind. Only by main. */
  setHealth(health: number, now: number): void {
    const state = this.#state;
    const before = state.load(WORD.health);
    if (health === before) return;
    if (before === HEALTH.down) {
      // what requests told was of another time
      state.store(WORD.failures, 0);
      state.store(WORD.ejected, 0);
      this.#rise(now);
    }
    state.store(WORD.health, health);
  }

  #rise(now: number): void {
    if (this.#terms.health.slowStart === 0) return;
    this.#state.setTime(AT.upSince, now);
    this.#state.store(WORD.rising, 1);
  }

  /** The part of its weight that the origin has: less than 1 for a while after it came up. */
  part(now: number): number {
    const state = this.#state;
    if (state.load(WORD.rising) === 0) return 1;
    const part = (now - state.time(AT.upSince)) / this.#terms.health.slowStart;
    if (part < 1) return Math.max(LEAST_PART, part);
    state.store(WORD.rising, 0);
    return 1;
  }
}
