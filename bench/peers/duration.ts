import type { Options } from './options.ts';

/** Seconds that each of these takes beside what is measured, on a virtual machine with two cores. */
const START = 0.8;
const CHECK = 0.4;
const AROUND = 0.25;
const STALE = 2.5;
/** To store the objects of a case about disks. */
const STORE = 25;
const WEIGH = 33;
/** Before each measurement of a server that compiles its code. */
const AGAIN = 2;

/** About how many minutes a run takes on a quiet machine, as a whole number. */
export function minutes({ peers, cases, rounds, steadyRounds, seconds, warmup, longWarmup, memory }: Options): number {
  const pairs = cases.flatMap((work) =>
    peers.filter(({ kinds }) => kinds.includes(work.kind)).map(({ compiles = false }) => ({ ...work, compiles })),
  );
  const each = pairs.map(({ longWarmup: fills, compiles, steady, kind }) => {
    const before =
      CHECK +
      (fills || compiles ? longWarmup : warmup) +
      (compiles ? rounds * AGAIN : 0) +
      (kind === 'revalidate' ? STALE : kind === 'disk' ? STORE : 0);
    return before + (rounds + (steady ? steadyRounds : 0)) * (seconds + AROUND);
  });
  const groups = new Set(cases.map(({ kind }) => kind)).size;
  const weighed = memory ? peers.filter((peer) => peer.weighed).length * WEIGH : 0;
  const sum = each.reduce((all, one) => all + one, 0) + Math.min(groups, 5) * peers.length * START + weighed;
  return Math.max(1, Math.round(sum / 60));
}
