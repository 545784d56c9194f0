import type { Case } from './cases.ts';
import { DISTURBED, type Sample } from './measure.ts';
import { MB } from './peer.ts';
import type { Outcome } from './session.ts';
import { median, spread } from './statistics.ts';
import type { Steady } from './steady/steady.ts';

/** Medians over the rounds of one server in one case. */
export interface Summary extends Omit<Sample, 'round' | 'requests'> {
  server: string;
  /** Half the range of the CPU cost over the rounds, as a share of its median. */
  noise: number;
  /** Medians of the latencies at half the peak, in microseconds. */
  steady?: { rate: number; p50: number; p99: number; p999: number };
  /** CPU of this server as a multiple of lb's. */
  cpuToLb?: number;
  /** CPU of lb as a multiple of this server's: below 1 lb is cheaper. */
  lbToThis?: number;
}

const REFERENCE = 'lb';

/** One line per server that was measured in the case, ratios taken to `lb` where it was. */
export function summarize(outcomes: readonly Outcome[], work: Case): Summary[] {
  const measured = outcomes.filter((outcome) => outcome.work === work.name && outcome.samples.length > 0);
  const summaries = measured.map(({ server, samples, steady }): Summary => {
    const middle = (field: keyof Sample) => median(samples.map((sample) => sample[field]));
    const atHalf = (field: keyof Steady) => median(steady.map((run) => run[field]));
    return {
      server,
      ...(steady.length > 0 && {
        steady: { rate: atHalf('rate'), p50: atHalf('p50'), p99: atHalf('p99'), p999: atHalf('p999') },
      }),
      requestsPerSecond: middle('requestsPerSecond'),
      cpuMicrosPerRequest: middle('cpuMicrosPerRequest'),
      noise: spread(samples.map((sample) => sample.cpuMicrosPerRequest)),
      p50: middle('p50'),
      p99: middle('p99'),
      p999: middle('p999'),
      hitRatio: middle('hitRatio'),
      coreUse: middle('coreUse'),
      otherUse: middle('otherUse'),
      failed: samples.reduce((sum, sample) => sum + sample.failed, 0),
    };
  });
  const reference = summaries.find(({ server }) => server === REFERENCE)?.cpuMicrosPerRequest;
  if (reference === undefined) return summaries;
  return summaries.map((summary) => ({
    ...summary,
    cpuToLb: summary.cpuMicrosPerRequest / reference,
    lbToThis: reference / summary.cpuMicrosPerRequest,
  }));
}

/** How noisy the machine was, in one sentence. */
export function noiseLine(summaries: readonly Summary[]): string {
  if (summaries.length === 0) return 'nothing was measured in rounds';
  const spreads = summaries.map(({ noise }) => noise);
  const others = summaries.map(({ otherUse }) => otherUse);
  return `noise of CPU us/request: ±${percent(median(spreads))} in the middle, ±${percent(Math.max(...spreads))} at most; others used ${percent(median(others))} of the server's core, ${percent(Math.max(...others))} at most`;
}

type Column = [title: string, cell: (summary: Summary, work: Case) => string];

/** Bytes of a body from which on what counts is how many bytes a second go out. */
const LARGE = 64 * 1024;

const COLUMNS: readonly Column[] = [
  ['server', ({ server }) => server],
  ['requests/s', ({ requestsPerSecond }) => Math.round(requestsPerSecond).toLocaleString('en')],
  ['MB/s', ({ requestsPerSecond }, { bytes }) => Math.round((requestsPerSecond * bytes) / MB).toLocaleString('en')],
  ['CPU us/request', ({ cpuMicrosPerRequest }) => cpuMicrosPerRequest.toFixed(cpuMicrosPerRequest < 100 ? 2 : 1)],
  ['noise', ({ noise }) => `±${percent(noise)}`],
  ['p50 ms', ({ p50 }) => millis(p50)],
  ['p99 ms', ({ p99 }) => millis(p99)],
  ['at half: p50', ({ steady }) => millis(steady?.p50)],
  ['p99', ({ steady }) => millis(steady?.p99)],
  ['p99.9 ms', ({ steady }) => millis(steady?.p999)],
  ['CPU to lb', ({ cpuToLb }) => (cpuToLb === undefined ? '-' : `${cpuToLb.toFixed(2)} x`)],
  ['in words', inWords],
  ['hits', ({ hitRatio }) => percent(hitRatio)],
  ['core used', ({ coreUse }) => percent(coreUse)],
  ['by others', ({ otherUse }) => percent(otherUse)],
];

/** The table of one case as text, numbers aligned to the right. */
export function table(work: Case, summaries: readonly Summary[]): string {
  const heading = `${work.name}: ${work.title} (${work.connections} connections)`;
  if (summaries.length === 0) return `${heading}\nno server was measured`;
  const columns = COLUMNS.filter(([title]) => title !== 'MB/s' || work.bytes >= LARGE).filter(
    ([title]) => work.steady || !['at half: p50', 'p99', 'p99.9 ms'].includes(title),
  );
  const rows = [
    columns.map(([title]) => title),
    ...summaries.map((summary) => columns.map(([, cell]) => cell(summary, work))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  return [heading, ...lines, ...warnings(work, summaries)].join('\n');
}

/** What makes a figure of this case doubtful, one line each. */
function warnings(work: Case, summaries: readonly Summary[]): string[] {
  const found = summaries.flatMap(({ server, failed, hitRatio, otherUse }) => [
    ...(failed > 0 ? [`${server}: ${failed} requests failed`] : []),
    ...((work.kind === 'hit' || work.kind === 'disk') && hitRatio < 0.999
      ? [`${server}: not every request was a hit`]
      : []),
    ...((work.kind === 'miss' && hitRatio > 0.005) || (work.kind === 'revalidate' && hitRatio > 0.02)
      ? [`${server}: not every request reached the origin`]
      : []),
    ...(otherUse > DISTURBED ? [`${server}: something else used its core for ${percent(otherUse)} of the time`] : []),
  ]);
  return found.map((text) => `! ${text}`);
}

function inWords({ server, lbToThis }: Summary): string {
  if (lbToThis === undefined || server === REFERENCE) return '-';
  return `lb is ${lbToThis.toFixed(2)} x ${server}`;
}

function millis(micros: number | undefined): string {
  return micros === undefined || Number.isNaN(micros) ? '-' : (micros / 1000).toFixed(2);
}

function percent(share: number): string {
  const digits = share > 0.9 && share < 0.9995 ? 1 : 0;
  return `${(share * 100).toFixed(digits)}%`;
}
