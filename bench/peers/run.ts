import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { ending } from '../ending.ts';
import { MODULE, RULES } from '../waf/rules.ts';
import type { Case } from './cases.ts';
import { changeLines, changes } from './change.ts';
import { minutes } from './duration.ts';
import { install } from './install.ts';
import { memoryTable } from './memory.ts';
import { help, type Options, readOptions, UsageError } from './options.ts';
import { writePage } from './page.ts';
import { megabytes, type Peer } from './peer.ts';
import { noiseLine, summarize, table } from './report.ts';
import { lb } from './servers/index.ts';
import { nginx } from './servers/nginx.ts';
import { Session, type Skipped } from './session.ts';
import { missing } from './which.ts';

const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(help());
    return EXIT.ok;
  }
  if (process.platform !== 'linux')
    throw new Error('this bench reads /proc and pins by taskset: it runs on Linux only');
  const { ready, skipped } = prepare(options);
  say(`this takes about ${minutes(options)} minutes`);
  const session = new Session(options, pinnable(options), say);
  await ending(
    () => session.run(ready),
    () => session.close(),
  );
  skipped.push(...session.skipped);
  report(options, ready, session, skipped);
  return skipped.some(({ server }) => server === 'lb') ? EXIT.failed : EXIT.ok;
}

/** Debian packages of what is missing here beside the servers. */
function toolsFor(cases: readonly Case[]): (string | undefined)[] {
  const has = (kind: Case['kind']): boolean => cases.some((work) => work.kind === kind);
  return [
    missing('wrk') && 'wrk',
    missing('taskset') && 'util-linux',
    nginx.absent() && 'nginx',
    ...(has('h2') ? [missing('h2load') && 'nghttp2-client'] : []),
    ...(has('waf') && !existsSync(RULES) ? ['modsecurity-crs'] : []),
    ...(has('waf') && !existsSync(MODULE) ? ['libnginx-mod-http-modsecurity'] : []),
  ];
}

/** Installs what is missing and tells which servers can run. Throws when wrk or the origin's nginx cannot be had. */
function prepare(options: Options): { ready: Peer[]; skipped: Skipped[] } {
  const tools = toolsFor(options.cases);
  const packages = [...tools, ...options.peers.flatMap((peer) => (peer.absent() ? peer.packages : []))].filter(Boolean);
  const wanted = [...new Set(packages)] as string[];
  let refusal: string | undefined;
  if (wanted.length > 0) {
    say(`missing here: ${wanted.join(' ')}${options.install ? '; installing' : ''}`);
    refusal = options.install ? install(wanted) : 'not installing because of --no-install';
    if (refusal !== undefined) say(refusal);
  }
  const lacking = missing('wrk') ?? nginx.absent();
  if (lacking !== undefined) throw new Error(`${lacking}, and the bench cannot do without (${refusal})`);
  const skipped: Skipped[] = [];
  const ready = options.peers.filter((peer) => {
    const reason = peer.absent();
    if (reason !== undefined) skipped.push({ server: peer.name, reason });
    return reason === undefined;
  });
  for (const { server, reason } of skipped) say(`skipping ${server}: ${reason}`);
  return { ready, skipped };
}

function pinnable({ loadCore, serverCore }: Options): boolean {
  if (missing('taskset') === undefined && availableParallelism() > Math.max(loadCore, serverCore)) return true;
  say('not pinning to cores: that takes taskset and at least two cores; expect noise');
  return false;
}

function report(options: Options, peers: readonly Peer[], session: Session, skipped: readonly Skipped[]): void {
  const document = describe(options, peers, session, skipped);
  const json = `${JSON.stringify(document, null, 2)}\n`;
  if (options.json !== undefined && options.json !== '-') writeFileSync(options.json, json);
  if (options.write) writePage(document, text(document, options.cases));
  process.stdout.write(options.json === '-' ? json : text(document, options.cases));
}

function describe(options: Options, peers: readonly Peer[], session: Session, skipped: readonly Skipped[]) {
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      kernel: release(),
      node: process.version,
    },
    rounds: options.rounds,
    seconds: options.seconds,
    versions: Object.fromEntries(peers.map((peer) => [peer.name, version(peer)])),
    cases: options.cases.map((work) => ({
      name: work.name,
      title: work.title,
      servers: summarize(session.outcomes, work),
    })),
    ...(options.baseline && {
      changes: changes(session.outcomes, options.cases, lb.name, options.baseline.name),
    }),
    samples: session.outcomes,
    memory: session.memory,
    resident: session.resident,
    skipped,
  };
}

type Document = ReturnType<typeof describe>;

function text(document: Document, cases: readonly Case[]): string {
  const { machine, versions, resident, skipped } = document;
  const sections = [
    `${document.date}  ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}`,
    `medians of ${document.rounds} rounds of ${document.seconds} s; ${Object.entries(versions)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ')}`,
    noiseLine(document.cases.flatMap(({ servers }) => servers)),
    ...cases.map((work, index) => `\n${table(work, document.cases[index].servers)}`),
    ...(document.changes === undefined || document.changes.length === 0 ? [] : [`\n${changeLines(document.changes)}`]),
    ...(document.memory.length === 0 ? [] : [`\n${memoryTable(document.memory)}`]),
    `\nmemory after the cases: ${resident
      .map(({ server, memory, disk, bytes }) => `${server} ${megabytes(bytes)} MB (${limitsText(memory, disk)})`)
      .join(', ')}`,
    ...skipped.map(({ server, work, reason }) => `skipped ${server}${work ? ` in ${work}` : ''}: ${reason}`),
  ];
  return `${sections.join('\n')}\n`;
}

function limitsText(memory: number, disk: number): string {
  return `cache ${megabytes(memory)} MB${disk > 0 ? `, on disk ${megabytes(disk)} MB` : ''}`;
}

function version({ version: { argv, pattern } }: Peer): string {
  const { stdout, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof UsageError;
  say(`bench:peers: ${(error as Error).message}${usage ? '\n\nTry --help.' : ''}`);
  process.exitCode = usage ? EXIT.usage : EXIT.failed;
}
