import { parseArgs } from 'node:util';
import { CASES, type Case } from './cases.ts';
import type { Peer } from './peer.ts';
import { lb, lbBefore, MAIN_PEERS, PEERS } from './servers/index.ts';
import { nginxSendfile } from './servers/nginx.ts';

export interface Options {
  peers: readonly Peer[];
  cases: readonly Case[];
  rounds: number;
  /** Length of one measurement in seconds. */
  seconds: number;
  /** Length of the first, unmeasured run of each server on each case, in seconds. */
  warmup: number;
  /** The same for the Zipf mix, whose caches have to fill. */
  zipfWarmup: number;
  /** File for all samples as JSON, `-` for standard output. */
  json?: string;
  /** Another checkout's lb, measured in turn with this one's; among `peers`. */
  baseline?: Peer;
  install: boolean;
  /** Whether docs/performance.md gets the results and the chart. */
  write: boolean;
  /** Core of wrk and the origin, and core of the server under test. */
  loadCore: number;
  serverCore: number;
}

/** What a change to lb is measured by unless other cases are asked for. */
const BASELINE_CASES = ['hit-1k', 'hit-64k', 'miss-1k'];

export const HELP = `Measures lb beside its peers, each on one core, in front of the same origin.

Examples:
  npm run bench:peers                                   everything, about 35 minutes
  npm run bench:peers -- --quick                        the main servers, about 4 minutes
  npm run bench:peers -- --quick --only lb,nginx --cases hit-1k,miss-1k
  npm run bench:peers -- --cases disk-64k,disk-1m       hits from disk alone
  npm run bench:peers -- --baseline ../lb-before        before and after a change, about 3 minutes

Options:
  --quick         fewer and shorter runs, without the variants nginx+sendfile and varnish+log and without
                  the cases about disks (unless they are named); noisier
  --only A,B      servers: ${PEERS.map(({ name }) => name.replace(' ', '-')).join(', ')}
  --cases X,Y     cases: ${CASES.map(({ name }) => name).join(', ')}
  --baseline DIR  a built checkout of lb at another commit, measured as "lb before" beside lb; without --only these
                  two alone, without --cases ${BASELINE_CASES.join(', ')}
  --rounds N      rounds over all servers (default 5, quick 3)
  --seconds N     length of one measurement (default 4, quick 1)
  --json FILE     write every sample as JSON; - for standard output instead of the table
  --write         put the results and a chart into docs/performance.md
  --cores L,S     L for wrk and the origin, S for the server under test (default 0,1)
  --no-install    do not install what is missing with apt-get
  --help
`;

/** Wrong usage; the message is for the user. */
export class UsageError extends Error {}

/** Reads the command line; undefined when help was asked for. Throws UsageError. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  const quick = values.quick === true;
  const [loadCore, serverCore] = cores(values.cores ?? '0,1');
  const baseline = values.baseline === undefined ? undefined : baselineOf(values.baseline);
  const cases = chooseCases(values.cases ?? (baseline && BASELINE_CASES.join()), quick);
  return {
    peers: choosePeers(values.only, quick, baseline, cases),
    cases,
    baseline,
    rounds: count('--rounds', values.rounds, quick ? 3 : 5),
    seconds: count('--seconds', values.seconds, quick ? 1 : 4),
    warmup: quick ? 1 : 2,
    zipfWarmup: quick ? 4 : 10,
    json: values.json,
    write: values.write === true,
    install: values.install !== false,
    loadCore,
    serverCore,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowNegative: true,
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string' },
        cases: { type: 'string' },
        baseline: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        write: { type: 'boolean' },
        json: { type: 'string' },
        cores: { type: 'string' },
        install: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function baselineOf(checkout: string): Peer {
  const peer = lbBefore(checkout);
  const absent = peer.absent();
  if (absent !== undefined) throw new UsageError(`--baseline: ${absent}`);
  return peer;
}

/** The cases of the run. Those about disks have far more to store first, so a quick run does them only when they are named. */
function chooseCases(names: string | undefined, quick: boolean): readonly Case[] {
  if (names === undefined && quick) return CASES.filter(({ kind }) => kind !== 'disk');
  return select('case', CASES, names, ({ name }) => name);
}

/** The servers of the run. The baseline comes next to lb, so that the two are measured one after the other. */
function choosePeers(
  only: string | undefined,
  quick: boolean,
  baseline: Peer | undefined,
  cases: readonly Case[],
): readonly Peer[] {
  const main = cases.some(({ kind }) => kind === 'disk') ? [...MAIN_PEERS, nginxSendfile] : MAIN_PEERS;
  const chosen =
    only === undefined && baseline !== undefined
      ? [lb]
      : only === undefined && quick
        ? main
        : select('server', PEERS, only, ({ name }) => name.replace(' ', '-'));
  if (baseline === undefined) return chosen;
  return [...chosen.filter((peer) => peer === lb), baseline, ...chosen.filter((peer) => peer !== lb)];
}

function select<T>(
  what: string,
  all: readonly T[],
  list: string | undefined,
  nameOf: (item: T) => string,
): readonly T[] {
  if (list === undefined) return all;
  const names = list.split(',');
  const unknown = names.find((name) => !all.some((item) => nameOf(item) === name));
  if (unknown !== undefined) {
    throw new UsageError(`no ${what} is called ${unknown}; there are ${all.map(nameOf).join(', ')}`);
  }
  return all.filter((item) => names.includes(nameOf(item)));
}

function count(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`${option} takes a whole number from 1 to 9999, not ${text}`);
  return Number(text);
}

function cores(text: string): [number, number] {
  const found = /^(\d+),(\d+)$/.exec(text);
  if (found === null) throw new UsageError(`--cores takes two core numbers like 0,1, not ${text}`);
  return [Number(found[1]), Number(found[2])];
}
