import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Authority, type Certificate, createAuthority } from '../../test/dial/certificates.ts';
import { rsa } from '../../test/tls/rsa.ts';
import type { TlsConfig } from '../config/config.ts';
import { CertificateError, certificateFiles, loadCertificates } from './certificates.ts';

const DAY = 86_400_000;

let authority: Authority;
let pair: Certificate;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lb-test-'));
  authority = await createAuthority();
  pair = await issue(['a.test', '*.A.test'], 30);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function issue(names: string[], days: number): Promise<Certificate> {
  return authority.issue({ names, notAfter: new Date(Date.now() + days * DAY) });
}

function put(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function config(more: Partial<TlsConfig>): TlsConfig {
  return {
    listen: [],
    certificates: [],
    folder: undefined,
    minVersion: 'TLSv1.2',
    http2: true,
    clientCa: undefined,
    clientAuth: 'off',
    ...more,
  };
}

function load(cert: string, key: string) {
  return loadCertificates(config({ certificates: [{ cert: put('x/cert', cert), key: put('x/key', key) }] }));
}

test('a certificate is for the names in it, and comes with its chain', () => {
  const { certificates, warnings } = load(pair.cert + authority.cert, pair.key);
  equal(certificates.length, 1);
  deepEqual(certificates[0].names, ['a.test', '*.a.test']);
  equal(certificates[0].kind, 'ec');
  equal(certificates[0].cert.match(/BEGIN CERTIFICATE/g)?.length, 2);
  deepEqual(warnings, []);
});

test('a folder has certificates in three forms, in the order of their names', () => {
  put('all/one.crt', pair.cert);
  put('all/one.key', pair.key);
  put('all/three/fullchain.pem', pair.cert);
  put('all/three/privkey.pem', pair.key);
  put('all/two.pem', `${pair.key}\n${pair.cert}`);
  put('all/.hidden.pem', 'nothing');
  put('all/notes.txt', 'nothing');
  const tls = config({ folder: join(folder, 'all') });
  const { certificates } = loadCertificates(tls);
  deepEqual(
    certificates.map(({ certFile }) => certFile.slice(folder.length)),
    ['/all/one.crt', '/all/three/fullchain.pem', '/all/two.pem'],
  );
  equal(certificateFiles(tls).length, 5);
});

test('what cannot be used is refused in a sentence that names the file', async () => {
  const other = await issue(['b.test'], 30);
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  for (const [cert, key, message] of [
    [pair.cert, other.key, /the key in .*x\/key is not that of .*x\/cert/],
    [pair.key, pair.key, /x\/cert holds no certificate in PEM form/],
    [pair.cert, pair.cert, /x\/key holds no private key in PEM form/],
    [pair.cert, encrypted, /x\/key is encrypted: lb takes no passphrase/],
    [broken, pair.key, /x\/cert holds a certificate that cannot be read/],
    [pair.cert, encrypted.replaceAll('ENCRYPTED ', ''), /x\/key cannot be read/],
  ] as const) {
    throws(
      () => load(cert, key),
      (error: Error) => error instanceof CertificateError && message.test(error.message),
    );
  }
  const weak = rsa('a.test', 1024);
  throws(() => load(weak.cert, weak.key), /x\/cert cannot be used: ee key too small$/);
  const missing = { cert: join(folder, 'none.crt'), key: join(folder, 'none.key') };
  throws(
    () => loadCertificates(config({ certificates: [missing] })),
    /none\.crt cannot be read: there is no such file/,
  );
  throws(() => loadCertificates(config({ folder: join(folder, 'none') })), /folder of certificates .* no such file/);
});

test('what clients may refuse is warned of', async () => {
  const soon = await issue(['a.test'], 5);
  match(load(soon.cert, soon.key).warnings.join(), /x\/cert expires on \d{4}-\d\d-\d\d$/);
  const gone = await issue(['a.test'], -1);
  match(load(gone.cert, gone.key).warnings.join(), /expired on .*: clients refuse it/);
  const stranger = await createAuthority();
  match(load(pair.cert + stranger.cert, pair.key).warnings.join(), /certificate 1 is not signed by the one behind it/);
  const nobody = await authority.issue({ names: ['127.0.0.1'], notAfter: new Date(Date.now() + 30 * DAY) });
  match(load(nobody.cert, nobody.key).warnings.join(), /is for no host name/);
});
