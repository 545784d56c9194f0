import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its key, as PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/** Whatever a test's certificate may be like. */
export interface CertificateTerms {
  /** Names and addresses that it is for. */
  names?: string[];
  /** When it ends; an hour from now if not given. */
  notAfter?: Date;
}

/** A certificate authority of one test file. */
export interface Authority {
  /** Its own certificate, as PEM. */
  cert: string;
  issue(terms?: CertificateTerms): Promise<Certificate>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR = 3_600_000;

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export async function createAuthority(): Promise<Authority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test authority',
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  return {
    cert: root.toString('pem'),
    async issue({ names = ['localhost', '127.0.0.1'], notAfter } = {}) {
      const own = await newKeys();
      const cert = await x509.X509CertificateGenerator.create({
        subject: `CN=${names[0]}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(notAfter),
        extensions: [new x509.SubjectAlternativeNameExtension(names.map(generalName))],
      });
      return { cert: cert.toString('pem'), key: await privateKey(own) };
    },
  };
}

/** A certificate that nobody but itself vouches for. */
export async function selfSigned(): Promise<Certificate> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [new x509.SubjectAlternativeNameExtension(['localhost', '127.0.0.1'].map(generalName))],
  });
  return { cert: cert.toString('pem'), key: await privateKey(keys) };
}

function validity(notAfter = new Date(Date.now() + HOUR)): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - HOUR), notAfter };
}

function generalName(value: string): { type: 'ip' | 'dns'; value: string } {
  return { type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privateKey({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}
