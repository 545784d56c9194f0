/** A certificate with its key, ready for use. */
export interface TlsCertificate {
  /** The certificate and those that lead from it to a root, PEM. */
  readonly cert: string;
  /** PEM; a secret. */
  readonly key: string;
  /** What it is for: names in lower case, `*.example.com` among them. */
  readonly names: readonly string[];
  /** Certificates of different kinds may serve one name: `rsa`, `ec`. */
  readonly kind: string;
}

/** All that a listener needs to end TLS; travels from main to edges, and may be replaced at any time. */
export interface TlsTerms {
  /** The first is for clients that name no host or an unknown one. Without any, handshakes fail. */
  readonly certificates: readonly TlsCertificate[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** HTTP/2 by ALPN. */
  readonly http2: boolean;
  /** PEM of the authorities of clients' certificates. */
  readonly clientCa: string | undefined;
  readonly clientAuth: 'off' | 'request' | 'require';
  /** 48 bytes that all threads share, so that each resumes the sessions of all; a secret. */
  readonly ticketKey: Uint8Array;
}

/** A certificate that answers a challenge of TLS-ALPN-01 (RFC 8737). Both PEM. */
export interface TlsChallenge {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
}
