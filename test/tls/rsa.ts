import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../dial/certificates.ts';

/** A self-signed RSA certificate, made by openssl. */
export function rsa(name: string, bits = 2048): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'lb-test-'));
  try {
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    const kind = ['-newkey', `rsa:${bits}`, '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...names], { stdio: 'ignore' });
    return { cert: readFileSync(join(folder, 'cert'), 'latin1'), key: readFileSync(join(folder, 'key'), 'latin1') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
