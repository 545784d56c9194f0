import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Holds idle keep-alive connections to lb, and prints what each costs.

  npm run bench:connections -- [--connections 50000] [--hold 10]

  --connections N   in all (default 50000)
  --hold N          seconds for which they are held (default 10)

A process may have so many descriptors as ulimit -n says: clients, and lb itself where that is not enough, are several
processes then. Linux only. Every connection has asked for one object of 1 KB before it idles.
`;

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url));

/** Connections of one client process and source address, below the number of a machine's ephemeral ports. */
const PER_CLIENT = 12_500;

/** Part of its descriptors that lb leaves to others than clients. */
const LB_PART = 0.85;

interface Lb {
  process: ChildProcess;
  port: number;
}

interface Counts {
  open: number;
  failed: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '50000' },
      hold: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const wanted = Number(values.connections);
  const origin = await startOrigin();
  const most = Math.floor(descriptors() * LB_PART);
  const lbs = await Promise.all(Array.from({ length: Math.ceil(wanted / most) }, () => startLb(origin.port)));
  const clients: ChildProcess[] = [];
  try {
    await measure(wanted, Number(values.hold), lbs, clients);
  } finally {
    for (const child of [...clients, ...lbs.map((lb) => lb.process)]) child.kill('SIGKILL');
    origin.close();
  }
}

async function measure(wanted: number, hold: number, lbs: readonly Lb[], clients: ChildProcess[]): Promise<void> {
  for (const lb of lbs) await warm(lb.port);
  const before = { rss: rssOf(lbs), kernel: slab() };
  const each = Math.ceil(wanted / lbs.length);
  const counts: Counts[] = [];
  const begin = performance.now();
  for (const [i, lb] of lbs.entries()) {
    for (let done = 0, n = 0; done < each; done += PER_CLIENT, n++) {
      const client = fork(CLIENT, [
        String(lb.port),
        String(Math.min(PER_CLIENT, each - done)),
        `127.0.${i + 1}.${n + 1}`,
      ]);
      clients.push(client);
      const [opened] = (await once(client, 'message')) as [Counts];
      counts.push(opened);
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  const opened = counts.reduce((sum, { open }) => sum + open, 0);
  await new Promise((resolve) => setTimeout(resolve, hold * 1000));
  const held = await countAll(clients);
  const after = { rss: rssOf(lbs), kernel: slab() };
  const lines = [
    `${opened} connections opened in ${seconds.toFixed(1)} s, ${counts.reduce((sum, { failed }) => sum + failed, 0)} failed`,
    `${held} held for ${hold} s by ${lbs.length} ${lbs.length === 1 ? 'process' : 'processes'} of lb (ulimit -n ${descriptors()})`,
    `lb: ${Math.round((after.rss - before.rss) / held)} bytes of RSS a connection, ${megabytes(before.rss)} before, ${megabytes(after.rss)} after`,
    `kernel: ${Math.round((after.kernel - before.kernel) / held)} bytes a connection, both ends on this machine`,
    `a request of another client meanwhile: ${(await latency(lbs[0].port)).toFixed(1)} ms`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function countAll(clients: readonly ChildProcess[]): Promise<number> {
  let held = 0;
  for (const client of clients) {
    const answer = once(client, 'message');
    client.send('count');
    const [{ open }] = (await answer) as [Counts];
    held += open;
  }
  return held;
}

/** Bytes of resident memory. */
function rssOf(lbs: readonly Lb[]): number {
  const sizes = lbs.map((lb) => readFileSync(`/proc/${lb.process.pid}/status`, 'latin1'));
  return sizes.reduce((sum, status) => sum + Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024, 0);
}

/** Bytes of the kernel's own objects, sockets among them. */
function slab(): number {
  return Number(/^Slab:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0) * 1024;
}

function descriptors(): number {
  return Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`;
}

async function startOrigin() {
  const body = Buffer.alloc(1024, 'idle ');
  const server = createServer((_, response) => {
    response.setHeader('Cache-Control', 'max-age=3600').end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function startLb(origin: number): Promise<Lb> {
  const port = await freePort();
  const own = { LB_LISTEN: `127.0.0.1:${port}`, LB_ADMIN: '127.0.0.1:0', LB_ORIGINS: `http://127.0.0.1:${origin}` };
  const lb = spawn(process.execPath, [MAIN, 'serve'], {
    env: { PATH: process.env.PATH, ...own, LB_CACHE_MEMORY: '64MB', LB_LOG_ACCESS: 'off', LB_LIMITS_IDLE_TIMEOUT: '0' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (lb.exitCode === null) {
    try {
      await warm(port);
      return { process: lb, port };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('lb does not start');
}

async function warm(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) await (await fetch(`http://127.0.0.1:${port}/static/1`)).arrayBuffer();
}

async function latency(port: number): Promise<number> {
  const begin = performance.now();
  await (await fetch(`http://127.0.0.1:${port}/static/1`)).arrayBuffer();
  return performance.now() - begin;
}

async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

await main();
