import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority } from '../dial/certificates.ts';
import type { Cleanup } from '../support/cleanup.ts';
import type { Lb } from '../support/lb.ts';

/** A folder of certificates by one authority. It is removed after the test. */
export class CertificateFolder {
  readonly path: string;
  readonly authority: Authority;

  constructor(path: string, authority: Authority) {
    this.path = path;
    this.authority = authority;
  }

  /** Puts a certificate for names there, in the place of one of that file name. */
  async put(file: string, names: string[]): Promise<void> {
    const { cert, key } = await this.authority.issue({ names });
    writeFileSync(join(this.path, `${file}.crt`), cert);
    writeFileSync(join(this.path, `${file}.key`), key);
  }
}

export async function certificateFolder(t: Cleanup): Promise<CertificateFolder> {
  const path = mkdtempSync(join(tmpdir(), 'lb-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return new CertificateFolder(path, await createAuthority());
}

/** The port of the first listener with TLS. */
export function securePort(lb: Lb): number {
  const listener = lb.server.listeners.find(({ tls }) => tls);
  if (listener === undefined) throw new Error('there is no listener with TLS');
  return listener.address.port;
}
