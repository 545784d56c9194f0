import { parseArgs } from 'node:util';
import { CASES, type Case } from './cases.ts';
import { minutes } from './duration.ts';
import type { Peer } from './peer.ts';
import { lb, lbBefore, MAIN_PEERS, PEERS } from './servers/index.ts';
import { nginxSendfile } from './servers/nginx.ts';

export interface Options {
  peers: readonly Peer[];
  cases: readonly Case[];
  rounds: number;
  /** Rounds of latencies at half the peak. */
  steadyRounds: number;
  /** Length of one measurement in seconds. */
  seconds: number;
  /** Length of the first, unmeasured run of each server on each case, in seconds. */
  warmup: number;
  /** The same where caches have to fill, and of servers that compile their code while they work. */
  longWarmup: number;
  /** Whether memory for each object and each idle connection is measured. */
  memory: boolean;
  /** File for all samples as JSON, `-` for standard output. */
  json?: string;
  /** Another checkout's lb, measured in turn with this one's; among `peers`. */
  baseline?: Peer;
  install: boolean;
  /** Whether docs/performance.md gets the results and the chart. */
  write: boolean;
  /** Core of the client and the origin, and core of the server under test. */
  loadCore: number;
  serverCore: number;
}

const CASE_NAMES = CASES.map(({ name }) => name);

/** What a change to lb is measured by unless other cases are asked for. */
const BASELINE_CASES = ['hit-1k', 'hit-64k', 'miss-1k'];

/** Named among the cases, though it is none that is driven in rounds. */
const MEMORY = 'memory';

type Preset = Pick<Options, 'rounds' | 'seconds' | 'warmup' | 'longWarmup'> & { cases?: readonly string[] };

const EVERYTHING: Preset = { rounds: 5, seconds: 2, warmup: 1, longWarmup: 10 };

const QUICK: Preset = {
  ...{ rounds: 2, seconds: 1, warmup: 1, longWarmup: 6 },
  cases: ['hit-1k', 'hit-64k', 'miss-1k', 'tls-1k', 'h2-1k'],
};

const MAIN: Preset = {
  ...{ rounds: 3, seconds: 2, warmup: 1, longWarmup: 6 },
  cases: [
    ...['hit-1k', 'hit-64k', 'hit-1m', 'miss-1k', 'revalidate-1k', 'not-modified-1k', 'tls-1k', 'h2-1k'],
    'waf-1k',
    MEMORY,
  ],
};

/** The text of --help. */
export function help(): string {
  const about = (argv: readonly string[]): string => `about ${minutes(readOptions(argv) as Options)} minutes`;
  return `Measures lb beside its peers, each on one core, in front of the same origin.

Examples:
  npm run bench:peers                                   everything, ${about([])}
  npm run bench:peers -- --main --write                 the main cases, ${about(['--main'])}, into docs/performance.md
  npm run bench:peers -- --quick                        ${QUICK.cases?.length} cases, under 3 minutes, noisier
  npm run bench:peers -- --main --only lb,nginx --cases hit-1k,miss-1k
  npm run bench:peers -- --cases memory                 memory for each object and each idle connection
  npm run bench:peers -- --cases disk-64k,disk-1m       hits from disk alone, ${about(['--cases', 'disk-64k,disk-1m'])}
  npm run bench:peers -- --baseline ../lb-before        before and after a change, about 3 minutes

Options:
  --main          the main cases and servers, in fewer and shorter runs
  --quick         still fewer of all three
  --only A,B      servers: ${PEERS.map(nameOfPeer).join(', ')}
  --cases X,Y     cases: ${CASES.map(({ name }) => name).join(', ')}, ${MEMORY}
  --baseline DIR  a built checkout of lb at another commit, measured as "lb before" beside lb; without --only these
                  two alone, without --cases ${BASELINE_CASES.join(', ')}
  --rounds N      rounds over all servers (default ${EVERYTHING.rounds}, main ${MAIN.rounds}, quick ${QUICK.rounds})
  --seconds N     length of one measurement (default ${EVERYTHING.seconds}, main ${MAIN.seconds}, quick ${QUICK.seconds})
  --json FILE     write every sample as JSON; - for standard output instead of the table
  --write         put the results and a chart into docs/performance.md
  --cores L,S     L for the client and the origin, S for the server under test (default 0,1)
  --no-install    do not install what is missing with apt-get
  --help
`;
}

/** Wrong usage; the message is for the user. */
export class UsageError extends Error {}

/** Reads the command line; undefined when help was asked for. Throws UsageError. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  if (values.quick && values.main) throw new UsageError('--quick and --main exclude each other');
  const preset = values.quick ? QUICK : values.main ? MAIN : EVERYTHING;
  const [loadCore, serverCore] = cores(values.cores ?? '0,1');
  const baseline = values.baseline === undefined ? undefined : baselineOf(values.baseline);
  const wanted = values.cases?.split(',') ?? (baseline && BASELINE_CASES) ?? preset.cases ?? [...CASE_NAMES, MEMORY];
  const cases = select(
    'case',
    CASES,
    wanted.filter((name) => name !== MEMORY),
    ({ name }) => name,
    [MEMORY],
  );
  return {
    peers: choosePeers(values.only, preset !== EVERYTHING, baseline, cases),
    cases,
    baseline,
    rounds: count('--rounds', values.rounds, preset.rounds),
    steadyRounds: preset === QUICK ? 1 : count('--rounds', values.rounds, preset.rounds),
    seconds: count('--seconds', values.seconds, preset.seconds),
    warmup: preset.warmup,
    longWarmup: preset.longWarmup,
    memory: wanted.includes(MEMORY),
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
        main: { type: 'boolean' },
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

/** The servers of the run. The baseline comes next to lb, so that the two are measured one after the other. */
function choosePeers(
  only: string | undefined,
  few: boolean,
  baseline: Peer | undefined,
  cases: readonly Case[],
): readonly Peer[] {
  const main = cases.some(({ kind }) => kind === 'disk') ? [...MAIN_PEERS, nginxSendfile] : MAIN_PEERS;
  const fallback = baseline !== undefined ? [lb] : few ? main : PEERS;
  const chosen = only === undefined ? fallback : select('server', PEERS, only.split(','), nameOfPeer);
  if (baseline === undefined) return chosen;
  return [...chosen.filter((peer) => peer === lb), baseline, ...chosen.filter((peer) => peer !== lb)];
}

const nameOfPeer = ({ name }: Peer): string => name.replace(' ', '-');

/** The items of these names, in their own order; `more` are names that are told beside theirs. */
function select<T>(
  what: string,
  all: readonly T[],
  names: readonly string[],
  nameOf: (item: T) => string,
  more: readonly string[] = [],
): readonly T[] {
  const known = all.map(nameOf);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`no ${what} is called ${unknown}; there are ${[...known, ...more].join(', ')}`);
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
