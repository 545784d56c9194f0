import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ending } from '../ending.ts';
import { freePorts, ready, start } from '../peers/running.ts';
import { median } from '../peers/statistics.ts';
import { take } from './ask.ts';
import { loadAssets, pageOf } from './assets.ts';

const HELP = `What compression saves and costs: sizes of typical texts, the first byte of a page of 100 KB with compression
on the fly and without, and how long hits take while the background compresses as much as it may.

  npm run bench:compression
  npm run bench:compression -- --parts sizes,first-byte,saturation --pages 300 --rounds 5

Options:
  --parts A,B   sizes, first-byte, saturation (default all)
  --pages N     pages that the first byte is measured with (default 200)
  --rounds N    of hits with and without work in the background (default 5)
  --seconds N   length of each (default 4)
  --rate N      hits a second (default 400)
  --cpu N       cores that the background may take: background_cpu (default: that of lb)
`;

const CODINGS = ['br', 'gzip', 'zstd'] as const;
type Coding = (typeof CODINGS)[number];

const DECODERS: Readonly<Record<Coding, (body: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

/** A variant from the background is smaller than this share of one made on the fly. */
const CLEARLY = 0.97;

/** Longest wait for a variant from the background, in ms. */
const PATIENCE = 30_000;
/** Pages of 1 MB for each second of a measurement: more than the share of a core that the background has does meanwhile. */
const HEAVY_PER_SECOND = 4;

interface Options {
  parts: readonly string[];
  pages: number;
  rounds: number;
  seconds: number;
  rate: number;
  cpu: string | undefined;
}

const agent = new Agent({ keepAlive: true });

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  const origin = new Worker(new URL('origin.worker.ts', import.meta.url));
  const [originPort] = (await once(origin, 'message')) as [number];
  const dir = mkdtempSync(join(tmpdir(), 'lb-compression-'));
  const [port, adminPort] = await freePorts(2);
  const env = {
    LB_ORIGINS: `http://127.0.0.1:${originPort}`,
    LB_LISTEN: `127.0.0.1:${port}`,
    LB_ADMIN: `127.0.0.1:${adminPort}`,
    LB_WORKERS: '1',
    LB_CACHE_MEMORY: '512MB',
    LB_COMPRESS: 'on',
    LB_LOG_ACCESS: 'off',
    ...(options.cpu === undefined ? {} : { LB_BACKGROUND_CPU: options.cpu }),
  };
  const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
  const lb = start({ argv: [process.execPath, main], env, files: {} }, dir, undefined);
  const end = async (): Promise<void> => {
    agent.destroy();
    await lb.stop();
    rmSync(dir, { recursive: true, force: true });
    const gone = once(origin, 'exit');
    origin.postMessage('end');
    await gone;
  };
  await ending(async () => {
    await ready(lb, port, '/small');
    if (options.parts.includes('sizes')) await sizes(port);
    if (options.parts.includes('first-byte')) await firstByte(port, options.pages);
    if (options.parts.includes('saturation')) await saturation(port, adminPort, options);
  }, end);
}

/** Bytes of each asset as it is, by each coding when it is first asked for, and of the brotli that the background makes. */
async function sizes(port: number): Promise<void> {
  say(`${'text'.padEnd(30)}    bytes${CODINGS.map((coding) => coding.padStart(9)).join('')}  background br    saved`);
  const saved: number[] = [];
  for (const { name, body } of loadAssets()) {
    const path = `/asset/${name}`;
    const quick: number[] = [];
    for (const coding of CODINGS) quick.push((await checked(port, path, coding, body)).length);
    const best = await backgroundSize(port, path, body, quick[0]);
    const share = best === undefined ? Number.NaN : 1 - best / body.length;
    saved.push(share);
    const cells = [body.length, ...quick].map((bytes) => String(bytes).padStart(9)).join('');
    say(`${name.padEnd(30)}${cells}${String(best ?? 'not made').padStart(15)}${percent(share).padStart(9)}`);
  }
  const made = saved.filter((share) => !Number.isNaN(share));
  say(`median saved by background brotli: ${percent(median(made))} (target: at least 70%)\n`);
}

/** Asks until the answer is plainly smaller than that on the fly, whose size differs a little each time; undefined when it stays. */
async function backgroundSize(port: number, path: string, body: Buffer, quick: number): Promise<number | undefined> {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) {
    const { length } = await checked(port, path, 'br', body);
    if (length < quick * CLEARLY) return length;
    await sleep(50);
  }
  return undefined;
}

/** The bytes that come. @throws when they do not decode to the content */
async function checked(port: number, path: string, coding: Coding, content: Buffer): Promise<Buffer> {
  const { body, coding: came } = await take(agent, port, path, coding);
  if (came !== coding) throw new Error(`${path} came as ${came ?? 'identity'} where ${coding} was accepted`);
  if (!DECODERS[coding](body).equals(content)) throw new Error(`${path} by ${coding} is not what it was`);
  return body;
}

/** First byte of stored pages and of pages that come from the origin, as they are and compressed on the fly. */
async function firstByte(port: number, pages: number): Promise<void> {
  // the first requests find code that was never run
  for (let i = 0; i < 30; i++) for (const coding of CODINGS) await take(agent, port, `/page/${900_000 + i}`, coding);
  const stored: Record<string, number[]> = { identity: [], br: [], gzip: [], zstd: [] };
  const fetched: Record<string, number[]> = { identity: [], br: [], gzip: [], zstd: [] };
  const kinds = Object.keys(stored);
  for (let i = 0; i < pages; i++) {
    const kept = `/page/${i}`;
    await take(agent, port, kept, 'identity');
    for (const kind of rotated(kinds, i)) {
      // each coding of a page once: what is asked for again is stored
      const answer = await take(agent, port, kept, kind);
      stored[kind].push(answer.firstByte);
      const place = (i + 1) * 10_000_000 + kinds.indexOf(kind);
      fetched[kind].push((await take(agent, port, `/page/${place}`, kind)).firstByte);
    }
  }
  for (const [name, times] of Object.entries({ 'stored page': stored, 'page from the origin': fetched })) {
    const base = median(times.identity);
    const cells = kinds.map(
      (kind) => `${kind} ${median(times[kind]).toFixed(2)} (${signed(median(times[kind]) - base)})`,
    );
    say(`first byte of a ${name} of ${pageOf(0).length / 1024} KB, median ms (difference): ${cells.join(', ')}`);
  }
  say('target: at most 5 ms more\n');
}

/**
 * Times of hits while the background is idle and while it has more to do than it may, in turn. What else the machine does comes and
 * goes: each round is compared with the idle times right before and after it.
 */
async function saturation(port: number, adminPort: number, { rounds, seconds, rate }: Options): Promise<void> {
  const hits = new Worker(new URL('hits.worker.ts', import.meta.url), { workerData: { port, rate } });
  const measure = async (ms: number): Promise<number[]> => {
    hits.postMessage(ms);
    const [times] = (await once(hits, 'message')) as [number[]];
    return times.sort((a, b) => a - b);
  };
  const p99 = (times: readonly number[]): number => times[Math.floor(times.length * 0.99)];
  await measure(1000);
  const idle = [p99(await measure(seconds * 1000))];
  const busy: number[] = [];
  let heavy = 0;
  for (let round = 0; round < rounds; round++) {
    const first = heavy;
    heavy += HEAVY_PER_SECOND * seconds;
    for (let number = first; number < heavy; number++) {
      for (const accepted of ['identity', 'br', 'br']) await take(agent, port, `/heavy/${number}`, accepted);
    }
    busy.push(p99(await measure(seconds * 1000)));
    if ((await waiting(adminPort)) === 0) say('! the background had nothing left to do before the end of the round');
    await drained(adminPort);
    idle.push(p99(await measure(seconds * 1000)));
    const [before, during, after] = [idle[round], busy[round], idle[round + 1]].map((ms) => ms.toFixed(2));
    say(`round ${round + 1}: p99 ${before} ms idle, ${during} ms with the background at work, ${after} ms idle`);
  }
  await hits.terminate();
  const ratio = median(busy.map((ms, i) => ms / Math.sqrt(idle[i] * idle[i + 1])));
  say(`p99 of hits with the background at work: ${ratio.toFixed(2)} x that of idle (target: at most 1.5 x)`);
}

/** Jobs of the background that are not done. */
async function waiting(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(/^lb_background_jobs_waiting (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function drained(adminPort: number): Promise<void> {
  const deadline = performance.now() + 4 * PATIENCE;
  while ((await waiting(adminPort)) > 0 && performance.now() < deadline) await sleep(200);
  // the last one is under way when none waits
  await sleep(2000);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const signed = (ms: number): string => `${ms < 0 ? '' : '+'}${ms.toFixed(2)}`;

function rotated<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      parts: text,
      pages: text,
      rounds: text,
      seconds: text,
      rate: text,
      cpu: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  return {
    parts: (values.parts ?? 'sizes,first-byte,saturation').split(','),
    pages: Number(values.pages ?? 200),
    rounds: Number(values.rounds ?? 5),
    seconds: Number(values.seconds ?? 4),
    rate: Number(values.rate ?? 400),
    cpu: values.cpu,
  };
}

await main();
