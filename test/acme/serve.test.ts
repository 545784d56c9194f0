import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { startAuthority, type TestAuthority } from './authority.ts';

const PATIENCE = 30_000;

/** The subject's issuer as a client of a name sees it, and what a request over the connection is answered with. */
async function handshake(port: number, servername: string): Promise<{ issuer: string; answer: string }> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  const { issuer } = socket.getPeerX509Certificate() as X509Certificate;
  socket.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  return { issuer, answer };
}

interface Rig {
  authority: TestAuthority;
  dataDir: string;
  settings: (type: string) => Record<string, unknown>;
  ports: { http: number; tls: number };
}

async function rig(t: TestContext): Promise<Rig> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lb-acme-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  const ports = { http: 0, tls: 0 };
  const authority = await startAuthority(t, { httpPort: () => ports.http, tlsPort: () => ports.tls });
  const caFile = join(dataDir, 'ca.pem');
  writeFileSync(caFile, authority.tlsCa);
  const origin = await startOrigin(t, (asked, answer) => answer.send(200, [], asked.target));
  const settings = (challenge: string) => ({
    origins: [origin.address],
    data_dir: dataDir,
    tls: { listen: '127.0.0.1:0' },
    https_redirect: true,
    acme: { domains: ['site.test'], directory: authority.directory, agree_tos: true, ca_file: caFile, challenge },
  });
  return { authority, dataDir, settings, ports };
}

for (const type of ['http-01', 'tls-alpn-01']) {
  test(`lb gets its certificate by ${type}, and serves with a stand-in before`, async (t) => {
    const { authority, settings, ports } = await rig(t);
    // until the ports are known here the authority finds nothing
    let open = () => {};
    authority.gate = new Promise((resolve) => {
      open = resolve;
    });
    const lb = await startLb(t, settings(type));
    const [plain, secure] = lb.server.listeners.map(({ address }) => address.port);
    ports.http = plain;
    ports.tls = secure;
    assert.equal((await handshake(secure, 'site.test')).issuer, 'CN=lb stand-in');
    open();
    await until(async () => (await handshake(secure, 'site.test')).issuer === 'CN=ACME test root', 'it', PATIENCE);
    assert.match((await handshake(secure, 'site.test')).answer, /^HTTP\/1\.1 200 /);
    assert.deepEqual(authority.checked, [{ type, name: 'site.test', error: undefined }]);

    // a second start has it from the first handshake on
    await lb.server.stop();
    const next = await startLb(t, settings(type));
    const [, port] = next.server.listeners.map(({ address }) => address.port);
    assert.equal((await handshake(port, 'site.test')).issuer, 'CN=ACME test root');
    assert.equal(authority.issued.length, 1);
  });
}

test('challenges are answered from the folder alone; others go to the origin', async (t) => {
  const { dataDir, settings } = await rig(t);
  const { https_redirect: _, ...others } = settings('http-01');
  const lb = await startLb(t, others);
  const folder = join(dataDir, 'acme', 'challenges');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'a-token_of-another-lb'), 'a-token_of-another-lb.print');
  const answer = await request(t, lb.port, '/.well-known/acme-challenge/a-token_of-another-lb', {
    fields: [['Host', 'no.site.knows.it']],
  });
  assert.deepEqual([answer.status, answer.text], [200, 'a-token_of-another-lb.print']);
  assert.equal(answer.get('cache-control'), 'no-store');
  for (const path of ['/.well-known/acme-challenge/other', '/.well-known/acme-challenge/..%2f..%2fca.pem']) {
    assert.equal((await request(t, lb.port, path)).text, path, 'the origin answers');
  }
});
