import { median, spread } from '../peers/statistics.ts';
import type { Sample, Work } from './drive.ts';
import type { Server } from './servers.ts';

/** What a server did with a kind of request. */
export interface Outcome {
  readonly server: Server;
  readonly work: Work;
  readonly samples: Sample[];
}

/** Share of its core's time that others may take before a figure is doubtful. */
const DISTURBED = 0.1;

const HEADINGS = ['', 'CPU us/request', 'noise', 'firewall us', 'to ModSecurity', 'by others'];

/** One line a server. `firewall us` is the median, over the rounds, of what the firewall adds to the same server without. */
export function table(work: Work, outcomes: readonly Outcome[]): string {
  const own = outcomes.filter((outcome) => outcome.work === work);
  const rows = own.map((outcome) => row(outcome, own));
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...rows.map((cells) => cells[i].length)));
  const lines = [HEADINGS, ...rows].map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  return [work.title, ...lines, ...warnings(own)].join('\n');
}

function row(outcome: Outcome, own: readonly Outcome[]): string[] {
  const { server, samples } = outcome;
  const costs = samples.map(({ microsPerRequest }) => microsPerRequest);
  const added = surplus(outcome, own);
  const peer = own.find((other) => other.server.program === 'nginx' && other.server.level === server.level);
  const ofPeer = peer === undefined ? undefined : surplus(peer, own);
  const isRatio = server.program === 'lb' && added !== undefined && ofPeer !== undefined;
  return [
    server.name,
    median(costs).toFixed(1),
    `\u00b1${percent(spread(costs))}`,
    added === undefined ? '' : added.toFixed(1),
    isRatio ? `${(added / ofPeer).toFixed(3)} x` : '',
    percent(median(samples.map(({ otherUse }) => otherUse))),
  ];
}

/** What the firewall adds; undefined of a server without one. */
function surplus({ server, samples }: Outcome, own: readonly Outcome[]): number | undefined {
  const plain = own.find((other) => other.server.program === server.program && other.server.level === undefined);
  if (server.level === undefined || plain === undefined) return undefined;
  return median(samples.map(({ microsPerRequest }, round) => microsPerRequest - plain.samples[round].microsPerRequest));
}

function warnings(own: readonly Outcome[]): string[] {
  return own.flatMap(({ server, samples }) => {
    const failed = samples.reduce((sum, sample) => sum + sample.failed, 0);
    const disturbed = median(samples.map(({ otherUse }) => otherUse)) > DISTURBED;
    return [
      ...(failed > 0 ? [`! ${server.name}: ${failed} requests failed or were refused`] : []),
      ...(disturbed ? [`! ${server.name}: something else used its core`] : []),
    ];
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}
