import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { TlsConfig } from '../config/config.ts';
import type { TlsCertificate } from './terms.ts';

/** A certificate that cannot be used; the message says which and why in one sentence. */
export class CertificateError extends Error {}

/** What to do about it. */
export const FILES_FIX = 'see docs/tls.md for what files are to hold';

/** A certificate as it was loaded. */
export interface LoadedCertificate extends TlsCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The certificates of a configuration. */
export interface CertificateSet {
  readonly certificates: readonly LoadedCertificate[];
  /** One sentence each: expired, expires soon, an incomplete chain. */
  readonly warnings: readonly string[];
}

/** A certificate and its key: their files, or their texts. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** When an expiry is warned of. */
const SOON = 14 * DAY;

/**
 * Loads what a configuration names: single files, then those of the folder in the order of their names.
 * @throws CertificateError where one cannot be used
 */
export function loadCertificates(tls: TlsConfig, now: number = Date.now()): CertificateSet {
  const pairs = [...tls.certificates, ...(tls.folder === undefined ? [] : folderPairs(tls.folder))];
  const warnings: string[] = [];
  const certificates = pairs.map((pair) => loadCertificate(pair, now, warnings));
  return { certificates, warnings };
}

/** The files that a configuration's certificates are in. @throws CertificateError where the folder cannot be read */
export function certificateFiles(tls: TlsConfig): string[] {
  const pairs = [...tls.certificates, ...(tls.folder === undefined ? [] : folderPairs(tls.folder))];
  const files = pairs.flatMap(({ cert, key }) => [cert, key]);
  return [...new Set([...files, ...(tls.clientCa === undefined ? [] : [tls.clientCa])])];
}

/** NAME.crt with NAME.key, NAME.pem with both, NAME/fullchain.pem with NAME/privkey.pem. @throws CertificateError */
function folderPairs(folder: string): Pair[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    throw new CertificateError(`the folder of certificates ${folder} cannot be read: ${reason(error)}`);
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (name.startsWith('.')) return [];
    if (name.endsWith('.crt')) return [{ cert: path, key: `${path.slice(0, -4)}.key` }];
    if (name.endsWith('.pem')) return [{ cert: path, key: path }];
    const chain = join(path, 'fullchain.pem');
    return existsSync(chain) ? [{ cert: chain, key: join(path, 'privkey.pem') }] : [];
  });
}

function loadCertificate({ cert: certFile, key: keyFile }: Pair, now: number, warnings: string[]): LoadedCertificate {
  const chain = readChain(certFile);
  const [leaf] = chain;
  const key = readKey(keyFile);
  if (!leaf.checkPrivateKey(key)) throw new CertificateError(`the key in ${keyFile} is not that of ${certFile}`);
  const notBefore = new Date(leaf.validFrom);
  const notAfter = new Date(leaf.validTo);
  const names = namesOf(leaf);
  if (names.length === 0) warnings.push(`${certFile} is for no host name: it serves only clients that name none`);
  warnings.push(...timeWarnings(certFile, notBefore, notAfter, now), ...chainWarnings(certFile, chain));
  const pair = {
    cert: chain.map((certificate) => certificate.toString()).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  tryPair(pair, certFile);
  return {
    ...pair,
    names,
    kind: leaf.publicKey.asymmetricKeyType ?? '',
    certFile,
    keyFile,
    notBefore,
    notAfter,
  };
}

/** OpenSSL takes no short keys and no digests that are broken, which it says only where it is to use them. */
function tryPair(pair: Pair, certFile: string): void {
  try {
    createSecureContext(pair);
  } catch (error) {
    const { reason: why, message } = error as Error & { reason?: string };
    throw new CertificateError(`${certFile} cannot be used: ${why ?? message}`);
  }
}

/** The certificates of a PEM file, the one for the names first. @throws CertificateError */
export function readChain(file: string): X509Certificate[] {
  const text = readText(file, 'certificate');
  const blocks = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [^-]+-----/g) ?? [];
  if (blocks.length === 0) throw new CertificateError(`${file} holds no certificate in PEM form`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new CertificateError(`${file} holds a certificate that cannot be read: ${reason(error)}`);
  }
}

function readKey(file: string): KeyObject {
  const text = readText(file, 'key');
  const block = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )?PRIVATE KEY-----/.exec(text)?.[0];
  if (block === undefined) throw new CertificateError(`${file} holds no private key in PEM form`);
  if (block.includes('ENCRYPTED')) {
    throw new CertificateError(`the key in ${file} is encrypted: lb takes no passphrase; decrypt it with openssl pkey`);
  }
  try {
    return createPrivateKey(block);
  } catch (error) {
    throw new CertificateError(`the key in ${file} cannot be read: ${reason(error)}`);
  }
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    throw new CertificateError(`the ${what} ${file} cannot be read: ${reason(error)}`);
  }
}

/** DNS names of the alternative names, or the common name where there are none at all; lowercase. */
export function namesOf(certificate: X509Certificate): string[] {
  const alternatives = certificate.subjectAltName;
  if (alternatives !== undefined) {
    const names = [...alternatives.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name]) => name.toLowerCase());
    return [...new Set(names)];
  }
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return common === undefined || common.includes(' ') ? [] : [common.toLowerCase()];
}

function timeWarnings(file: string, notBefore: Date, notAfter: Date, now: number): string[] {
  const left = notAfter.getTime() - now;
  if (left <= 0) return [`${file} expired on ${day(notAfter)}: clients refuse it`];
  if (notBefore.getTime() > now) return [`${file} is not valid before ${day(notBefore)}: clients refuse it`];
  return left < SOON ? [`${file} expires on ${day(notAfter)}`] : [];
}

/** Each is to be signed by the next. */
function chainWarnings(file: string, chain: readonly X509Certificate[]): string[] {
  for (let i = 0; i + 1 < chain.length; i++) {
    if (!chain[i].checkIssued(chain[i + 1]) || !chain[i].verify(chain[i + 1].publicKey)) {
      return [`in ${file} certificate ${i + 1} is not signed by the one behind it: some clients refuse the chain`];
    }
  }
  const [leaf] = chain;
  if (chain.length === 1 && leaf.infoAccess?.includes('CA Issuers') === true) {
    return [`${file} has no intermediate certificate: clients that do not know it refuse the certificate`];
  }
  return [];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : message;
}
