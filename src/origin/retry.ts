import type { RetryConfig } from '../config/config.ts';
import type { ProxyErrorType } from '../http/proxy-status.ts';
import { type OriginState, WORD } from './state.ts';

/** Methods that may be sent twice (RFC 9110 section 9.2.2), and the safe ones of other specifications. */
const IDEMPOTENT: ReadonlySet<string> = new Set(
  'GET HEAD OPTIONS TRACE PUT DELETE QUERY PROPFIND REPORT SEARCH'.split(' '),
);

/** Tries again that a site may always have saved, whatever its part is: what one origin that dies needs. */
export const RESERVE = 10;

/** Tries again that may be saved up at most. */
export const MOST_SAVED = 100;

/** A try in the unit of the word. */
const TRY = 1000;

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** What kept a try from an answer, as far as it matters to the next one. */
export type RetryCause = 'connect' | 'reset' | 'other';

/** Whether nothing was sent, or the origin broke the connection; other errors are not tried again. */
export function retryCause(type: ProxyErrorType): RetryCause {
  if (type === 'connection_terminated') return 'reset';
  const isUnconnected = type.startsWith('dns_') || type.startsWith('tls_') || type.startsWith('destination_ip_');
  return isUnconnected || type === 'connection_refused' || type === 'connection_timeout' ? 'connect' : 'other';
}

/**
 * How many tries again a site may have, on all threads together: a bucket of tokens. Each request puts its part of a
 * token in, each try again takes one. The bucket begins with `RESERVE`, so N requests cost at most N * part + RESERVE more.
 */
export class RetryBudget {
  readonly #state: OriginState;
  readonly #part: number;

  /** @param state of the site's own slot; the word holds what was taken less what was put in */
  constructor(state: OriginState, { budget, attempts }: RetryConfig) {
    this.#state = state;
    this.#part = attempts === 0 ? 0 : Math.floor(budget * TRY);
  }

  /** A request is made for the first time. */
  deposit(): void {
    if (this.#part === 0) return;
    const least = (RESERVE - MOST_SAVED) * TRY;
    // as a rule there is nothing to put in
    if (this.#state.peek(WORD.budget) === least) return;
    for (;;) {
      const spent = this.#state.load(WORD.budget);
      const left = Math.max(least, spent - this.#part);
      if (left === spent || this.#state.swap(WORD.budget, spent, left)) return;
    }
  }

  /** Takes leave for one try again; false where there is none. */
  withdraw(): boolean {
    if (this.#part === 0) return false;
    for (;;) {
      const spent = this.#state.load(WORD.budget);
      if (spent + TRY > RESERVE * TRY) return false;
      if (this.#state.swap(WORD.budget, spent, spent + TRY)) return true;
    }
  }

  /** Gives back what was not used. */
  refund(): void {
    this.#state.add(WORD.budget, -TRY);
  }
}
