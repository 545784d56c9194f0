import type { BotReport } from './bots.ts';
import type { WriteEvent } from './events.ts';

/** Lines a second and thread: bots come in floods, and counters tell how many there were. */
const MOST = 10;

/** Has what became of bots on the log, not more than a few lines a second. */
export class BotEvents {
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
  reporter(site: string, redact: readonly string[]): BotReport {
    return (x, botClass, score, action) => {
      const second = this.#now();
      if (second !== this.#second) this.#written = 0;
      this.#second = second;
      if (this.#written++ >= MOST) {
        this.#leftOut++;
        return;
      }
      const details: Record<string, unknown> = { event: 'bot', site, class: botClass, score, action, method: x.method };
      const fields = {
        ...{ client_ip: x.clientAddress(), host: x.host.host, path: x.path },
        ...{ request_id: x.ownId(), user_agent: x.field('user-agent') },
      };
      for (const [name, value] of Object.entries(fields)) if (!redact.includes(name)) details[name] = value;
      if (this.#leftOut > 0) details.left_out = this.#leftOut;
      this.#leftOut = 0;
      this.#write(action === 'logged' ? 'a bot was let in' : `a bot was ${WORDS[action] ?? action}`, details);
    };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  rate_limited: 'over its rate limit',
  challenged: 'asked to show that it is a browser',
  would_refuse: 'let in, since addons.bots only logs',
};
