import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsCertificate, TlsTerms } from '../tls/terms.ts';
import { CIPHERS_1_2 } from './ciphers.ts';

/**
 * Those of TLS 1.3, then those of 1.2, which are also what HTTP/2 asks for (RFC 9113 section 9.2.2). Without DHE, which
 * costs much and which no client needs that has no ECDHE.
 */
const CIPHERS = `TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:${CIPHERS_1_2}`;

const CURVES = 'X25519MLKEM768:X25519:prime256v1:secp384r1';

/** What every context of a listener is made with, whatever its certificate. */
export function commonOptions({ minVersion, clientCa, clientAuth }: TlsTerms): SecureContextOptions {
  return {
    minVersion,
    ciphers: CIPHERS,
    ecdhCurve: CURVES,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
    sessionIdContext: sessionContext(clientAuth, clientCa),
    ...(clientAuth === 'off' || clientCa === undefined ? {} : { ca: clientCa }),
  };
}

/**
 * Sessions of other terms for clients are not resumed: whoever resumes one is not asked for a certificate again, and has
 * what was found of it then.
 */
function sessionContext(clientAuth: TlsTerms['clientAuth'], clientCa = ''): string {
  return createHash('sha256').update(`${clientAuth} ${clientCa}`).digest('hex').slice(0, 32);
}

/** The contexts of a set of certificates, by the name that a client asks for. */
export class TlsContexts {
  /** Certificates for clients that name no host or an unknown one. */
  readonly fallback: readonly TlsCertificate[];
  readonly #common: SecureContextOptions;
  readonly #byName = new Map<string, TlsCertificate[]>();
  readonly #contexts = new Map<TlsCertificate, SecureContext>();

  /** @throws where a certificate or key cannot be used */
  constructor(terms: TlsTerms) {
    this.#common = commonOptions(terms);
    for (const certificate of terms.certificates) {
      for (const name of certificate.names) this.#add(name, certificate);
    }
    const [first] = terms.certificates;
    // with one of another kind for the same names, where there is one
    this.fallback = first === undefined ? [] : (this.#byName.get(first.names[0] ?? '') ?? [first]);
    for (const known of this.#byName.keys()) this.find(known);
    createSecureContext({ ...this.#common, ...keyPairs(this.fallback) });
  }

  /** The first of a kind counts. */
  #add(name: string, certificate: TlsCertificate): void {
    const others = this.#byName.get(name);
    if (others === undefined) this.#byName.set(name, [certificate]);
    else if (!others.some(({ kind }) => kind === certificate.kind)) others.push(certificate);
  }

  /**
   * The context for a name: exact names first, then `*.` and one label. Undefined for what has the fallback, which may be
   * of several kinds; of a context that is found by name Node takes one certificate only.
   */
  find(name: string): SecureContext | undefined {
    const certificates = this.#byName.get(name) ?? this.#byName.get(`*${name.slice(name.indexOf('.'))}`);
    if (certificates === undefined || certificates === this.fallback) return undefined;
    const [certificate] = certificates;
    let context = this.#contexts.get(certificate);
    if (context === undefined) {
      context = createSecureContext({ ...this.#common, ...keyPairs([certificate]) });
      this.#contexts.set(certificate, context);
    }
    return context;
  }
}

/** Certificates with their keys as Node takes them. */
export function keyPairs(certificates: readonly TlsCertificate[]): { cert: string[]; key: string[] } {
  return { cert: certificates.map(({ cert }) => cert), key: certificates.map(({ key }) => key) };
}
