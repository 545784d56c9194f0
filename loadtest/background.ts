import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startTarget } from './target.ts';

const HELP = `Shows what clients of lb notice of its work in the background: times of hits while there is none, and while the
queue of compression at the highest levels is full, in turns.

Examples:
  npm run build && node loadtest/background.ts
  node loadtest/background.ts --cpu 1 --rounds 8

Options:
  --cpu N      cores that the work may take: background_cpu (default: that of lb)
  --rounds N   times of each kind (default 6)
  --seconds N  time of each (default 5)

Exit codes: 0 p99 with the work is at most 1.5 times that without, as the medians of the rounds have it; 1 not so; 2 wrong usage.
`;

const MOST_RATIO = 1.5;

/** Bytes of each text: about a second of work at the highest level. */
const TEXT = 512 * 1024;

/** Texts asked for at the beginning of each round. */
const TEXTS = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cpu: { type: 'string' },
      rounds: { type: 'string', default: '6' },
      seconds: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  if (values.help || !(rounds > 0 && seconds > 0)) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const origin = await startTexts();
  const target = await startTarget({
    LB_ORIGINS: `http://127.0.0.1:${origin.port}`,
    LB_WORKERS: '1',
    LB_COMPRESS: 'on',
    ...(values.cpu === undefined ? {} : { LB_BACKGROUND_CPU: values.cpu }),
  });
  const client = fork(fileURLToPath(new URL('./paced-client.ts', import.meta.url)), [`${target.url}/page`]);
  try {
    // the first requests of a process warm it up
    await sleep(2000);
    await timesOf(client);
    const quiet: Round[] = [];
    const busy: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      quiet.push(await measure(client, target.admin, seconds));
      await ask(target.url, round);
      await sleep(500);
      busy.push(await measure(client, target.admin, seconds));
      // other texts than before, until none of them waits
      await purge(target.admin);
      await idle(target.admin);
      await timesOf(client);
    }
    return report(quiet, busy);
  } finally {
    client.disconnect();
    await target.close();
    await origin.close();
  }
}

interface Round {
  p50: number;
  p99: number;
  rate: number;
  /** CPU seconds per second of the work in the background. */
  cpu: number;
  /** Jobs that waited at the end. */
  waiting: number;
}

async function measure(client: ChildProcess, admin: string, seconds: number): Promise<Round> {
  await timesOf(client);
  const before = await sample(admin, 'lb_background_cpu_seconds_total');
  const begun = performance.now();
  await sleep(seconds * 1000);
  const times = await timesOf(client);
  const elapsed = (performance.now() - begun) / 1000;
  const at = (part: number) => times[Math.floor(times.length * part)];
  return {
    p50: at(0.5),
    p99: at(0.99),
    rate: times.length / elapsed,
    cpu: ((await sample(admin, 'lb_background_cpu_seconds_total')) - before) / elapsed,
    waiting: await sample(admin, 'lb_background_jobs_waiting'),
  };
}

function report(quiet: readonly Round[], busy: readonly Round[]): number {
  const line = (name: string, rounds: readonly Round[]) => {
    const of = (value: (round: Round) => number, digits: number) => median(rounds.map(value)).toFixed(digits);
    const p99s = rounds.map(({ p99 }) => p99.toFixed(2)).join(' ');
    const figures = `p50 ${of((r) => r.p50, 3)} ms, p99 ${of((r) => r.p99, 2)} ms (${p99s}), ${of((r) => r.rate, 0)} requests/s`;
    process.stdout.write(
      `${name}: ${figures}; background ${of((r) => r.cpu, 2)} cores, ${of((r) => r.waiting, 0)} jobs wait\n`,
    );
  };
  line('without', quiet);
  line('with   ', busy);
  const ratio = median(busy.map(({ p99 }) => p99)) / median(quiet.map(({ p99 }) => p99));
  process.stdout.write(`p99 with the work: ${ratio.toFixed(2)} times that without (at most ${MOST_RATIO})\n`);
  return ratio <= MOST_RATIO && busy.every(({ waiting }) => waiting > 0) ? 0 : 1;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** All times since the last call, in ms, sorted. */
async function timesOf(client: ChildProcess): Promise<number[]> {
  client.send('times');
  const [times] = (await once(client, 'message')) as [number[]];
  return times;
}

/** Has a round's texts asked for often enough that better variants are wanted. */
async function ask(url: string, round: number): Promise<void> {
  for (let i = 0; i < TEXTS; i++) {
    for (const coding of ['br', 'zstd']) {
      for (let times = 0; times < 3; times++) {
        const answer = await fetch(`${url}/text/${round}-${i}`, { headers: { 'accept-encoding': coding } });
        await answer.arrayBuffer();
      }
    }
  }
}

async function sample(admin: string, name: string): Promise<number> {
  const page = await (await fetch(`${admin}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(page)?.[1]);
}

/** What waits is not worked on once its original is gone. */
async function purge(admin: string): Promise<void> {
  const body = JSON.stringify({ purge: [{ prefix: '/text/' }] });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${admin}/purge`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`POST /purge answered ${answer.status}: ${await answer.text()}`);
}

async function idle(admin: string): Promise<void> {
  let last = -1;
  for (;;) {
    const cpu = await sample(admin, 'lb_background_cpu_seconds_total');
    if (cpu === last && (await sample(admin, 'lb_background_jobs_waiting')) === 0) return;
    last = cpu;
    await sleep(1000);
  }
}

/** An origin of one page and of texts, each another one. */
async function startTexts(): Promise<{ port: number; close(): Promise<void> }> {
  const page = Buffer.alloc(4096, 'a page of text ');
  const server = createServer((request, answer) => {
    const isText = request.url?.startsWith('/text/') === true;
    answer.setHeader('cache-control', 'max-age=3600');
    answer.setHeader('content-type', isText ? 'text/plain' : 'application/octet-stream');
    answer.end(isText ? text(request.url ?? '') : page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Words in an order of chance: about as much work as any text. */
function text(name: string): Buffer {
  const words = Array.from({ length: 2000 }, (_, i) => `${((i * 2_654_435_761) % 1_000_003).toString(36)} `);
  const parts: string[] = [name];
  for (let length = 0; length < TEXT; length += parts[parts.length - 1].length) {
    parts.push(words[Math.floor(Math.random() ** 2 * words.length)]);
  }
  return Buffer.from(parts.join(''));
}

process.exitCode = await main();
