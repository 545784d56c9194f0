import { join } from 'node:path';
import type { AcmeConfig } from '../config/config.ts';
import type { TlsCertificate, TlsChallenge } from '../tls/terms.ts';
import { withLock } from './lock.ts';
import { type ChallengeType, OrderError, obtainCertificate } from './order.ts';
import { renewalTime, retryPause } from './schedule.ts';
import { selfSigned } from './stand-in.ts';
import { AcmeStore, type StoredCertificate } from './store.ts';

/** Pause before a certificate that another process is about to obtain is looked for, in ms. */
const OTHER_AT_WORK = 30_000;

/** Longest time without a look at what other processes have stored, in ms; timers of Node end at 24 days. */
const LOOK = 60 * 60_000;

const POLL = { min: 1000, max: 15_000 };

export interface AcmeOptions {
  readonly config: AcmeConfig;
  /** Folder of what lb keeps. */
  readonly dataDir: string;
  /** Has all listeners use a certificate from their next handshake on. */
  readonly use: (certificate: TlsCertificate) => void;
  /** Has listeners answer these challenges of TLS-ALPN-01, and no others. */
  readonly setChallenges: (challenges: TlsChallenge[]) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>) => void;
  /** For tests: clock, pauses between tries, and between questions. */
  readonly now?: () => number;
  readonly retry?: typeof retryPause;
  readonly poll?: { min: number; max: number };
}

/** Keeps one certificate for all domains: obtains it, renews it in time, and takes over what other processes obtained. */
export class AcmeManager {
  readonly #options: AcmeOptions;
  readonly #store: AcmeStore;
  readonly #now: () => number;
  #certificate: StoredCertificate | undefined;
  /** When it is renewed. */
  #renewal = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: AcmeOptions) {
    this.#options = options;
    this.#store = new AcmeStore(join(options.dataDir, 'acme'), options.config.directory);
    this.#now = options.now ?? Date.now;
  }

  /**
   * What listeners can open with at once: the certificate that is stored, or one that nobody vouches for.
   */
  async open(): Promise<TlsCertificate> {
    const { domains } = this.#options.config;
    // what cannot be read is told of when a new one is to be stored there
    const stored = await this.#store.readCertificate(domains).catch(() => undefined);
    if (stored === undefined) return this.#ready(await selfSigned(domains));
    this.#take(stored);
    return this.#ready(stored);
  }

  /** Begins to look after the certificate. */
  start(): void {
    void this.#look();
  }

  /** Ends it; an order under way comes to nothing. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** For whoever looks after lb. */
  status(): {
    domains: readonly string[];
    notAfter: string | undefined;
    renewal: string | undefined;
    failures: number;
  } {
    const { domains } = this.#options.config;
    const { notAfter } = this.#certificate ?? {};
    const renewal = this.#certificate === undefined ? undefined : new Date(this.#renewal).toISOString();
    return { domains, notAfter: notAfter?.toISOString(), renewal, failures: this.#failures };
  }

  /** Another process may have obtained one; else it is time to, or not yet. */
  async #look(): Promise<void> {
    let pause: number;
    try {
      await this.#takeNewer();
      pause = this.#isDue() ? await this.#renew() : this.#renewal - this.#now();
    } catch (error) {
      pause = this.#failed(error as Error);
    }
    if (this.#isOver) return;
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, Math.min(pause, LOOK)));
    this.#timer.unref();
  }

  #isDue(): boolean {
    return this.#certificate === undefined || this.#now() >= this.#renewal;
  }

  /** @returns the pause until the next look, in ms */
  async #renew(): Promise<number> {
    const { log, config } = this.#options;
    const isMine = await withLock(this.#store.lockFile, async () => {
      // who had the lock before may have done it
      await this.#takeNewer();
      if (!this.#isDue() || this.#isOver) return;
      log('info', 'a certificate is ordered', { domains: config.domains, directory: config.directory });
      const certificate = await obtainCertificate({
        config,
        type: this.#challengeType(),
        store: this.#store,
        setChallenges: this.#options.setChallenges,
        poll: this.#options.poll ?? POLL,
      });
      if (this.#isOver) return;
      this.#put(certificate);
      // else it would be ordered again and again
      if (this.#isDue())
        throw new OrderError('the new certificate is to be renewed already: a clock must be wrong', true);
      this.#failures = 0;
    });
    return isMine ? this.#renewal - this.#now() : OTHER_AT_WORK;
  }

  /** `auto` begins with HTTP-01, and takes the other one after each failure. */
  #challengeType(): ChallengeType {
    const { challenge } = this.#options.config;
    if (challenge !== 'auto') return challenge;
    return this.#failures % 2 === 0 ? 'http-01' : 'tls-alpn-01';
  }

  async #takeNewer(): Promise<void> {
    const stored = await this.#store.readCertificate(this.#options.config.domains);
    if (stored === undefined || stored.cert === this.#certificate?.cert) return;
    if (this.#certificate !== undefined && stored.notAfter <= this.#certificate.notAfter) return;
    this.#put(stored);
  }

  #put(certificate: StoredCertificate): void {
    this.#take(certificate);
    const { config, log, use } = this.#options;
    use(this.#ready(certificate));
    const [notAfter, renewal] = [certificate.notAfter.toISOString(), new Date(this.#renewal).toISOString()];
    log('info', 'a certificate is in use', { domains: config.domains, not_after: notAfter, renewal });
  }

  #take(certificate: StoredCertificate): void {
    this.#certificate = certificate;
    this.#renewal = renewalTime(certificate, Math.random());
  }

  #failed(error: Error): number {
    const { log, config, retry = retryPause } = this.#options;
    this.#failures++;
    const pause = retry(this.#failures, error instanceof OrderError && error.isLimited, Math.random());
    const { notAfter } = this.#certificate ?? {};
    const isExpired = notAfter === undefined || notAfter.getTime() < this.#now();
    log(isExpired ? 'error' : 'warn', 'no certificate was obtained', {
      domains: config.domains,
      error: error.message,
      failures: this.#failures,
      retry_ms: pause,
      ...(notAfter === undefined ? {} : { not_after: notAfter.toISOString() }),
    });
    return pause;
  }

  #ready({ cert, key }: { cert: string; key: string }): TlsCertificate {
    return { cert, key, names: this.#options.config.domains.map((domain) => domain.toLowerCase()), kind: 'ec' };
  }
}
