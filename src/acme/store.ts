import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writeWhole } from './files.ts';

/** A certificate of an authority, as it is kept. */
export interface StoredCertificate {
  /** PEM: the certificate and those that lead from it to a root. */
  readonly cert: string;
  /** PEM; a secret. */
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What is kept of an account: its key, and its URL once the authority knows it. */
export interface StoredAccount {
  readonly key: string;
  readonly url: string | undefined;
}

/**
 * What lb keeps for one directory of an authority, in files that several lbs may share. A certificate and its key are one
 * file, so that they always fit each other.
 */
export class AcmeStore {
  readonly #root: string;
  readonly #folder: string;

  /** @param root the folder of all directories */
  constructor(root: string, directory: string) {
    this.#root = root;
    // accounts and certificates of a test authority never stand in for real ones
    this.#folder = join(root, `${new URL(directory).hostname}-${shortHash(directory)}`);
  }

  /** File whose existence says that one process is at work. */
  get lockFile(): string {
    return join(this.#folder, 'lock');
  }

  async readAccount(): Promise<StoredAccount | undefined> {
    const key = await readIfThere(join(this.#folder, 'account.key'));
    return key === undefined ? undefined : { key, url: (await readIfThere(join(this.#folder, 'account.url')))?.trim() };
  }

  async writeAccountKey(key: string): Promise<void> {
    await writeWhole(join(this.#folder, 'account.key'), key);
  }

  async writeAccountUrl(url: string): Promise<void> {
    await writeWhole(join(this.#folder, 'account.url'), `${url}\n`);
  }

  /** The authority does not know the account any more. */
  async forgetAccount(): Promise<void> {
    await rm(join(this.#folder, 'account.url'), { force: true });
  }

  /** The certificate for a set of names, undefined where there is none that can be used. */
  async readCertificate(domains: readonly string[]): Promise<StoredCertificate | undefined> {
    const text = await readIfThere(this.#certificateFile(domains));
    return text === undefined ? undefined : parse(text);
  }

  /** @throws where key and certificate do not fit, or it is not for the names */
  async writeCertificate(domains: readonly string[], key: string, cert: string): Promise<StoredCertificate> {
    const parsed = parse(`${key.trim()}\n${cert.trim()}\n`);
    if (parsed === undefined) throw new Error('the authority sent a certificate that does not fit the key');
    const leaf = new X509Certificate(cert);
    const missing = domains.find((domain) => leaf.checkHost(domain) === undefined);
    if (missing !== undefined) throw new Error(`the authority sent a certificate that is not for ${missing}`);
    await writeWhole(this.#certificateFile(domains), `${parsed.key}${parsed.cert}`);
    return parsed;
  }

  #certificateFile(domains: readonly string[]): string {
    const [first = ''] = domains;
    const names = [...domains].sort((a, b) => (a < b ? -1 : 1));
    return join(this.#folder, `${first.replace('*', '_')}-${shortHash(names.join())}.pem`);
  }

  /** What is answered to a challenge of HTTP-01, for every process that shares the folder. */
  async writeChallenge(token: string, answer: string): Promise<void> {
    await writeWhole(this.#challengeFile(token), answer);
  }

  async removeChallenge(token: string): Promise<void> {
    await rm(this.#challengeFile(token), { force: true });
  }

  #challengeFile(token: string): string {
    // RFC 8555 section 8.3: base64url, which is all that may become a file name
    if (!/^[\w-]{16,200}$/.test(token)) throw new Error('the authority sent a token that is none');
    return join(this.#root, 'challenges', token);
  }
}

function parse(text: string): StoredCertificate | undefined {
  const key = /-----BEGIN (?:EC |RSA )?PRIVATE KEY-----[^-]+-----END (?:EC |RSA )?PRIVATE KEY-----/.exec(text)?.[0];
  const chain = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (key === undefined || chain === null) return undefined;
  try {
    const leaf = new X509Certificate(chain[0]);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return undefined;
    return {
      cert: `${chain.join('\n')}\n`,
      key: `${key}\n`,
      notBefore: new Date(leaf.validFrom),
      notAfter: new Date(leaf.validTo),
    };
  } catch {
    return undefined; // a damaged file is replaced by the next certificate
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
