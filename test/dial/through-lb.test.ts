// Connections to origins, seen from a client of lb.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createSecureServer, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { createAuthority } from './certificates.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-dial-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('answers over HTTP/2, from an origin that wants a certificate, are stored, revalidated and cut like any other', async (t) => {
  const folder = temporaryFolder(t);
  const authority = await createAuthority();
  const client = await authority.issue({ names: ['lb.test'] });
  const files = { 'ca.pem': authority.cert, 'client.pem': client.cert, 'client.key': client.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const body = randomBytes(1 << 20);
  const seen: IncomingHttpHeaders[] = [];
  const server = createSecureServer({
    ...(await authority.issue({ names: ['inner.test'] })),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('stream', (stream, headers) => {
    seen.push(headers);
    stream.on('error', () => {});
    const common = { etag: '"a"', 'cache-control': headers[':path'] === '/old' ? 'max-age=0' : 'max-age=60' };
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
    if (headers['if-none-match'] === '"a"') stream.respond({ ':status': 304, ...common }, { endStream: true });
    else {
      stream.respond({ ':status': 200, ...common });
      stream.end(body);
    }
  });
  const sockets: { destroy(): void }[] = [];
  server.on('secureConnection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const lb = await startLb(t, {
    origins: [{ host: 'localhost', port, tls: true, server_name: 'inner.test' }],
    origin_tls: { ca: join(folder, 'ca.pem'), cert: join(folder, 'client.pem'), key: join(folder, 'client.key') },
  });
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const miss = await request(t, lb.port, '/page');
  assert.deepEqual([miss.status, digest(miss.body), miss.interim], [200, digest(body), [103]]);
  const hit = await request(t, lb.port, '/page');
  assert.deepEqual([hit.status, digest(hit.body)], [200, digest(body)]);
  assert.match(hit.get('cache-status') ?? '', /; hit/);
  assert.equal(seen.length, 1);
  const part = await request(t, lb.port, '/page', { fields: [['Range', 'bytes=10-19']] });
  assert.deepEqual([part.status, digest(part.body)], [206, digest(body.subarray(10, 20))]);
  await request(t, lb.port, '/old');
  const revalidated = await request(t, lb.port, '/old');
  assert.deepEqual([revalidated.status, digest(revalidated.body)], [200, digest(body)]);
  assert.equal(seen.at(-1)?.['if-none-match'], '"a"');
  assert.equal(seen[0][':scheme'], 'https');
  assert.ok(sockets.length <= 2, `${sockets.length} connections`);
  await lb.admin.idle();
});

test('a PROXY header names the client, also where it is lb that tells of a unix socket', async (t) => {
  const path = join(temporaryFolder(t), 'origin.sock');
  const received: string[] = [];
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', (chunk: Buffer) => {
        received.push(chunk.toString('latin1'));
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
  });
  await once(server.listen(path), 'listening');
  t.after(() => server.close());
  const tcp = createServer(server.listeners('connection')[0] as (...args: unknown[]) => void);
  await once(tcp.listen(0, '127.0.0.1'), 'listening');
  t.after(() => tcp.close());
  const { port } = tcp.address() as AddressInfo;
  const sites = {
    'tcp.test': { origins: [{ host: '127.0.0.1', port, proxy_protocol: 'v1' }] },
    'unix.test': { origins: [{ unix: path, proxy_protocol: 'v2' }] },
  };
  const lb = await startLb(t, { sites });
  for (const host of Object.keys(sites))
    for (const method of ['GET', 'POST'])
      assert.equal((await request(t, lb.port, '/', { method, fields: [['Host', host]] })).text, 'ok');
  for (const text of received.slice(0, 2))
    assert.match(text, new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${port}\\r\\n`));
  for (const text of received.slice(2)) assert.ok(text.startsWith('\r\n\r\n\0\r\nQUIT\n'));
  assert.equal(received.length, 4);
  await lb.admin.idle();
});
