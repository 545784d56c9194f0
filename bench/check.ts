/**
 * Tells what has become more than 5 % dearer on the hot path since the figures of bench/recorded.json: `npm run bench:check`, which is for
 * people and fails on nothing. `-- --record` writes them anew, `-- --rounds N` measures longer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheSteps } from './cache/steps.ts';
import { garbage, measure } from './hot/measure.ts';
import { httpSteps } from './http/steps.ts';
import { guardSteps, requestSteps } from './request/steps.ts';

const FILE = join(import.meta.dirname, 'recorded.json');
const WORSE = 1.05;
const MILLION = 1_000_000;

interface Figure {
  ns: number;
  /** Multiple of the fixed loop in the same run: what is compared. */
  ratio: number;
  /** Of garbage, for hits alone. */
  bytes?: number;
}

interface Recorded {
  date: string;
  machine: string;
  node: string;
  figures: Record<string, Figure>;
}

async function figures(rounds: number): Promise<Recorded['figures']> {
  const steps = [...(await requestSteps()), ...(await guardSteps()), ...cacheSteps(), ...httpSteps()];
  const costs = await measure(steps, rounds);
  const found: Recorded['figures'] = {};
  for (const step of steps) {
    const cost = costs.get(step.name);
    if (cost === undefined) continue;
    found[step.name] = { ns: Math.round(cost.ns), ratio: Math.round(cost.ratio * 1000) / 1000 };
    if (step.name.startsWith('hit')) found[step.name].bytes = Math.round(await garbage(step, MILLION));
  }
  return found;
}

function recorded(): Recorded | undefined {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Recorded;
  } catch {
    return undefined;
  }
}

function line(name: string, now: Figure, before: Figure | undefined): string {
  const bytes = now.bytes === undefined ? '' : `  ${String(now.bytes).padStart(4)} bytes`;
  const text = `${name.padEnd(40)} ${String(now.ns).padStart(6)} ns  ${now.ratio.toFixed(3).padStart(8)} x fixed${bytes}`;
  if (before === undefined) return text;
  const change = now.ratio / before.ratio;
  const isWorse = change > WORSE || (now.bytes ?? 0) > (before.bytes ?? 0) * WORSE + 1;
  return `${text.padEnd(84)} ${change.toFixed(2)} x before${isWorse ? '  worse' : ''}`;
}

const { values } = parseArgs({ options: { record: { type: 'boolean' }, rounds: { type: 'string', default: '150' } } });
const machine = cpus()[0]?.model ?? 'unknown';
const before = recorded();
const now = await figures(Number(values.rounds));
if (before !== undefined) console.log(`recorded on ${before.date}, ${before.machine}, Node ${before.node}`);
if (before !== undefined && before.machine !== machine) console.log(`this machine is another one: ${machine}`);
for (const [name, figure] of Object.entries(now)) console.log(line(name, figure, before?.figures[name]));
if (values.record) {
  const document: Recorded = {
    date: new Date().toISOString().slice(0, 10),
    machine,
    node: process.version,
    figures: now,
  };
  writeFileSync(FILE, `${JSON.stringify(document, null, 2)}\n`);
}
