// Nobody notices a reload: no connection and no request is lost. LB_RELOAD_SECONDS sets for how long.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { createAuthority } from '../dial/certificates.ts';
import { startLb } from '../support/lb.ts';
import { startTraffic } from './traffic.ts';

const SECONDS = Number(process.env.LB_RELOAD_SECONDS ?? 8);
const t = { after };
const folder = mkdtempSync(join(tmpdir(), 'lb-under-load-'));
after(() => rmSync(folder, { recursive: true }));

/** Answers every request and echoes every message. */
async function startFine(): Promise<string> {
  const server = createServer((asked, answer) => {
    const fields = asked.url?.endsWith('1') ? { 'Cache-Control': 'max-age=1' } : undefined;
    answer.writeHead(200, fields).end('fine');
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function writeCertificate(name: string): Promise<{ cert: string; key: string }> {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ names: ['a.test', 'localhost'] });
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

test(`a reload every second for ${SECONDS} seconds loses nothing`, async () => {
  const [one, two] = await Promise.all([startFine(), startFine()]);
  const [first, second] = await Promise.all([writeCertificate('first'), writeCertificate('second')]);
  const process = { workers: 2, shutdown_timeout: '5s' };
  const plans = [
    {
      ...process,
      listen: ['127.0.0.1:0'],
      tls: { listen: ['127.0.0.1:0'], ...first },
      sites: { 'a.test': { origins: [one] } },
    },
    {
      ...process,
      listen: ['127.0.0.1:0', '127.0.0.1:0'],
      tls: { listen: ['127.0.0.1:0'], ...second },
      sites: { 'b.test': { origins: [two] }, 'a.test': { origins: [one, two], timeouts: { first_byte: '20s' } } },
    },
  ];
  const lb = await startLb(t, plans[0]);
  const ports = lb.server.listeners;
  const secure = ports.find(({ tls }) => tls)?.address.port ?? 0;
  const traffic = startTraffic(t, { plain: lb.port, secure, host: 'a.test' });
  for (let i = 1; i <= SECONDS; i++) {
    await setTimeout(1000);
    const result = await lb.reload(plans[i % 2]);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(lb.server.listeners.length, i % 2 === 1 ? 3 : 2);
  }
  const seen = await traffic.stop();
  for (const [kind, { requests, lost }] of Object.entries(seen)) {
    assert.deepEqual(lost, [], kind);
    assert.ok(requests > SECONDS, `${kind} had ${requests} requests`);
  }
});
