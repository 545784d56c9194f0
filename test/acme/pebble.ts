/**
 * Has lb obtain and renew certificates from Pebble, the test authority of Let's Encrypt: `npm run acme:pebble`. Pebble is
 * built by Go at the first run, which takes a few minutes; without Go this says so and ends with 0.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { AcmeManager } from '../../src/acme/manager.ts';
import type { AcmeConfig } from '../../src/config/config.ts';
import { createAuthority } from '../dial/certificates.ts';
import { until } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { freePort, startOrigin } from '../support/origin.ts';

const VERSION = 'v2.10.1';
const FOLDER = join(import.meta.dirname, '..', '..', 'build', 'pebble');
const PATIENCE = 60_000;

const cleanups: (() => unknown)[] = [];
const t = { after: (run: () => unknown) => void cleanups.unshift(run) };

if (spawnSync('go', ['version']).status !== 0) {
  console.log('skipped: Pebble is built by Go, and there is no Go here');
} else {
  try {
    await run();
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

async function run(): Promise<void> {
  const binary = buildPebble();
  const dataDir = mkdtempSync(join(tmpdir(), 'lb-pebble-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [], 'fine'));
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const pebble = await startPebble(binary, dataDir, httpPort, tlsPort);
  for (const challenge of ['http-01', 'tls-alpn-01'] as const) {
    const domains = [`${challenge}.lb.test`, `www.${challenge}.lb.test`];
    const acme = { domains, directory: pebble.directory, ca_file: pebble.caFile, agree_tos: true, challenge };
    const lb = await startLb(t, {
      origins: [origin.address],
      listen: `127.0.0.1:${httpPort}`,
      tls: { listen: `127.0.0.1:${tlsPort}` },
      data_dir: dataDir,
      acme: { ...acme, email: 'me@lb.test' },
    });
    const root = await pebble.root();
    let leaf: X509Certificate | undefined;
    const isTheirs = async () => {
      leaf = await certificateOf(tlsPort, domains[1]);
      return leaf.issuer !== leaf.subject && !leaf.issuer.includes('stand-in');
    };
    await until(isTheirs, `a certificate by ${challenge}`, PATIENCE).catch((error: unknown) => {
      console.error(lb.log.map((line) => JSON.stringify(line)).join('\n'));
      throw error;
    });
    console.log(
      `${challenge}: ${leaf?.subjectAltName}, by ${leaf?.issuer}, until ${leaf?.validTo}; root ${root.subject}`,
    );
    await renew({ ...acme, email: undefined }, dataDir);
    await lb.server.stop();
  }
}

/** As at two thirds of the lifetime: the same account, another order. Authorizations of before still stand. */
async function renew(
  acme: { domains: string[]; directory: string; ca_file: string; email: undefined },
  dataDir: string,
) {
  const { domains, directory, ca_file: caFile } = acme;
  const terms = { agreeTos: true, challenge: 'http-01', eabKid: undefined, eabKey: undefined } as const;
  const config: AcmeConfig = { domains, directory, caFile, email: undefined, ...terms };
  const later = { passed: false };
  let renewed = '';
  const manager = new AcmeManager({
    config,
    dataDir,
    now: () => Date.now() + (later.passed ? 0 : 4 * 365 * 86_400_000),
    use: ({ cert }) => {
      later.passed = true;
      renewed = new X509Certificate(cert).serialNumber;
    },
    setChallenges: () => {},
    log: (_level, message, details) => console.log(`  ${message}`, JSON.stringify(details)),
  });
  await manager.open();
  manager.start();
  await until(() => renewed !== '', 'a renewal', PATIENCE);
  manager.stop();
  console.log(`  renewed: serial number ${renewed}`);
}

function buildPebble(): string {
  const binary = join(FOLDER, 'pebble');
  if (!existsSync(binary)) {
    console.log(`building Pebble ${VERSION}`);
    const env = { ...process.env, GOBIN: FOLDER };
    execFileSync('go', ['install', `github.com/letsencrypt/pebble/v2/cmd/pebble@${VERSION}`], {
      env,
      stdio: 'inherit',
    });
  }
  return binary;
}

interface Pebble {
  directory: string;
  caFile: string;
  root: () => Promise<X509Certificate>;
}

async function startPebble(binary: string, folder: string, httpPort: number, tlsPort: number): Promise<Pebble> {
  const [port, management] = [await freePort(), await freePort()];
  const authority = await createAuthority();
  const own = await authority.issue({ names: ['localhost', '127.0.0.1'] });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const caFile = file('pebble-ca.pem', authority.cert);
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: file('pebble.pem', own.cert),
      privateKey: file('pebble.key', own.key),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
    },
  };
  const args = [
    '-config',
    file('pebble.json', JSON.stringify(config)),
    '-dnsserver',
    `127.0.0.1:${await startNames()}`,
  ];
  // it refuses nonces at random by itself, which is to be borne
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
  const child: ChildProcess = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (process.env.VERBOSE) process.stdout.write(text);
    });
  }
  await until(() => said.includes('ACME directory available'), 'Pebble to listen', PATIENCE);
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    caFile,
    root: async () => new X509Certificate(await fetchText(`https://127.0.0.1:${management}/roots/0`, authority.cert)),
  };
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { ca }, (response) => {
      response.toArray().then((parts: Buffer[]) => resolve(Buffer.concat(parts).toString()), reject);
    });
    asked.on('error', reject);
  });
}

/** A name server, over TCP, that knows one address for every name: 127.0.0.1. @returns its port */
async function startNames(): Promise<number> {
  const server = createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const length = held.readUInt16BE(0);
        const answer = answerTo(held.subarray(2, 2 + length));
        held = held.subarray(2 + length);
        const head = Buffer.alloc(2);
        head.writeUInt16BE(answer.length);
        socket.write(Buffer.concat([head, answer]));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const isAddress = query.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([head, query.subarray(12, end), ...(isAddress ? [address] : [])]);
}

async function certificateOf(port: number, servername: string): Promise<X509Certificate> {
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate() as X509Certificate;
  socket.destroy();
  return certificate;
}
