// TLS to origins: what is believed, what is sent, and what failures are called.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import * as tls from 'node:tls';
import type { OriginConfig, OriginTlsConfig } from '../../src/config/config.ts';
import { Dialer } from '../../src/origin/connect.ts';
import { openConnections } from '../../src/origin/connect-pool.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { originErrorFrom } from '../../src/origin/origin-error.ts';
import { type Authority, type Certificate, createAuthority, selfSigned } from './certificates.ts';
import { fetchAll } from './exchange.ts';
import { originConfig, siteConfig } from './site.ts';

const folder = mkdtempSync(join(tmpdir(), 'lb-tls-'));
let authority: Authority;
let good: Certificate;
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
before(async () => {
  authority = await createAuthority();
  good = await authority.issue();
  file('ca.pem', authority.cert);
});
after(() => rm(folder, { recursive: true }));

interface Seen {
  port: number;
  serverNames: (string | false)[];
  resumed: boolean[];
  clients: (string | undefined)[];
}

/** An origin that answers HTTP/1.1 over TLS. */
async function serve(t: TestContext, options: tls.TlsOptions): Promise<Seen> {
  const sockets = new Set<tls.TLSSocket>();
  const server = tls.createServer({ ALPNProtocols: ['http/1.1'], ...options }, (socket) => {
    sockets.add(socket);
    seen.serverNames.push(socket.servername as string | false);
    seen.resumed.push(socket.isSessionReused());
    seen.clients.push(socket.getPeerCertificate().subject?.CN as string | undefined);
    socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  server.on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const seen: Seen = { port: (server.address() as AddressInfo).port, serverNames: [], resumed: [], clients: [] };
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return seen;
}

/** `ok`, or the type of error. Makes as many connections as told. */
async function ask(
  port: number,
  given: Partial<OriginConfig> = {},
  terms: Partial<OriginTlsConfig> = {},
  times = 1,
): Promise<string> {
  const originTls = { verify: true, ca: join(folder, 'ca.pem'), cert: undefined, key: undefined, ...terms };
  const origin = originConfig({ host: 'localhost', port, tls: true, ...given });
  const dns = new DnsCache({ servers: [], minTtl: 1000, maxTtl: 1000 });
  const dialer = new Dialer(origin, siteConfig({ originTls }), { multiTenant: false, dns });
  try {
    for (let i = 0; i < times; i++) {
      const socket = await dialer.dial({ protocols: ['http/1.1'], client: undefined });
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      // with TLS 1.3 an origin refuses a client's certificate after the handshake
      await once(socket, 'data');
      socket.destroy();
    }
    return 'ok';
  } catch (error) {
    return originErrorFrom(error as Error).type;
  }
}

test('a certificate is believed if its authority, name and time are right', async (t) => {
  const { port } = await serve(t, good);
  assert.equal(await ask(port), 'ok');
  assert.equal(await ask(port, { host: '127.0.0.1' }), 'ok');
  assert.equal(await ask(port, {}, { ca: undefined }), 'tls_certificate_error');
  assert.equal(await ask(port, { serverName: 'other.test' }), 'tls_certificate_error');
  assert.equal(await ask(port, { serverName: 'other.test' }, { verify: false }), 'ok');
});

test('certificates that are not believed', async (t) => {
  const bad: Record<string, Certificate> = {
    expired: await authority.issue({ notAfter: new Date(Date.now() - 1000) }),
    'for another name': await authority.issue({ names: ['other.test'] }),
    'self-signed': await selfSigned(),
  };
  for (const [name, certificate] of Object.entries(bad)) {
    const { port } = await serve(t, certificate);
    assert.equal(await ask(port), 'tls_certificate_error', name);
    assert.equal(await ask(port, {}, { verify: false }), 'ok', name);
  }
});

test('server_name is sent and checked; addresses are not sent', async (t) => {
  const certificate = await authority.issue({ names: ['inner.test', '127.0.0.1'] });
  const { port, serverNames } = await serve(t, certificate);
  assert.equal(await ask(port, { serverName: 'inner.test' }), 'ok');
  assert.equal(await ask(port, { host: '127.0.0.1' }), 'ok');
  assert.deepEqual(serverNames, ['inner.test', false]);
});

test("a client's certificate", async (t) => {
  const client = await authority.issue({ names: ['lb.test'] });
  const { port, clients } = await serve(t, {
    ...good,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const terms = { cert: file('client.pem', client.cert), key: file('client.key', client.key) };
  assert.equal(await ask(port, {}, terms), 'ok');
  assert.deepEqual(clients, ['lb.test']);
  assert.equal(await ask(port), 'tls_alert_received');
});

test('sessions are resumed, with each version of TLS', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { port, resumed } = await serve(t, { ...good, maxVersion });
    assert.equal(await ask(port, {}, {}, 3), 'ok');
    assert.deepEqual(resumed, [false, true, true], maxVersion);
  }
});

test('what is no TLS, or too old', async (t) => {
  const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await once(plain.listen(0, '127.0.0.1'), 'listening');
  t.after(() => void plain.close());
  assert.equal(await ask((plain.address() as AddressInfo).port), 'tls_protocol_error');
  const old = await serve(t, { ...good, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  assert.match(await ask(old.port), /^tls_(?:protocol_error|alert_received)$/);
});

test('an origin that stops in the middle of the handshake: the time to connect ends it, and nothing stays open', async (t) => {
  const gone = Promise.withResolvers<void>();
  const server = createServer((socket) =>
    socket
      .on('error', () => {})
      .on('close', () => gone.resolve())
      .resume(),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => void server.close());
  const dns = new DnsCache({ servers: [], minTtl: 1000, maxTtl: 1000 });
  const origin = originConfig({ port: (server.address() as AddressInfo).port, tls: true });
  const timeouts = { connect: 100, firstByte: 1000, betweenBytes: 1000, total: 0 };
  const dialer = new Dialer(origin, siteConfig({ timeouts }), { multiTenant: false, dns });
  const failure = await dialer.dial({ protocols: [], client: undefined }).catch((error: unknown) => error);
  assert.equal(originErrorFrom(failure as Error).type, 'connection_timeout');
  await gone.promise;
});

test('HTTP/1.1 where the origin does not offer HTTP/2, however often the Host changes', async (t) => {
  for (const ALPNProtocols of [['http/1.1'], undefined]) {
    const { port, serverNames } = await serve(t, { ...good, ALPNProtocols });
    const dns = new DnsCache({ servers: [], minTtl: 1000, maxTtl: 1000 });
    const originTls = { verify: true, ca: join(folder, 'ca.pem'), cert: undefined, key: undefined };
    const connections = openConnections(originConfig({ port, tls: true }), siteConfig({ originTls }), {
      multiTenant: false,
      dns,
      connections: 4,
      maxAge: 60_000,
    });
    for (let i = 0; i < 5; i++) {
      const { outcome } = await fetchAll(connections, '/', { headers: ['host', `${i}.test`] });
      assert.equal(outcome, '200 ok');
    }
    assert.ok(serverNames.length <= 2, `${serverNames.length} connections`);
    await connections.destroy();
  }
});
