import type { AcmeManager } from '../acme/manager.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../stats/logger.ts';
import type { TlsCertificate, TlsChallenge } from '../tls/terms.ts';

export interface AcmeRunnerOptions {
  readonly logger: Logger;
  /** Has all listeners use a certificate in the place of another. */
  readonly replace: (former: TlsCertificate, next: TlsCertificate) => void;
  /** Has listeners answer these challenges of TLS-ALPN-01, and no others. */
  readonly setChallenges: (challenges: TlsChallenge[]) => void;
}

interface Running {
  readonly key: string;
  readonly manager: AcmeManager;
  certificate: TlsCertificate;
}

/** Certificates from an authority, as the configuration in force asks for them. What does so is loaded only where it is needed. */
export class AcmeRunner {
  readonly #options: AcmeRunnerOptions;
  #running: Running | undefined;
  /** For a configuration that is not in force yet. */
  #next: Running | undefined;

  constructor(options: AcmeRunnerOptions) {
    this.#options = options;
  }

  /** @returns the certificates that listeners open with by a configuration, which need not come into force */
  async prepare({ acme, dataDir }: Config): Promise<TlsCertificate[]> {
    const key = JSON.stringify([acme, dataDir]);
    if (acme.domains.length === 0) this.#next = undefined;
    else if (key === this.#running?.key) this.#next = this.#running;
    else this.#next = await this.#open(key, { acme, dataDir });
    return this.#next === undefined ? [] : [this.#next.certificate];
  }

  async #open(key: string, { acme, dataDir }: Pick<Config, 'acme' | 'dataDir'>): Promise<Running> {
    const { logger, replace, setChallenges } = this.#options;
    const { AcmeManager: Manager } = await import('../acme/manager.ts');
    const manager = new Manager({
      config: acme,
      dataDir,
      use: (certificate) => {
        const former = running.certificate;
        running.certificate = certificate;
        replace(former, certificate);
      },
      setChallenges,
      log: (level, message, details) => logger[level](details, message),
    });
    const running: Running = { key, manager, certificate: await manager.open() };
    return running;
  }

  /** The prepared configuration is in force: its certificate is looked after, and the former one is not any more. */
  commit(): void {
    if (this.#next === this.#running) return;
    this.#running?.manager.stop();
    this.#running = this.#next;
    this.#running?.manager.start();
  }

  /** The prepared configuration will not be. @returns the certificates of the one in force */
  discard(): TlsCertificate[] {
    this.#next = this.#running;
    return this.#running === undefined ? [] : [this.#running.certificate];
  }

  stop(): void {
    this.#running?.manager.stop();
  }
}
