// gRPC with TLS on both sides, HTTP/2 by ALPN; and what clients hear when the server is away.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { credentials, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { createAuthority } from '../dial/certificates.ts';
import { startLb } from '../support/lb.ts';
import { freePort } from '../support/origin.ts';
import { EchoClient, startEcho } from './service.ts';

interface Unary {
  unary(message: Buffer, done: (error: ServiceError | null, value?: Buffer) => void): void;
  close(): void;
}

/** A client of lb, over TLS where a CA is given. */
function connect(t: TestContext, port: number, ca?: string): (text: string) => Promise<string | number> {
  const channel = ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
  const client = new EchoClient(`localhost:${port}`, channel) as unknown as Unary;
  t.after(() => client.close());
  return (text) =>
    new Promise((resolve) => {
      client.unary(Buffer.from(text), (error, value) => resolve(error?.code ?? value?.toString() ?? ''));
    });
}

test('TLS on both sides', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-grpc-'));
  t.after(() => rm(folder, { recursive: true }));
  const authority = await createAuthority();
  const { cert, key } = await authority.issue();
  for (const [name, text] of Object.entries({ 'ca.pem': authority.cert, 'cert.pem': cert, 'key.pem': key }))
    writeFileSync(join(folder, name), text);
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  const { port } = await startEcho(t, ServerCredentials.createSsl(null, [pair]));
  const lb = await startLb(t, {
    tls: { listen: ['127.0.0.1:0'], cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    origins: [`https://localhost:${port}`],
    origin_tls: { ca: join(folder, 'ca.pem') },
  });
  const secure = lb.server.listeners.find(({ tls }) => tls);
  assert.ok(secure);
  const call = connect(t, secure.address.port, authority.cert);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => call(`${i}`)));
  assert.deepEqual(
    answers,
    answers.map((_, i) => `${i}`),
  );
});

test('a server that is away is UNAVAILABLE', async (t) => {
  const lb = await startLb(t, { h2c: true, origin_http2: 'on', origins: [`127.0.0.1:${await freePort()}`] });
  assert.equal(await connect(t, lb.port)('hello'), status.UNAVAILABLE);
});
