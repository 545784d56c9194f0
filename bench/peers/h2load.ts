import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { Load } from './load.ts';
import { percentile } from './statistics.ts';
import type { Steady } from './steady/steady.ts';
import type { WrkOptions, WrkResult } from './wrk.ts';

/** Streams that are open at once on each connection. */
const STREAMS = 8;

/** The same at a steady rate: so many that a stall of a tenth of a second keeps no request from being sent when it is due. */
const STEADY_STREAMS = 100;

/** Drives one server over HTTP/2 and TLS for `seconds`. */
export function startH2load(options: WrkOptions): Child {
  return start(options, ['-m', String(STREAMS)]);
}

/** The same at `rate` requests a second. Latencies count from the sending. */
export function startH2loadSteady(options: WrkOptions, rate: number): Load<Steady> {
  const log = join(options.cwd, 'h2load.tsv');
  rmSync(log, { force: true });
  const perConnection = String(Math.max(1, Math.round(rate / options.case.connections)));
  const child = start(options, ['-m', String(STEADY_STREAMS), '--rps', perConnection, '--log-file', log]);
  const finish = async (): Promise<Steady> => {
    await finishH2load(child);
    return { rate, ...parseLog(readFileSync(log, 'latin1')) };
  };
  return { child, finish };
}

function start({ case: { connections, path, headers = [] }, ...run }: WrkOptions, more: readonly string[]): Child {
  const argv = [
    'h2load',
    ...['-t', '1', '-c', String(connections), '-D', String(run.seconds), ...more],
    ...headers.flatMap((header) => ['-H', header]),
    `https://127.0.0.1:${run.port}${path}`,
  ];
  return new Child({ argv, cwd: run.cwd, core: run.core, stdout: 'keep' });
}

/** Waits for h2load's end and reads what it says. */
export async function finishH2load(child: Child): Promise<WrkResult> {
  const code = await child.exit();
  const result = parseH2load(child.output);
  if (result === undefined)
    throw new Error(`h2load ended with code ${code} and no result: ${child.output.slice(-200)}`);
  return result;
}

/** Reads h2load's summary; undefined when it is none, or not of HTTP/2. It gives no percentiles: they are NaN. */
export function parseH2load(text: string): WrkResult | undefined {
  const protocol = /^Application protocol: (\S+)/m.exec(text)?.[1];
  const rate = /^finished in .*?, ([\d.]+) req\/s/m.exec(text)?.[1];
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(text);
  const codes = /^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m.exec(text);
  const bytes = /\((\d+)\) data$/m.exec(text)?.[1];
  if (protocol !== 'h2' || rate === undefined || counts === null || codes === null) return undefined;
  const requests = Number(counts[1]);
  return {
    requests,
    micros: (requests / Number(rate)) * 1e6,
    bytes: Number(bytes ?? 0),
    p50: Number.NaN,
    p99: Number.NaN,
    p999: Number.NaN,
    failed: Number(counts[2]) + Number(counts[3]) + Number(counts[4]),
    statuses: Number(codes[1]) + Number(codes[2]) + Number(codes[3]),
  };
}

/** Reads h2load's log: a line a request of when it began, its status, and its microseconds. Throws when none succeeded. */
export function parseLog(text: string): Omit<Steady, 'rate'> {
  const lines = text.split('\n').filter(Boolean);
  const micros = lines.flatMap((line) => {
    const [, status, latency] = line.split('\t').map(Number);
    return status === 200 ? [latency] : [];
  });
  if (micros.length === 0) throw new Error('h2load has written no latencies');
  micros.sort((a, b) => a - b);
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => percentile(micros, share));
  return { requests: micros.length, missing: lines.length - micros.length, p50, p99, p999 };
}
