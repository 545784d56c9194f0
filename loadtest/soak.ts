import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Asker, overHttp1, overHttp2 } from './soak/ask.ts';
import type { Versions } from './soak/check.ts';
import { OBJECTS } from './soak/objects.ts';
import { type PurgeFindings, purgeOnAndOn } from './soak/purges.ts';
import { openStage, PARTS, type Part, type Stage } from './soak/server.ts';
import { json, judge, sizeOf, text, total } from './soak/verdicts.ts';
import { type Findings, visit } from './soak/visitors.ts';
import { type Held, heldBy, Watch } from './soak/watch.ts';

const HELP = `Mixed load on lb for a long time: hits and misses, ranges, large objects, slices, compression, conditional requests, purges,
a disk tier and clients that leave, over HTTP/1.1 and HTTP/2. Every byte of every answer is checked.

Examples:
  npm run soak                                     30 minutes
  npm run soak -- --minutes 2                      a short one; its memory figure means little
  npm run soak -- --without disk,slices

Options:
  --minutes N      whole length, 0.1 to 10000 (default 30)
  --visitors N     clients that ask at the same time, 1 to 500 (default 24)
  --warm-up N      minutes at the beginning in which memory may grow (default a third of the length, at most 10)
  --without A,B    leave out ${PARTS.join(', ')}
  --json           print the findings as JSON

Exit codes: 0 everything was as it must be; 1 something was not; 2 wrong usage; 3 nothing was wrong, but the run was too short
or the machine too busy to tell whether memory grows.
`;

/** Longest wait for descriptors and pins to come back after the last client has left, in ms. */
const PATIENCE = 60_000;
const MB = 1024 * 1024;
/** Faults shown while it runs. */
const SHOWN = 5;

interface Options {
  minutes: number;
  warmUp: number;
  visitors: number;
  without: ReadonlySet<Part>;
  json: boolean;
}

class UsageError extends Error {}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const dir = mkdtempSync(join(tmpdir(), 'lb-soak-'));
  const versions: Versions & { shared: SharedArrayBuffer } = sharedVersions();
  try {
    const stage = await openStage(dir, versions.shared, options.without);
    return await run(stage, versions, options);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Versions of all objects, and one more word for the origin's count. */
function sharedVersions() {
  const shared = new SharedArrayBuffer((OBJECTS + 1) * 4);
  return { shared, newest: new Int32Array(shared), floors: new Int32Array(OBJECTS) };
}

async function run(stage: Stage, versions: Versions, options: Options): Promise<number> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const findings: Findings = { requests: {}, bytes: 0, wrong: [], failed: [], cut: 0, left: 0 };
  const purges: PurgeFindings = { done: 0, failed: [] };
  const askers = [overHttp1(stage.plain, options.visitors), ...(stage.secure ? [overHttp2(stage.secure)] : [])];
  await touch(askers);
  await quiet(stage, askers, { descriptors: {}, mostOfFile: 0, pins: 0, flights: 0 });
  const before = await heldBy(stage.pid, stage.admin, stage.disk);
  const watch = new Watch(stage.pid, stage.disk, stage.probes);
  const work = [
    purgeOnAndOn(stage.admin, versions, purges, stop.signal),
    ...Array.from({ length: options.visitors }, (_, i) =>
      visit({ asker: askers[i % askers.length], versions, findings }, stop.signal),
    ),
  ];
  const progress = setInterval(() => tell(watch, findings, purges), 60_000);
  await sleep(options.minutes * 60_000, undefined, { signal: stop.signal }).catch(() => {});
  stop.abort();
  clearInterval(progress);
  await Promise.all(work);
  watch.stop();
  const seen = { after: await quiet(stage, askers, before), code: 0 as number | string };
  const output = stage.output();
  seen.code = await stage.close();
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
  const verdicts = judge({ findings, purges, before, ...seen, watch, ...options, output });
  process.stdout.write(
    options.json ? json(verdicts, findings, purges, watch) : text(verdicts, findings, purges, watch, options.warmUp),
  );
  if (verdicts.some(({ outcome }) => outcome === 'BROKEN')) return 1;
  return verdicts.some(({ outcome }) => outcome === 'unclear') ? 3 : 0;
}

/** Brings into being what lb makes at the first request of each kind and then keeps. */
async function touch(askers: readonly Asker[]): Promise<void> {
  for (const asker of askers) {
    for (const path of ['/hot/0', '/text/0', '/medium/0']) (await asker.ask({ path })).body.resume();
  }
}

/** Lets all clients go and waits until lb holds no more than before. Gives what it holds in the end. */
async function quiet(stage: Stage, askers: readonly Asker[], before: Held): Promise<Held> {
  for (const asker of askers) asker.close();
  const deadline = performance.now() + PATIENCE;
  const most = sizeOf(before) || Number.POSITIVE_INFINITY;
  for (;;) {
    await sleep(500);
    stage.quieten();
    await sleep(500);
    const held = await heldBy(stage.pid, stage.admin, stage.disk);
    if (held.pins === 0 && held.flights === 0 && sizeOf(held) <= most) return held;
    if (performance.now() > deadline) return held;
  }
}

function tell({ memory, hours, mostOnDisk }: Watch, findings: Findings, purges: PurgeFindings): void {
  const parts = [
    `${(hours * 60).toFixed(0)} min`,
    `${total(findings).toLocaleString('en')} requests`,
    `${(findings.bytes / MB / 1024).toFixed(1)} GB`,
    `${purges.done} purges`,
    `${findings.wrong.length} wrong, ${findings.failed.length} failed`,
    `${((memory.at(-1)?.y ?? 0) / MB).toFixed(1)} MB resident`,
    `${(mostOnDisk / MB).toFixed(0)} MB on disk`,
  ];
  const faults = [...findings.wrong, ...findings.failed].map((fault) => `! ${fault}\n`);
  process.stderr.write(`${parts.join(', ')}\n${faults.slice(0, SHOWN).join('')}`);
}

function readOptions(argv: readonly string[]): Options | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  const minutes = number('--minutes', values.minutes ?? '30', 0.1, 10_000);
  const without = (values.without ?? '').split(',').filter(Boolean);
  const unknown = without.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--without takes ${PARTS.join(', ')}, not ${unknown}`);
  return {
    minutes,
    warmUp:
      values['warm-up'] === undefined ? Math.min(10, minutes / 3) : number('--warm-up', values['warm-up'], 0, minutes),
    visitors: number('--visitors', values.visitors ?? '24', 1, 500),
    without: new Set(without as Part[]),
    json: values.json === true,
  };
}

function parse(argv: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    const options = { minutes: text, visitors: text, 'warm-up': text, without: text, json: flag, help: flag };
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function number(option: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (!(value >= least && value <= most)) throw new UsageError(`${option} takes ${least} to ${most}, not ${given}`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`soak: ${(error as Error).message}${usage ? '\n\nTry --help.' : ''}\n`);
  process.exitCode = usage ? 2 : 1;
}
