import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ending } from '../ending.ts';
import { certificate } from '../peers/certificate.ts';
import type { Child } from '../peers/child.ts';
import { install } from '../peers/install.ts';
import { MB, megabytes, type Peer } from '../peers/peer.ts';
import { treeCpuMicros, treeMemoryBytes } from '../peers/proc.ts';
import { freePorts, ready, start } from '../peers/running.ts';
import { lb } from '../peers/servers/index.ts';
import { trafficserver } from '../peers/servers/trafficserver.ts';
import { bodyOf, MEAN_BYTES, Sequence } from './mix.ts';

const HELP = `Hit ratio of lb and of Traffic Server, each with the same memory and the same disk, in the same sequence of requests:
objects of 1 KB to 1 MB by Zipf's law, in all ten times the memory. What reaches the origin is counted there.

Examples:
  npm run bench:zipf
  npm run bench:zipf -- --memory 128 --disk 512 --requests 500000 --exponent 0.8

Options:
  --memory MB      memory of each server (default 64)
  --disk A,B       files of each server in MB, a run for each (default four and twelve times the memory)
  --objects N      how many there are (default as many as take ten times the memory)
  --requests N     of each server, the first third of them unmeasured (default 150000)
  --exponent X     of Zipf's law (default 0.9)
  --seed N         of the sequence (default 1)
  --json           print the figures as JSON
`;

/** Servers are driven in turn, so many requests at a time, so that what disturbs one disturbs the other. */
const TURN = 5000;
/** Requests under way to a server. */
const CONNECTIONS = 8;
const TIMEOUT_MS = 20_000;
const PEERS: readonly Peer[] = [lb, trafficserver];

interface Options {
  memory: number;
  disks: readonly number[];
  objects: number;
  requests: number;
  exponent: number;
  seed: number;
}

/** What a server had done at some moment. */
interface Mark {
  requests: number;
  kilobytes: number;
  forwarded: number;
  forwardedKilobytes: number;
  cpuMicros: number;
}

interface Runner {
  peer: Peer;
  child: Child;
  port: number;
  dir: string;
  agent: Agent;
  sequence: Sequence;
  done: number;
  kilobytes: number;
}

interface Result {
  server: string;
  /** Shares of the requests, and of their bytes, that did not reach the origin after the warm-up. */
  hits: number;
  byteHits: number;
  /** The same from the very first request on. */
  hitsInAll: number;
  cpuMicrosPerRequest: number;
  residentMegabytes: number;
  fileMegabytes: number;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 0;
  const missing = PEERS.filter((peer) => peer.absent() !== undefined).flatMap(({ packages }) => packages);
  if (missing.length > 0) process.stderr.write(`installing ${missing.join(' ')}: ${install(missing) ?? 'done'}\n`);
  for (const peer of PEERS) {
    const reason = peer.absent();
    if (reason !== undefined) throw new Error(reason);
  }
  const all: { disk: number; results: Result[] }[] = [];
  for (const disk of options.disks) all.push({ disk, results: await compare(options, disk) });
  process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify({ options, all })}\n` : text(options, all));
  return 0;
}

/** One run: both servers from empty, in turn, through the whole sequence. */
async function compare(options: Options, disk: number): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lb-zipf-'));
  const counts = new Int32Array(new SharedArrayBuffer(PEERS.length * 8));
  const origin = new Worker(new URL('origin.worker.ts', import.meta.url), { workerData: counts.buffer });
  const runners: Runner[] = [];
  const end = async (): Promise<void> => {
    for (const { agent } of runners) agent.destroy();
    await Promise.all(runners.map(({ child }) => child.stop()));
    rmSync(dir, { recursive: true, force: true });
    const gone = once(origin, 'exit');
    origin.postMessage('end');
    await gone;
  };
  return ending(async () => {
    const [ports] = (await once(origin, 'message')) as [number[]];
    for (const [place, peer] of PEERS.entries()) runners.push(await launch(peer, ports[place], dir, disk, options));
    const mark = ({ child, done, kilobytes }: Runner, place: number): Mark => ({
      requests: done,
      kilobytes,
      forwarded: counts[2 * place],
      forwardedKilobytes: counts[2 * place + 1],
      cpuMicros: treeCpuMicros(child.pid),
    });
    const begin = runners.map(mark);
    let middle = begin;
    for (let done = 0; done < options.requests; done += TURN) {
      if (middle === begin && done >= options.requests / 3) middle = runners.map(mark);
      for (const runner of runners) await drive(runner, Math.min(TURN, options.requests - done));
      process.stderr.write(`\r${disk} MB of disk: ${Math.min(options.requests, done + TURN)} of ${options.requests}`);
    }
    process.stderr.write('\n');
    return runners.map((runner, place) => result(runner, begin[place], middle[place], mark(runner, place)));
  }, end);
}

async function launch(peer: Peer, originPort: number, parent: string, disk: number, options: Options): Promise<Runner> {
  const dir = join(parent, peer.name);
  mkdirSync(dir, { recursive: true });
  const [port, adminPort, tlsPort] = await freePorts(3);
  const tls = { tlsPort, ...certificate(parent) };
  const setup = {
    dir,
    port,
    adminPort,
    ...tls,
    threads: 1,
    limited: false,
    waf: false,
    originPort,
    bodies: dir,
    root: process.getuid?.() === 0,
  };
  const limits = { memory: options.memory * MB, disk: disk * MB, churn: true };
  const child = start(peer.launch({ ...setup, ...limits }), dir, undefined);
  await ready(child, port, '/0').catch(async (error: unknown) => {
    await child.stop();
    throw error;
  });
  const sequence = new Sequence(options.objects, options.exponent, options.seed);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return { peer, child, port, dir, agent, sequence, done: 0, kilobytes: 0 };
}

/** Sends a server the next requests of its sequence. @throws when a body is not the origin's */
async function drive(runner: Runner, count: number): Promise<void> {
  let left = count;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left--;
      const number = runner.sequence.next();
      const expected = bodyOf(number);
      if (!(await get(runner, number)).equals(expected)) throw new Error(`${runner.peer.name} gives other bytes`);
      runner.done++;
      runner.kilobytes += expected.length / 1024;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
}

function get({ agent, port, peer }: Runner, number: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, path: `/${number}`, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve(Buffer.concat(chunks)));
    });
    asked.on('timeout', () => asked.destroy(new Error(`${peer.name}: no answer to /${number}`)));
    asked.on('error', reject);
    asked.end();
  });
}

function result({ peer, child, dir }: Runner, begin: Mark, middle: Mark, end: Mark): Result {
  const share = (from: Mark, part: 'forwarded' | 'forwardedKilobytes', whole: 'requests' | 'kilobytes'): number =>
    1 - (end[part] - from[part]) / (end[whole] - from[whole]);
  return {
    server: peer.name,
    hits: share(middle, 'forwarded', 'requests'),
    byteHits: share(middle, 'forwardedKilobytes', 'kilobytes'),
    hitsInAll: share(begin, 'forwarded', 'requests'),
    cpuMicrosPerRequest: (end.cpuMicros - middle.cpuMicros) / (end.requests - middle.requests),
    residentMegabytes: megabytes(treeMemoryBytes(child.pid)),
    fileMegabytes: megabytes(allocatedBytes(join(dir, 'store'))),
  };
}

/** Bytes that the files of a folder take on the disk. */
function allocatedBytes(dir: string): number {
  if (!existsSync(dir)) return 0;
  return readdirSync(dir).reduce((sum, name) => sum + (statSync(join(dir, name)).blocks ?? 0) * 512, 0);
}

function text(options: Options, all: readonly { disk: number; results: readonly Result[] }[]): string {
  const { memory, objects, requests, exponent, seed } = options;
  const percent = (value: number): string => `${(value * 100).toFixed(2)}%`.padStart(10);
  const lines = all.flatMap(({ disk, results }) => [
    `\n${memory} MB of memory, ${disk} MB of disk`,
    `${'server'.padEnd(14)}      hits byte hits    in all  CPU us/request  resident MB  files MB`,
    ...results.map(
      (each) =>
        each.server.padEnd(14) +
        percent(each.hits) +
        percent(each.byteHits) +
        percent(each.hitsInAll) +
        each.cpuMicrosPerRequest.toFixed(1).padStart(16) +
        String(each.residentMegabytes).padStart(13) +
        String(each.fileMegabytes).padStart(10),
    ),
  ]);
  const work = `${objects} objects of ${((objects * MEAN_BYTES) / MB).toFixed(0)} MB in all, exponent ${exponent}`;
  return `${work}; ${requests} requests of each server, seed ${seed}, measured after the first third\n${lines.join('\n')}\n`;
}

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const names = { memory: text, disk: text, objects: text, requests: text, exponent: text, seed: text };
  const { values } = parseArgs({ options: { ...names, json: flag, help: flag } });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const memory = Number(values.memory ?? 64);
  return {
    memory,
    disks: values.disk?.split(',').map(Number) ?? [4 * memory, 12 * memory],
    objects: Number(values.objects ?? Math.round((10 * memory * MB) / MEAN_BYTES)),
    requests: Number(values.requests ?? 150_000),
    exponent: Number(values.exponent ?? 0.9),
    seed: Number(values.seed ?? 1),
  };
}

process.exitCode = await main();
