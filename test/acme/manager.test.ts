import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext, createServer as createTls } from 'node:tls';
import { challengeFolder } from '../../src/acme/folder.ts';
import { AcmeManager, type AcmeOptions } from '../../src/acme/manager.ts';
import type { AcmeConfig } from '../../src/config/config.ts';
import type { TlsCertificate, TlsChallenge } from '../../src/tls/terms.ts';
import { until } from '../support/cleanup.ts';
import { type AuthorityOptions, startAuthority, type TestAuthority } from './authority.ts';

const PATIENCE = 30_000;

/** Answers both kinds of challenges as lb's listeners do. */
class Answers {
  httpPort = 0;
  tlsPort = 0;
  challenges: TlsChallenge[] = [];

  async open(t: TestContext, dataDir: string): Promise<void> {
    const http = createHttp((request, response) => {
      const file = join(challengeFolder(dataDir), request.url?.split('/').at(-1) ?? '');
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    const tls = createTls({
      ALPNProtocols: ['acme-tls/1'],
      SNICallback: (name, done) => {
        const found = this.challenges.find((challenge) => challenge.name === name);
        done(null, found && createSecureContext({ cert: found.cert, key: found.key }));
      },
    }).listen(0, '127.0.0.1');
    await Promise.all([once(http, 'listening'), once(tls, 'listening')]);
    t.after(() => {
      http.close();
      tls.close();
    });
    this.httpPort = (http.address() as AddressInfo).port;
    this.tlsPort = (tls.address() as AddressInfo).port;
  }
}

interface Rig {
  authority: TestAuthority;
  answers: Answers;
  dataDir: string;
  used: TlsCertificate[];
  log: { level: string; message: string; details: Record<string, unknown> }[];
  /** A manager; stopped after the test. */
  manager: (config?: Partial<AcmeConfig>, options?: Partial<AcmeOptions>) => AcmeManager;
}

async function rig(t: TestContext, options: AuthorityOptions = {}): Promise<Rig> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lb-acme-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  const answers = new Answers();
  await answers.open(t, dataDir);
  const ports = { httpPort: () => answers.httpPort, tlsPort: () => answers.tlsPort };
  const authority = await startAuthority(t, { ...ports, ...options });
  const caFile = join(dataDir, 'ca.pem');
  writeFileSync(caFile, authority.tlsCa);
  const used: TlsCertificate[] = [];
  const log: Rig['log'] = [];
  const manager: Rig['manager'] = (config, more) => {
    const made = new AcmeManager({
      config: {
        domains: ['site.test', 'www.site.test'],
        email: 'me@site.test',
        directory: authority.directory,
        agreeTos: true,
        challenge: 'auto',
        caFile,
        eabKid: undefined,
        eabKey: undefined,
        ...config,
      },
      dataDir,
      use: (certificate) => used.push(certificate),
      setChallenges: (challenges) => {
        answers.challenges = challenges;
      },
      log: (level, message, details) => {
        log.push({ level, message, details });
      },
      retry: () => 20,
      poll: { min: 5, max: 50 },
      ...more,
    });
    t.after(() => made.stop());
    return made;
  };
  return { authority, answers, dataDir, used, log, manager };
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

for (const type of ['http-01', 'tls-alpn-01'] as const) {
  test(`a certificate by ${type}: a stand-in first, then the authority's`, async (t) => {
    const { authority, answers, dataDir, used, manager } = await rig(t);
    const acme = manager({ challenge: type });
    const standIn = await acme.open();
    const own = new X509Certificate(standIn.cert);
    assert.ok(own.checkIssued(own) && own.checkHost('www.site.test'));
    createSecureContext({ cert: standIn.cert, key: standIn.key });
    acme.start();
    await until(() => used.length > 0, 'a certificate', PATIENCE);
    const leaf = new X509Certificate(used[0].cert);
    assert.equal(leaf.issuer, 'CN=ACME test root');
    assert.equal(leaf.subjectAltName, 'DNS:site.test, DNS:www.site.test');
    assert.ok(leaf.verify(new X509Certificate(authority.root).publicKey));
    createSecureContext({ cert: used[0].cert, key: used[0].key });
    assert.deepEqual([...new Set(authority.checked.map((check) => check.type))], [type]);
    assert.deepEqual(authority.issued, ['site.test,www.site.test']);
    assert.deepEqual(authority.contacts, ['mailto:me@site.test']);
    // no answer is left, and nobody else may read what is kept
    assert.deepEqual(answers.challenges, []);
    const kept = () => files(join(dataDir, 'acme'));
    await until(() => kept().length === 3, 'the lock to go', PATIENCE);
    for (const file of kept()) assert.equal(statSync(file).mode & 0o077, 0, file);

    // the next process has it at once, and orders none
    const next = manager({ challenge: type });
    assert.equal((await next.open()).cert, used[0].cert);
    next.start();
    assert.equal(next.status().failures, 0);
    assert.equal(authority.issued.length, 1);
  });
}

test('auto takes the other challenge after a failure', async (t) => {
  const { authority, answers, used, log, manager } = await rig(t);
  answers.httpPort = 1;
  manager().start();
  await until(() => used.length > 0, 'a certificate', PATIENCE);
  const types = new Set(authority.checked.map(({ type, error }) => `${type} ${error === undefined}`));
  assert.deepEqual([...types], ['http-01 false', 'tls-alpn-01 true']);
  const failure = log.find(({ message }) => message === 'no certificate was obtained');
  assert.equal(failure?.level, 'error');
  assert.match(String(failure?.details.error), /ECONNREFUSED|invalid/i);
});

test('renewed at two thirds of its lifetime, with the same account', async (t) => {
  const day = 86_400_000;
  const { authority, used, manager } = await rig(t, { lifetime: 9 * day });
  let now = Date.now();
  const acme = manager({}, { now: () => now });
  acme.start();
  await until(() => used.length === 1, 'a certificate', PATIENCE);
  acme.stop();
  now += 5.5 * day;
  const early = manager({}, { now: () => now });
  await early.open();
  early.start();
  now += 0.6 * day;
  const late = manager({}, { now: () => now });
  await late.open();
  late.start();
  await until(() => used.length === 2, 'a second one', PATIENCE);
  assert.equal(authority.issued.length, 2);
  assert.equal(authority.accounts.size, 1);
  assert.notEqual(used[1].key, used[0].key, 'with a key of its own');
});

test('what goes wrong is tried again', async (t) => {
  const { authority, used, log, manager } = await rig(t);
  authority.faults.push(
    { at: '/order', type: 'badNonce', status: 400, times: 2 },
    { at: '/order', type: 'rateLimited', status: 429, times: 1 },
    { at: '/finalize', type: 'serverInternal', status: 500, times: 1 },
    { at: '/challenge', type: 'unauthorized', status: 403, times: 1 },
  );
  const limited: boolean[] = [];
  manager({}, { retry: (_failures, isLimited) => limited.push(isLimited) && 20 }).start();
  await until(() => used.length > 0, 'a certificate', PATIENCE);
  assert.deepEqual(limited, [true, false, false]);
  const errors = log.flatMap(({ details }) => (typeof details.error === 'string' ? [details.error] : []));
  assert.match(errors[0], /told to say rateLimited/);
});

test('an account that the authority has forgotten is made anew', async (t) => {
  const { authority, used, manager } = await rig(t, { lifetime: 3000 });
  const first = manager();
  first.start();
  await until(() => used.length > 0, 'a certificate', PATIENCE);
  first.stop();
  authority.accounts.clear();
  manager({ domains: ['other.test'] }).start();
  await until(() => used.some(({ names }) => names.includes('other.test')), 'another', PATIENCE);
  assert.equal(authority.accounts.size, 1);
});

test('external account binding', async (t) => {
  const binding = { kid: 'kid-1', key: Buffer.from('a secret of the authority').toString('base64url') };
  const { used, log, manager } = await rig(t, { binding });
  const without = manager();
  without.start();
  await until(() => log.some(({ details }) => details.error !== undefined), 'a refusal', PATIENCE);
  without.stop();
  assert.equal(used.length, 0);
  manager({ eabKid: binding.kid, eabKey: binding.key }).start();
  await until(() => used.length > 0, 'a certificate', PATIENCE);
});

test('processes that share a folder order once', async (t) => {
  const { authority, used, manager } = await rig(t);
  const managers = [manager(), manager(), manager()];
  for (const acme of managers) acme.start();
  await until(() => used.length > 0, 'a certificate', PATIENCE);
  // those that found the lock taken look again later; a new one has it from the folder
  const next = manager();
  assert.equal((await next.open()).cert, used[0].cert);
  assert.equal(authority.issued.length, 1);
});

test('a wildcard, or a challenge that is not offered, is said in one sentence', async (t) => {
  const { authority, log, manager } = await rig(t);
  const errors = () => log.flatMap(({ details }) => (typeof details.error === 'string' ? [details.error] : []));
  const wild = manager({ domains: ['*.site.test'] });
  wild.start();
  await until(() => errors().length > 0, 'an error', PATIENCE);
  wild.stop();
  assert.match(errors()[0], /^\*\.site\.test takes a challenge of DNS-01/);
  authority.offers = ['dns-01'];
  log.length = 0;
  manager({ challenge: 'http-01' }).start();
  await until(() => errors().length > 0, 'an error', PATIENCE);
  assert.match(errors()[0], /^the authority offers no challenge of http-01 for/);
});

test('a clock that is wrong orders no certificate after the other', async (t) => {
  const { authority, used, log, manager } = await rig(t);
  const later = 3650 * 86_400_000;
  const pauses: boolean[] = [];
  const retry: AcmeOptions['retry'] = (_, isLimited) => {
    pauses.push(isLimited);
    return later;
  };
  manager({}, { now: () => Date.now() + later, retry }).start();
  await until(() => pauses.length > 0, 'a pause', PATIENCE);
  assert.deepEqual(pauses, [true]);
  assert.equal(authority.issued.length, 1);
  assert.equal(used.length, 1);
  assert.match(String(log.at(-1)?.details.error), /a clock must be wrong$/);
});
