import { availableParallelism } from 'node:os';
import type { PurgeFindings } from './purges.ts';
import { DISK_BYTES, LARGEST_STORED, type Part } from './server.ts';
import { leastOfBlocks, type Point, type Slope, slopeOf } from './slope.ts';
import type { Findings } from './visitors.ts';
import type { Held, Watch } from './watch.ts';

const MOST_GROWTH_MB_PER_HOUR = 1;
const MB = 1024 * 1024;
/** Threads that open files of the disk tier: an edge and that of the disk. */
const THREADS = 2;
/** Faults that are told of each kind. */
const SHOWN = 10;

type Outcome = 'kept' | 'BROKEN' | 'unclear';

/** Something that must hold, and what was found. */
export interface Verdict {
  name: string;
  outcome: Outcome;
  figure: string;
}

/** Descriptors in all. */
export const sizeOf = ({ descriptors }: Held): number =>
  Object.values(descriptors).reduce((sum, count) => sum + count, 0);

/** Everything that a run has found. */
export interface Seen {
  findings: Findings;
  purges: PurgeFindings;
  before: Held;
  after: Held;
  code: number | string;
  watch: Watch;
  /** Minutes in which memory may grow. */
  warmUp: number;
  without: ReadonlySet<Part>;
  output: string;
}

/** Says of everything that must hold whether it did. */
export function judge({ findings, purges, before, after, code, watch, warmUp, without, output }: Seen): Verdict[] {
  const bad = output.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line));
  const check = (name: string, holds: boolean, figure: string): Verdict => ({
    name,
    outcome: holds ? 'kept' : 'BROKEN',
    figure,
  });
  const pins = `${after.pins} pins and ${after.flights} flights`;
  return [
    check('wrong content', findings.wrong.length === 0, String(findings.wrong.length)),
    check('requests without their answer', findings.failed.length === 0, String(findings.failed.length)),
    check('purges that failed', purges.failed.length === 0, `${purges.failed.length} of ${purges.done}`),
    ...growth(watch, warmUp),
    check(
      'descriptors',
      sizeOf(after) <= sizeOf(before),
      `${sizeOf(before)} before, ${sizeOf(after)} after${more(before, after)}`,
    ),
    check(
      'descriptors of one file of the disk',
      after.mostOfFile <= THREADS,
      `at most ${after.mostOfFile}, one a thread`,
    ),
    check('pins', after.pins === 0 && after.flights === 0, `${pins} after the last client has left`),
    ...(without.has('disk')
      ? []
      : [
          check(
            'files of the disk tier',
            watch.mostOnDisk > 0 && watch.mostOnDisk <= DISK_BYTES + LARGEST_STORED,
            `at most ${(watch.mostOnDisk / MB).toFixed(1)} MB, limit ${DISK_BYTES / MB} MB and one object`,
          ),
        ]),
    check('errors in the log', bad.length === 0, bad.length === 0 ? '0' : `${bad.length}: ${bad[0]}`),
    check('end', code === 0, `exit code ${code}`),
  ];
}

/** Descriptors that were not there before, by what they are. */
function more(before: Held, after: Held): string {
  const names = Object.keys(after.descriptors).filter(
    (name) => after.descriptors[name] > (before.descriptors[name] ?? 0),
  );
  return names.map((name) => `, ${after.descriptors[name] - (before.descriptors[name] ?? 0)} more ${name}`).join('');
}

/** Whether what is left after collections grows: what the process has for itself, and shared memory. */
function growth(watch: Watch, warmUp: number): Verdict[] {
  const left = watch.afterCollections();
  return (['own', 'shared'] as const).map((kind) => {
    const points = (left.get(kind) ?? []).filter(({ x }) => x * 60 > warmUp);
    const slope = slopeOf(points.map(inMb));
    const outcome: Outcome =
      slope.high <= MOST_GROWTH_MB_PER_HOUR ? 'kept' : slope.low > MOST_GROWTH_MB_PER_HOUR ? 'BROKEN' : 'unclear';
    const level = (points.at(-1)?.y ?? Number.NaN) / MB;
    return {
      name: `growth of memory, ${kind}`,
      outcome,
      figure: `${slopeText(slope)}, limit ${MOST_GROWTH_MB_PER_HOUR}; ${level.toFixed(1)} MB in the end`,
    };
  });
}

/** What memory did without a verdict: as it is between collections, and of each thread after them. */
function course(watch: Watch, warmUp: number): string[] {
  const isLate = ({ x }: Point): boolean => x * 60 > warmUp;
  const resident = slopeOf(leastOfBlocks(watch.memory.filter(isLate)).map(inMb));
  const lines = [`resident, least of each twentieth: ${slopeText(resident)}`];
  for (const [name, all] of watch.afterCollections()) {
    const points = all.filter(isLate);
    const slope = slopeOf(points.map(inMb));
    if (!name.includes(' ') || Number.isNaN(slope.perUnit)) continue;
    lines.push(`${name}: ${((points.at(-1)?.y ?? 0) / MB).toFixed(1)} MB, ${slopeText(slope)}`);
  }
  return lines;
}

const inMb = ({ x, y }: Point): Point => ({ x, y: y / MB });

function slopeText({ perUnit, low, high }: Slope): string {
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
  return `${signed(perUnit)} MB/h (95%: ${signed(low)} to ${signed(high)})`;
}

/** Requests in all. */
export const total = ({ requests }: Findings): number => Object.values(requests).reduce((sum, count) => sum + count, 0);

/** The findings for people. */
export function text(
  verdicts: readonly Verdict[],
  findings: Findings,
  purges: PurgeFindings,
  watch: Watch,
  warmUp: number,
): string {
  const faults = [
    ...findings.wrong.slice(0, SHOWN),
    ...findings.failed.slice(0, SHOWN),
    ...purges.failed.slice(0, SHOWN),
  ];
  const sorts = Object.entries(findings.requests).sort(([a], [b]) => a.localeCompare(b));
  return [
    `${(watch.hours * 60).toFixed(1)} minutes on ${availableParallelism()} cores: ${total(findings).toLocaleString('en')} requests, ` +
      `${(findings.bytes / MB / 1024).toFixed(2)} GB checked, ${purges.done} purges, ` +
      `${findings.left} answers left by their clients, ${findings.cut} cut because the object changed`,
    sorts.map(([name, count]) => `${name} ${count}`).join(', '),
    ...faults.map((fault) => `! ${fault}`),
    ...course(watch, warmUp),
    ...verdicts.map(({ name, outcome, figure }) => `${outcome.padEnd(8)}${name.padEnd(38)}${figure}`),
    '',
  ].join('\n');
}

/** The findings as one line of JSON. */
export function json(verdicts: readonly Verdict[], findings: Findings, purges: PurgeFindings, watch: Watch): string {
  const { memory, mostOnDisk } = watch;
  const left = Object.fromEntries(watch.afterCollections());
  return `${JSON.stringify({ verdicts, findings, purges, memory, left, mostOnDisk })}\n`;
}
