import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate for 127.0.0.1 with a key on P-256 in `dir`, made at the first call. Throws when openssl cannot. */
export function certificate(dir: string): { cert: string; key: string; certAndKey: string } {
  const [cert, key, certAndKey] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(dir, name));
  if (!existsSync(certAndKey)) {
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const named = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const run = spawnSync('openssl', ['req', '-x509', ...kind, ...named, '-keyout', key, '-out', cert]);
    if (run.status !== 0)
      throw new Error(`openssl makes no certificate: ${run.error?.message ?? run.stderr.toString()}`);
    writeFileSync(certAndKey, Buffer.concat([readFileSync(cert), readFileSync(key)]));
  }
  return { cert, key, certAndKey };
}
