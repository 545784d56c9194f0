import { execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Experience } from './good-client.ts';
import { startTarget, type Target } from './target.ts';

const HELP = `Holds slow connections to lb by slowhttptest, and shows what a good client beside them gets.

Examples:
  npm run loadtest:slow
  npm run loadtest:slow -- --connections 500 --seconds 10 --kinds slow-read

Options:
  --connections N   slow connections of each kind (default 2000)
  --seconds N       longest time for each kind (default 30)
  --kinds A,B       slow-headers, slow-body, slow-read, range (default all)

slowhttptest is Debian's; as root it is installed when it is missing. Exit codes: 0 at least 99.9% of the good client's
requests succeed and their p99 is under 50 ms, for every kind; 1 not so; 2 wrong usage, or no slowhttptest.
`;

/** Arguments of slowhttptest by kind; the path is that of the target. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'slow-headers': ['-H', '-i', '2', '-x', '24', '-u', '/static/1'],
  'slow-body': ['-B', '-i', '2', '-s', '65536', '-x', '24', '-u', '/echo'],
  'slow-read': ['-X', '-n', '5', '-z', '32', '-w', '512', '-y', '1024', '-k', '3', '-u', '/large'],
  range: ['-R', '-a', '1', '-b', '3000', '-t', 'HEAD', '-u', '/static/1'],
};

/** What a good client must get. */
const LEAST_SUCCESS = 0.999;
const MOST_P99 = 50;

/** New slow connections a second. */
const RATE = 500;

/** Time beyond its own that slowhttptest may take before it is ended. */
const SLACK_SECONDS = 20;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '30' },
      kinds: { type: 'string', default: Object.keys(KINDS).join() },
      help: { type: 'boolean', default: false },
    },
  });
  const kinds = values.kinds.split(',');
  const wrong = kinds.filter((kind) => !(kind in KINDS));
  if (values.help || wrong.length > 0) {
    process.stdout.write(wrong.length > 0 ? `unknown kind ${wrong.join()}\n\n${HELP}` : HELP);
    return wrong.length > 0 ? 2 : 0;
  }
  if (!hasSlowhttptest()) {
    process.stderr.write('slowhttptest is not installed: apt-get install slowhttptest\n');
    return 2;
  }
  let kept = true;
  // every slow body holds a connection to the origin
  const target = await startTarget({ LB_ORIGIN_LIMITS_CONNECTIONS: String(2 * Number(values.connections)) });
  try {
    // the first requests of a process warm it up
    await measure(target, 'nobody else', undefined, 3);
    for (const kind of kinds) {
      const slow = [...KINDS[kind], '-c', values.connections, '-r', String(RATE), '-l', values.seconds, '-p', '3'];
      kept = (await measure(target, kind, slow, Number(values.seconds))) && kept;
    }
  } finally {
    await target.close();
  }
  return kept ? 0 : 1;
}

/** Whether it is there, or could be installed. */
function hasSlowhttptest(): boolean {
  if (spawnSync('slowhttptest', ['-h']).error === undefined) return true;
  if (process.getuid?.() !== 0) return false;
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'slowhttptest'], { stdio: 'ignore' });
  return spawnSync('slowhttptest', ['-h']).error === undefined;
}

/** Lets a good client ask while slow ones are held. @returns whether it got what it must */
async function measure(target: Target, name: string, slow: string[] | undefined, seconds: number): Promise<boolean> {
  const good = fork(fileURLToPath(new URL('good-client.ts', import.meta.url)), [new URL('/static/1', target.url).href]);
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, connectionsTo(target.url));
  }, 1000);
  if (slow === undefined) await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  else await runSlow(slow, target.url, seconds + SLACK_SECONDS);
  clearInterval(look);
  good.send('end');
  const [{ requests, failures, times }] = (await once(good, 'message')) as [Experience];
  const p99 = times[Math.floor(times.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  const success = (requests - failures) / requests;
  const isKept = success >= LEAST_SUCCESS && p99 < MOST_P99;
  const figures = [
    `${(success * 100).toFixed(3)}% of ${requests} requests`,
    `p50 ${times[Math.floor(times.length / 2)]?.toFixed(1)} ms`,
    `p99 ${p99.toFixed(1)} ms`,
    `max ${times.at(-1)?.toFixed(1)} ms`,
    `up to ${most} connections`,
  ];
  process.stdout.write(`${name.padEnd(13)} ${isKept ? 'ok  ' : 'FAIL'} ${figures.join(', ')}\n`);
  return isKept || slow === undefined;
}

async function runSlow(options: readonly string[], url: string, limit: number): Promise<void> {
  const path = options.indexOf('-u') + 1;
  const args = options.with(path, new URL(options[path], url).href);
  const child = spawn('slowhttptest', args, { stdio: 'ignore' });
  const kill = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
  await once(child, 'exit');
  clearTimeout(kill);
}

/** Connections that stand to the target, on Linux. */
function connectionsTo(url: string): number {
  try {
    const out = execFileSync('ss', ['-Htn', 'state', 'established', `( dport = :${new URL(url).port} )`]);
    return out.toString().split('\n').length - 1;
  } catch {
    return 0;
  }
}

process.exitCode = await main();
