/**
 * Tells what has become more than 5 % dearer on the hot path since the figures of bench/recorded.json: `npm run bench:check`, which is for
 * people and fails on nothing. `-- --record` writes them anew, `-- --rounds N` measures longer.
 */
import { spawnSync } from 'node:child_process';
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
const PROCESSES = 5;

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

function compare(now: Recorded['figures'], isRecorded: boolean): void {
  const machine = cpus()[0]?.model ?? 'unknown';
  const before = recorded();
  if (before !== undefined) console.log(`recorded on ${before.date}, ${before.machine}, Node ${before.node}`);
  if (before !== undefined && before.machine !== machine) console.log(`this machine is another one: ${machine}`);
  for (const [name, figure] of Object.entries(now)) console.log(line(name, figure, before?.figures[name]));
  if (!isRecorded) return;
  const date = new Date().toISOString().slice(0, 10);
  const document: Recorded = { date, machine, node: process.version, figures: now };
  writeFileSync(FILE, `${JSON.stringify(document, null, 2)}\n`);
}

/**
 * The least of several processes: what V8 has found out by chance about code when it compiles it makes the same work dearer in one
 * process than in another, for as long as that lives.
 */
function leastOf(rounds: string): Recorded['figures'] {
  const least: Recorded['figures'] = {};
  for (let run = 0; run < PROCESSES; run++) {
    const argv = [import.meta.filename, '--one', '--rounds', rounds];
    const { stdout, status } = spawnSync(process.execPath, argv, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error('a process of the bench failed');
    for (const [name, figure] of Object.entries(JSON.parse(stdout) as Recorded['figures'])) {
      if (least[name] === undefined || figure.ratio < least[name].ratio) least[name] = figure;
    }
  }
  return least;
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

const { values } = parseArgs({
  options: { record: { type: 'boolean' }, one: { type: 'boolean' }, rounds: { type: 'string', default: '60' } },
});
if (values.one) console.log(JSON.stringify(await figures(Number(values.rounds))));
else compare(leastOf(values.rounds), values.record === true);
