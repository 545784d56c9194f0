import type { Config } from '../config/config.ts';
import { CertificateError, loadCertificates, readChain } from './certificates.ts';
import type { TlsCertificate, TlsTerms } from './terms.ts';
import { TicketKey } from './ticket-key.ts';

/** What main keeps of TLS from one configuration to the next: the key of session tickets, and certificates that it obtained itself. */
export class TlsKeeper {
  readonly ticketKey = new TicketKey();
  readonly #warn: (warning: string) => void;
  #obtained: readonly TlsCertificate[] = [];
  #warned = new Set<string>();

  /** @param warn told of each thing that is wrong with a certificate once */
  constructor(warn: (warning: string) => void) {
    this.#warn = warn;
  }

  /** Certificates beside those of files, behind which terms have them from then on. */
  setObtained(certificates: readonly TlsCertificate[]): void {
    this.#obtained = certificates;
  }

  /** What listeners need for a configuration, undefined where it has none with TLS. @throws CertificateError */
  termsFor({ tls, acme }: Config): TlsTerms | undefined {
    if (tls.listen.length === 0) return undefined;
    const loaded = loadCertificates(tls);
    if (loaded.certificates.length === 0 && acme.domains.length === 0) {
      throw new CertificateError(`the folder of certificates ${tls.folder} holds none, and there is no other one`);
    }
    const clientCa = tls.clientCa === undefined ? undefined : readAuthorities(tls.clientCa);
    for (const warning of loaded.warnings) if (!this.#warned.has(warning)) this.#warn(warning);
    this.#warned = new Set(loaded.warnings);
    const own = loaded.certificates.map(({ cert, key, names, kind }) => ({ cert, key, names, kind }));
    return {
      certificates: [...own, ...this.#obtained],
      minVersion: tls.minVersion,
      http2: tls.http2,
      clientCa,
      clientAuth: tls.clientAuth,
      ticketKey: this.ticketKey.current,
    };
  }
}

/** @throws CertificateError */
function readAuthorities(file: string): string {
  return readChain(file)
    .map((authority) => authority.toString())
    .join('');
}
