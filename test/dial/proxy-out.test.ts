// The PROXY header that connections to origins begin with; unix sockets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer, type ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as tls from 'node:tls';
import type { OriginConfig } from '../../src/config/config.ts';
import { openConnections } from '../../src/origin/connect-pool.ts';
import type { OriginConnections } from '../../src/origin/connections.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { until } from '../support/cleanup.ts';
import { createAuthority } from './certificates.ts';
import { ask, fetchAll } from './exchange.ts';
import { originConfig, siteConfig } from './site.ts';

interface Recorder {
  port: number;
  /** Everything that came, a string of latin1 for each connection. */
  received: string[];
  open: number;
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** An origin that takes whatever comes, and answers once for each head. What follows a header may be for another port. */
async function record(t: TestContext, where: ListenOptions, secure?: number): Promise<Recorder> {
  const recorder: Recorder = { port: 0, received: [], open: 0 };
  const server = createServer((socket) => {
    const index = recorder.received.push('') - 1;
    recorder.open++;
    socket.on('error', () => {}).on('close', () => recorder.open--);
    socket.once('data', (chunk: Buffer) => {
      recorder.received[index] += chunk.toString('latin1');
      if (secure === undefined) {
        socket.on('data', (more: Buffer) => {
          recorder.received[index] += more.toString('latin1');
        });
        const answer = () => {
          if (recorder.received[index].includes('\r\n\r\n', 16)) socket.write(ANSWER);
        };
        socket.on('data', answer);
        answer();
        return;
      }
      // the header is the first segment, as the client waits for nothing before its hello
      const header = chunk.indexOf('\n') + 1;
      recorder.received[index] = chunk.toString('latin1', 0, header);
      const onward = createConnection(secure).on('error', () => {});
      onward.write(chunk.subarray(header));
      socket.pipe(onward).pipe(socket);
    });
  });
  await once(server.listen(where), 'listening');
  t.after(() => void server.close());
  if (where.path === undefined) recorder.port = (server.address() as AddressInfo).port;
  return recorder;
}

function connect(t: TestContext, given: Partial<OriginConfig>, site = {}, connections = 4): OriginConnections {
  const dns = new DnsCache({ servers: [], minTtl: 1000, maxTtl: 1000 });
  const options = { multiTenant: false, dns, connections, maxAge: 60_000 };
  const opened = openConnections(originConfig(given), siteConfig(site), options);
  t.after(() => opened.destroy());
  return opened;
}

const LOCAL = { port: 0, host: '127.0.0.1' };

test('version 1: the client of each request, on a connection of its own', async (t) => {
  const origin = await record(t, LOCAL);
  const connections = connect(t, { port: origin.port, proxyProtocol: 1 });
  const clients = [
    { address: '192.0.2.1', port: 1234 },
    { address: '2001:db8::1', port: 5678 },
    { address: '::ffff:192.0.2.2', port: 9 },
  ];
  for (const client of clients) assert.equal((await fetchAll(connections, '/', { client })).outcome, '200 ok');
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
  assert.deepEqual(
    origin.received.map((text) => text.slice(0, text.indexOf('\n') + 1)),
    [
      `PROXY TCP4 192.0.2.1 127.0.0.1 1234 ${origin.port}\r\n`,
      `PROXY TCP6 2001:db8::1 :: 5678 ${origin.port}\r\n`,
      `PROXY TCP4 192.0.2.2 127.0.0.1 9 ${origin.port}\r\n`,
      'PROXY UNKNOWN\r\n',
    ],
  );
  for (const text of origin.received) assert.match(text, /\nGET \/ HTTP\/1\.1\r\n/);
  await until(() => origin.open === 0, 'connections to be closed');
});

test('version 2, byte for byte', async (t) => {
  const origin = await record(t, LOCAL);
  const connections = connect(t, { port: origin.port, proxyProtocol: 2 });
  await fetchAll(connections, '/', { client: { address: '192.0.2.1', port: 1234 } });
  await fetchAll(connections, '/', { client: { address: '2001:db8::1', port: 1234 } });
  await fetchAll(connections, '/');
  const signature = '\r\n\r\n\0\r\nQUIT\n';
  const port = String.fromCharCode(origin.port >> 8, origin.port & 255);
  const ipv6 = '\x20\x01\x0d\xb8'.padEnd(15, '\0').concat('\x01');
  assert.deepEqual(
    origin.received.map((text) => text.slice(0, text.indexOf('GET'))),
    [
      `${signature}\x21\x11\0\x0c\xc0\0\x02\x01\x7f\0\0\x01\x04\xd2${port}`,
      `${signature}\x21\x21\0\x24${ipv6}${'\0'.repeat(16)}\x04\xd2${port}`,
      `${signature}\x20\0\0\0`,
    ],
  );
});

test('the header comes before TLS', async (t) => {
  const authority = await createAuthority();
  const inner = tls.createServer(await authority.issue(), (socket) => {
    socket.on('error', () => {}).on('data', () => socket.write(ANSWER));
  });
  await once(inner.listen(0, '127.0.0.1'), 'listening');
  t.after(() => void inner.close());
  const origin = await record(t, LOCAL, (inner.address() as AddressInfo).port);
  const originTls = { verify: false, ca: undefined, cert: undefined, key: undefined };
  const connections = connect(t, { port: origin.port, proxyProtocol: 1, tls: true }, { originTls });
  const { outcome } = await fetchAll(connections, '/', { client: { address: '192.0.2.1', port: 1 } });
  assert.equal(outcome, '200 ok');
  assert.deepEqual(origin.received, [`PROXY TCP4 192.0.2.1 127.0.0.1 1 ${origin.port}\r\n`]);
});

test('not more connections than allowed; requests that wait are told of the end', async (t) => {
  const origin = await record(t, LOCAL);
  const connections = connect(t, { port: origin.port, proxyProtocol: 1 }, {}, 2);
  const all = await Promise.all(Array.from({ length: 10 }, () => fetchAll(connections, '/')));
  assert.deepEqual(new Set(all.map(({ outcome }) => outcome)), new Set(['200 ok']));
  assert.equal(origin.received.length, 10);
  const cut = Array.from({ length: 5 }, () => ask(connections, '/'));
  await connections.destroy();
  for (const exchange of cut) {
    await exchange.end;
    assert.equal(exchange.outcome, 'connection_terminated');
  }
});

test('unix sockets: answered; gone; back again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-unix-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'origin.sock');
  const connections = connect(t, { host: 'localhost', port: 80, unix: path });
  assert.equal((await fetchAll(connections, '/')).outcome, 'connection_refused');
  await record(t, { path });
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
});
