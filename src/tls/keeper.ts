import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { CertificateError, type CertificateSet, loadCertificates } from './certificates.ts';
import type { TlsCertificate, TlsTerms } from './terms.ts';
import { TicketKey } from './ticket-key.ts';

/** What main keeps of TLS from one configuration to the next: the key of session tickets, and certificates that it obtained itself. */
export class TlsKeeper {
  readonly ticketKey = new TicketKey();
  readonly #warn: (warning: string) => void;
  #obtained: readonly TlsCertificate[] = [];
  #loaded: CertificateSet | undefined;
  #warned = new Set<string>();

  /** @param warn told of each thing that is wrong with a certificate once */
  constructor(warn: (warning: string) => void) {
    this.#warn = warn;
  }

  /** Those of files, as of the last configuration. */
  get loaded(): CertificateSet | undefined {
    return this.#loaded;
  }

  /** Certificates beside those of files, behind which terms have them from then on. */
  setObtained(certificates: readonly TlsCertificate[]): void {
    this.#obtained = certificates;
  }

  /** What listeners need for a configuration, undefined where it has none with TLS. @throws CertificateError */
  termsFor({ tls }: Config): TlsTerms | undefined {
    if (tls.listen.length === 0) return undefined;
    const loaded = loadCertificates(tls);
    const clientCa = tls.clientCa === undefined ? undefined : readAuthorities(tls.clientCa);
    this.#loaded = loaded;
    for (const warning of loaded.warnings) if (!this.#warned.has(warning)) this.#warn(warning);
    this.#warned = new Set(loaded.warnings);
    return {
      certificates: this.#certificates(),
      minVersion: tls.minVersion,
      http2: tls.http2,
      clientCa,
      clientAuth: tls.clientAuth,
      ticketKey: this.ticketKey.current,
    };
  }

  /** Terms in force with the certificates that were obtained since, and the ticket key of now. Reads no file. */
  renewed(terms: TlsTerms): TlsTerms {
    return { ...terms, certificates: this.#certificates(), ticketKey: this.ticketKey.current };
  }

  #certificates(): TlsCertificate[] {
    const own = this.#loaded?.certificates ?? [];
    return [...own.map(({ cert, key, names, kind }) => ({ cert, key, names, kind })), ...this.#obtained];
  }
}

function readAuthorities(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw new CertificateError(`the file of client authorities ${file} cannot be read: ${(error as Error).message}`);
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CertificateError(`${file} holds no certificate in PEM form`);
  }
  return text;
}
