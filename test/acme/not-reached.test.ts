// What is said of an authority that does not answer, or not as one does.
import { doesNotMatch, match } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { obtainCertificate } from '../../src/acme/order.ts';
import { AcmeStore } from '../../src/acme/store.ts';
import type { AcmeConfig } from '../../src/config/config.ts';
import { createAuthority } from '../dial/certificates.ts';

/** Why no certificate comes from a directory. */
async function reasonOf(t: TestContext, directory: string, caFile?: string): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'lb-acme-'));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));
  const config: AcmeConfig = {
    domains: ['site.test'],
    directory,
    caFile,
    email: undefined,
    agreeTos: true,
    challenge: 'http-01',
    eabKid: undefined,
    eabKey: undefined,
  };
  try {
    await obtainCertificate({
      config,
      type: 'http-01',
      store: new AcmeStore(root, directory),
      setChallenges: () => {},
      poll: { min: 5, max: 50 },
    });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('there is a certificate');
}

async function open(t: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('an authority that is not reached', async (t) => {
  const closed = createServer();
  const free = await open(t, closed);
  closed.close();
  match(
    await reasonOf(t, `https://127.0.0.1:${free}/dir`),
    new RegExp(`^127\\.0\\.0\\.1:${free} cannot be asked: connection refused \\(127\\.0\\.0\\.1:${free}\\)$`),
  );
  match(
    await reasonOf(t, `https://localhost:${free}/dir`),
    new RegExp(`connection refused \\(.*127\\.0\\.0\\.1:${free}`),
  );
  match(
    await reasonOf(t, 'https://nowhere.invalid/dir'),
    /^nowhere\.invalid cannot be asked: the name nowhere\.invalid does not resolve/,
  );
  const breaks = await open(
    t,
    createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  match(await reasonOf(t, `https://127.0.0.1:${breaks}/dir`), /cannot be asked: the connection was broken off$/);
  const plain = await open(
    t,
    createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  );
  match(await reasonOf(t, `https://127.0.0.1:${plain}/dir`), /cannot be asked: TLS failed: wrong version number$/);
});

test('an authority whose answers are none', async (t) => {
  const ca = await createAuthority();
  const folder = mkdtempSync(join(tmpdir(), 'lb-acme-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, ca.cert);
  const server = createHttps(await ca.issue(), ({ url = '' }, response) => {
    if (url === '/close') response.destroy();
    else if (url === '/html') response.end('<html>hello</html>');
    else if (url === '/json') response.setHeader('Content-Type', 'application/json').end('{"hello": 1}');
    else response.writeHead(Number(url.slice(1))).end('<html>no</html>');
  });
  const place = `https://127.0.0.1:${await open(t, server)}`;
  match(await reasonOf(t, `${place}/404`, caFile), /^https:.*\/404 is answered with status 404$/);
  match(await reasonOf(t, `${place}/500`, caFile), /^https:.*\/500 is answered with status 500$/);
  for (const path of ['/html', '/json']) {
    match(
      await reasonOf(t, place + path, caFile),
      /^what https:.* is answered with is not the directory of an authority/,
    );
  }
  match(await reasonOf(t, `${place}/close`, caFile), /cannot be asked: the connection was closed before/);
  const stranger = await reasonOf(t, `${place}/json`);
  match(stranger, /cannot be asked: its certificate is not trusted: .*; acme\.ca_file is to name who vouches for it$/);
  const misnamed = createHttps(await ca.issue({ names: ['other.test'] }));
  const other = await reasonOf(t, `https://127.0.0.1:${await open(t, misnamed)}/dir`, caFile);
  match(other, /its certificate is not trusted: .*does not match/);
  doesNotMatch(other, /ca_file/);
});
