// What table.test.ts shows, on HTTP/1.1 of a listener with TLS.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { connect, createSecureContext } from 'node:tls';
import { createAuthority } from '../dial/certificates.ts';
import { framingTable } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'lb-framing-'));
after(() => rmSync(folder, { recursive: true }));
const { cert, key } = await (await createAuthority()).issue({ names: ['site.test'] });
const files = { cert: join(folder, 'site.crt'), key: join(folder, 'site.key') };
writeFileSync(files.cert, cert);
writeFileSync(files.key, key);

/** One for all connections: each would make its own. */
const secureContext = createSecureContext();

framingTable({
  settings: { tls: { listen: '127.0.0.1:0', ...files } },
  port: (lb) => lb.server.listeners.find(({ tls }) => tls)?.address.port ?? 0,
  connect: (port) =>
    connect({ port, host: '127.0.0.1', secureContext, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }),
  known: (name) => (name.startsWith('two spaces') ? 'Node takes more spaces than one (RFC 9112 section 3)' : undefined),
});
