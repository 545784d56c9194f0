/**
 * Checks HTTP/2 with h2spec, where Go is there to build it, over TLS and in the clear.
 *
 *     npm run h2spec
 *
 * Prints each case that fails and whether docs/http2.md says so. Exits with 1 when another one fails, with 2 when h2spec
 * cannot be built.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientWatch } from '../src/request/client-watch.ts';
import type { Reply, RequestView } from '../src/request/reply.ts';
import { openNodeListener } from '../src/transport/node-listener.ts';
import { TlsChallenges } from '../src/transport/tls-challenges.ts';
import { createAuthority } from '../test/dial/certificates.ts';

const H2SPEC = 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible';

/** Longest run of h2spec, in ms. */
const PATIENCE = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'lb-h2spec-'));
process.once('exit', () => {
  // Go's module cache is read-only
  spawnSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
});

const program = join(folder, 'bin', 'h2spec');
spawnSync('go', ['install', H2SPEC], { env: { ...process.env, GOPATH: folder }, stdio: 'inherit' });
if (!existsSync(program)) {
  console.error('h2spec cannot be built: is Go there, and may it load modules?');
  process.exit(2);
}

const known = readFileSync(join(import.meta.dirname, '..', 'docs', 'http2.md'), 'utf8');
let unexpected = 0;
for (const isSecure of [false, true]) unexpected += await check(isSecure);
process.exit(unexpected > 0 ? 1 : 0);

async function check(isSecure: boolean): Promise<number> {
  const pair = await (await createAuthority()).issue({ names: ['localhost'] });
  const tls = {
    certificates: [{ ...pair, names: ['localhost'], kind: 'ec' }],
    minVersion: 'TLSv1.2' as const,
    http2: true,
    clientCa: undefined,
    clientAuth: 'off' as const,
    ticketKey: new Uint8Array(48),
  };
  const limits = { streams: 128, headerTimeout: 10_000, idleTimeout: 60_000 };
  const terms = { tls: isSecure ? tls : undefined, h2c: true, proxyProtocol: [], limits, maxRequestHeader: 32_768 };
  const clients = new ClientWatch({ bodyTimeout: 0, minReceiveRate: 0, minSendRate: 0, sendTimeout: 0 });
  const gate = { opened: () => true, identified: () => true, closed: () => {} };
  const parts = { handler: { handle: answer }, clients, gate, challenges: new TlsChallenges() };
  const listener = await openNodeListener({ host: '127.0.0.1', port: 0 }, terms, parts);
  const report = await runH2spec(listener.port, isSecure);
  listener.close();
  return print(report, isSecure);
}

/** Reads bodies to their end, as the pipeline would. */
function answer(request: RequestView, reply: Reply): void {
  const send = () => {
    reply.head('200 OK', 'lb; hit', '1.1 lb', -1);
    reply.end('hello');
  };
  if (!request.hasOpenBody && request.header('content-length') === '') {
    send();
    return;
  }
  reply.detach({ onWritable() {}, onAborted() {} });
  reply.onBody((_chunk, last) => {
    if (last) send();
  });
}

function runH2spec(port: number, isSecure: boolean): Promise<string> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '--timeout', '2', ...(isSecure ? ['-t', '-k'] : [])];
  return new Promise((resolve) => {
    // its exit code only says that something failed
    execFile(program, args, { timeout: PATIENCE }, (_error, stdout) => resolve(stdout));
  });
}

/** @returns how many cases fail that the documentation does not have */
function print(report: string, isSecure: boolean): number {
  const failed = new Set([...report.matchAll(/× (\d+: .+)/g)].map(([, name]) => name.replace(/^\d+: /, '').trim()));
  console.log(`${isSecure ? 'TLS' : 'h2c'}: ${/\d+ tests, .*/.exec(report)?.[0] ?? 'no result'}`);
  let unexpected = report.includes('tests,') ? 0 : 1;
  for (const name of failed) {
    const isKnown = known.includes(name);
    if (!isKnown) unexpected++;
    console.log(`  ${isKnown ? 'known' : 'NEW'}: ${name}`);
  }
  return unexpected;
}
