/** Hit ratios of lb's cache beside other policies on generated requests: npm run bench:eviction -- --help */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Belady } from './belady.ts';
import { Lru, S3Fifo, Sieve } from './fifo-policies.ts';
import { LbCache, memoryFor } from './lb-cache.ts';
import type { Policy } from './policy.ts';
import { WTinyLfu } from './tinylfu.ts';
import { footprint, type Trace, traces } from './traces.ts';

const HELP = `Hit ratios of lb's cache and of other policies.

  npm run bench:eviction -- [--objects 50000] [--requests 200000] [--json FILE]

Each policy may hold as many bytes of bodies as lb holds at the end, so that what lb needs beside bodies does not count.
`;

const SHARES = [0.01, 0.05, 0.1, 0.25];
/** Of the requests, not counted: the cache is filled by them. */
const WARM_UP = 1 / 3;

interface Ratio {
  objects: number;
  bytes: number;
}

interface Result {
  trace: string;
  /** Of the footprint: as asked, and as lb held in the end. */
  share: number;
  held: number;
  ratios: Record<string, Ratio>;
}

function ratioOf({ requests, sizes }: Trace, policy: Policy): Ratio {
  const from = Math.floor(requests.length * WARM_UP);
  let [hits, hitBytes, bytes] = [0, 0, 0];
  for (const [at, id] of requests.entries()) {
    const size = sizes[id];
    const hit = policy.access(id, size);
    if (at < from) continue;
    bytes += size;
    if (!hit) continue;
    hits++;
    hitBytes += size;
  }
  return { objects: hits / (requests.length - from), bytes: hitBytes / bytes };
}

function compare(trace: Trace, share: number): Result {
  const total = footprint(trace);
  const memory = memoryFor(total * share, trace.sizes);
  const largest = trace.sizes.reduce((a, b) => Math.max(a, b));
  const lb = new LbCache(memory, 's3fifo', largest);
  const lbLru = new LbCache(memory, 'lru', largest);
  const ratios: Record<string, Ratio> = { lb: ratioOf(trace, lb), 'lb lru': ratioOf(trace, lbLru) };
  const held = lb.held(trace.sizes);
  const objects = Math.round(held / (trace.sizes.reduce((a, b) => a + b) / trace.sizes.length));
  const policies: Record<string, Policy> = {
    LRU: new Lru(held),
    SIEVE: new Sieve(held),
    'S3-FIFO': new S3Fifo(held),
    'S3-FIFO, 1 use': new S3Fifo(held, 1),
    'W-TinyLFU': new WTinyLfu(held, objects),
    Belady: new Belady(held, trace.requests),
  };
  for (const [name, policy] of Object.entries(policies)) ratios[name] = ratioOf(trace, policy);
  return { trace: trace.name, share, held: held / total, ratios };
}

const percent = (value: number): string => (value * 100).toFixed(1);

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(results: readonly Result[]): string {
  const names = Object.keys(results[0].ratios);
  const lines = [row(['requests', 'cache (held)', ...names]), row(['---', '---', ...names.map(() => '---:')])];
  for (const { trace, share, held, ratios } of results) {
    const cells = names.map((name) => `${percent(ratios[name].objects)} / ${percent(ratios[name].bytes)}`);
    lines.push(row([trace, `${share * 100} % (${percent(held)})`, ...cells]));
  }
  const mean = (name: string, which: keyof Ratio) =>
    percent(results.reduce((sum, { ratios }) => sum + ratios[name][which], 0) / results.length);
  lines.push(row(['mean', '', ...names.map((name) => `${mean(name, 'objects')} / ${mean(name, 'bytes')}`)]));
  return lines.join('\n');
}

function main(): void {
  const { values } = parseArgs({
    options: {
      objects: { type: 'string', default: '50000' },
      requests: { type: 'string', default: '200000' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const results: Result[] = [];
  for (const trace of traces(Number(values.objects), Number(values.requests))) {
    for (const share of SHARES) results.push(compare(trace, share));
  }
  console.log('Hits in percent of requests / of bytes.\n');
  console.log(table(results));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
}

main();
