import type { LimitReport } from '../ratelimit/limiter.ts';
import type { LimitSubject } from '../ratelimit/subject.ts';

/** Writes one line on the log. */
export type WriteEvent = (message: string, details: Record<string, unknown>) => void;

/** Lines a second and thread: refusals come in floods, and counters tell how many there were. */
const MOST = 10;

/** Has what limits refuse on the log, not more than a few lines a second. */
export class LimitEvents {
  readonly #write: WriteEvent;
  readonly #now: () => number;
  #second = -1;
  #written = 0;
  #leftOut = 0;

  /** @param now seconds */
  constructor(write: WriteEvent, now: () => number = () => Math.floor(performance.now() / 1000)) {
    this.#write = write;
    this.#now = now;
  }

  /** @param redact names of log fields that are left out, as in `log.redact` */
  reporter(site: string, redact: readonly string[]): LimitReport {
    return (limit, x, isRefused) => {
      if (this.#isTooMany()) return;
      this.#write(
        isRefused ? 'a request was over a rate limit' : 'a request would have been over a rate limit',
        this.#details(site, limit, x, isRefused, redact),
      );
    };
  }

  #isTooMany(): boolean {
    const second = this.#now();
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written++ < MOST) return false;
    this.#leftOut++;
    return true;
  }

  #details(
    site: string,
    limit: { readonly name: string },
    x: LimitSubject,
    isRefused: boolean,
    redact: readonly string[],
  ): Record<string, unknown> {
    const details: Record<string, unknown> = {
      event: 'rate_limit',
      site,
      limit: limit.name,
      action: isRefused ? 'refused' : 'would_refuse',
      method: x.method,
    };
    const fields = { client_ip: x.clientAddress(), host: x.host.host, path: x.path, request_id: x.ownId() };
    for (const [name, value] of Object.entries(fields)) if (!redact.includes(name)) details[name] = value;
    if (this.#leftOut > 0) details.left_out = this.#leftOut;
    this.#leftOut = 0;
    return details;
  }
}
