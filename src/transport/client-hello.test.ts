import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { assert, property, uint8Array } from 'fast-check';
import { offeredProtocols } from './client-hello.ts';

/** The first bytes of a real client. */
async function hello(protocols: string[]): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connect({ port, host: '127.0.0.1', ALPNProtocols: protocols, servername: 'a.test' });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [import('node:net').Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test('the protocols that a real client offers, whatever pieces its bytes come in', async () => {
  for (const protocols of [['acme-tls/1'], ['h2', 'http/1.1'], []]) {
    const bytes = await hello(protocols);
    deepEqual(offeredProtocols(bytes), protocols);
    for (let length = 0; length < bytes.length; length++) equal(offeredProtocols(bytes.subarray(0, length)), 'more');
  }
});

test('what is no ClientHello offers nothing, and nonsense breaks nothing', async () => {
  deepEqual(offeredProtocols(Buffer.from('GET / HTTP/1.1\r\n')), []);
  const bytes = await hello(['h2']);
  assert(
    property(uint8Array({ maxLength: 300 }), (noise) => {
      const changed = Buffer.from(bytes);
      for (const [i, byte] of noise.entries()) if (byte > 200) changed[5 + ((i * 7) % (changed.length - 5))] = byte;
      ok(Array.isArray(offeredProtocols(changed)));
    }),
  );
});
