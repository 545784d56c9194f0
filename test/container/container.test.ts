import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execForm, parseDockerfile } from './dockerfile.ts';
import { copyContext, isIgnored, Simulation, sizeOf } from './simulate.ts';

const MEGABYTE = 1024 * 1024;
/** The image's limit is 300 MB; node:24-trixie-slim takes some 235 MB of it. */
const APP_LIMIT = 60 * MEGABYTE;
const NOBODY = 65_534;

const project = join(import.meta.dirname, '..', '..');
const stages = parseDockerfile(readFileSync(join(project, 'Dockerfile'), 'utf8'));
const final = stages.at(-1);
const ignore = readFileSync(join(project, '.dockerignore'), 'utf8');

const scratch = mkdtempSync(join(tmpdir(), 'lb-container-'));
let app = '';
let noBuild: string | false = false;

before(() => {
  const context = join(scratch, 'context');
  mkdirSync(context);
  copyContext(project, ignore, context);
  const simulation = new Simulation(context, scratch);
  try {
    for (const [index, stage] of stages.entries()) app = simulation.build(stage, index);
  } catch (error) {
    // Without a network and without npm's cache nothing can be installed here.
    if (!/E(NOTFOUND|AI_AGAIN|CONNREFUSED|NOTCACHED|NETUNREACH|TIMEDOUT)/.test(String(error))) throw error;
    noBuild = 'the package registry cannot be reached';
  }
});
after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

test('.dockerignore keeps the sources in, and tests and modules out', () => {
  assert.equal(isIgnored('src/main.ts', ignore), false);
  assert.equal(isIgnored('package.json', ignore), false);
  assert.equal(isIgnored('src/http/age.test.ts', ignore), true);
  assert.equal(isIgnored('native-bindings/x/node_modules/y/index.js', ignore), true);
  assert.equal(isIgnored('docs/settings.md', ignore), true);
  assert.equal(isIgnored('.git/config', ignore), true);
});

test('the installed, built and pruned folder holds what runs and nothing else', (t) => {
  if (noBuild) return t.skip(noBuild);
  const { dependencies } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // what a dependency brings as well has no such mark
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const name of Object.keys(dependencies)) assert.ok(existsSync(join(app, 'node_modules', name)), name);
  for (const [folder, { dev }] of Object.entries(packages)) {
    if (dev) assert.ok(!existsSync(join(app, folder)), `${folder} is for development`);
  }
  assert.deepEqual(globSync('node_modules/node-{linux,darwin,win}-*', { cwd: app }), [], 'the image has its own Node');
  assert.equal(globSync('node_modules/uWebSockets.js/*.node', { cwd: app }).length, 1);
  assert.ok(sizeOf(app) < APP_LIMIT, `${Math.round(sizeOf(app) / MEGABYTE)} MB`);
});

test('it starts as a user without rights, is healthy, proxies, and stops on SIGTERM', async (t) => {
  if (noBuild) return t.skip(noBuild);
  const origin = createHttpServer((_request, response) => response.end('from the origin'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const [listen, admin] = await Promise.all([freePort(), freePort()]);
  const env = {
    PATH: process.env.PATH,
    TMPDIR: openFolder('tmp'),
    NODE_ENV: 'production',
    LB_ORIGINS: `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
    LB_LISTEN: `127.0.0.1:${listen}`,
    LB_ADMIN: `127.0.0.1:${admin}`,
    LB_WORKERS: '1',
    LB_CACHE_MEMORY: '64MB',
  };
  const lb = startUnprivileged(execForm(argumentsOf('CMD')), env);
  let printed = '';
  lb.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  lb.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  try {
    await waitForHealth(lb, env, () => printed);
    const response = await fetch(`http://127.0.0.1:${listen}/`);
    assert.equal(await response.text(), 'from the origin');
    const exited = once(lb, 'exit');
    lb.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    assert.equal(code, 0, printed);
  } finally {
    lb.kill('SIGKILL');
    origin.closeAllConnections();
    origin.close();
  }
});

/** Runs the image's HEALTHCHECK until it passes. */
async function waitForHealth(lb: ChildProcess, env: NodeJS.ProcessEnv, printed: () => string): Promise<void> {
  const health = execForm(argumentsOf('HEALTHCHECK').replace(/^CMD /, ''));
  const deadline = Date.now() + 20_000;
  for (;;) {
    assert.equal(lb.exitCode, null, `it ended early:\n${printed()}`);
    const child = startUnprivileged(health, env);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0) return;
    assert.ok(Date.now() < deadline, `not healthy in time:\n${printed()}`);
    await sleep(100);
  }
}

function argumentsOf(keyword: string): string {
  return final?.instructions.find((instruction) => instruction.keyword === keyword)?.rest ?? '';
}

/** Starts a command of the image with this process's Node, as nobody when this process is root. */
function startUnprivileged([, ...args]: string[], env: NodeJS.ProcessEnv): ChildProcess {
  chmodSync(scratch, 0o755);
  const identity = canBecomeNobody() ? { uid: NOBODY, gid: NOBODY } : {};
  return spawn(process.execPath, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
}

/** Only root can, and only where everyone may reach this process's Node. */
function canBecomeNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY, cwd: '/' }).status === 0;
}

function openFolder(name: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
