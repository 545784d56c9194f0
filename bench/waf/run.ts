/**
 * What the WAF costs a request, beside nginx with ModSecurity and the same rules:
 *
 *     npm run bench:waf [-- --rounds 5 --seconds 1 --no-install]
 *
 * All servers stand in front of one origin and are measured in turn, so that what disturbs the machine disturbs all of
 * them alike. Without ModSecurity lb is measured alone.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ending } from '../ending.ts';
import type { Child } from '../peers/child.ts';
import { install } from '../peers/install.ts';
import type { Launch } from '../peers/peer.ts';
import { freePorts, ready, start } from '../peers/running.ts';
import { missing } from '../peers/which.ts';
import { drive, WORKS, type Work } from './drive.ts';
import { type Outcome, table } from './report.ts';
import { RULES } from './rules.ts';
import { absent, LB, origin, PEER_PACKAGES, PEERS, type Server } from './servers.ts';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    install: { type: 'boolean', default: true },
  },
});
const ROUNDS = Math.max(1, Number.parseInt(values.rounds, 10) || 1);
/** Of one measurement, whole ones. */
const SECONDS = Math.max(1, Number.parseInt(values.seconds, 10) || 1);
/** Of the first run of each, which nobody looks at: V8 takes some seconds until what is used is compiled at its best. */
const WARM_SECONDS = 1;
const WARM_SECONDS_OF_RULES = 6;
const CORES = missing('taskset') === undefined && availableParallelism() > 1 ? { load: 0, server: 1 } : undefined;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Installs what is missing. Gives the servers that can run; throws where not even lb can. */
function prepare(): readonly Server[] {
  const rules = missingRules();
  const packages = [
    ...(missing('wrk') ? ['wrk'] : []),
    ...(missing('taskset') ? ['util-linux'] : []),
    ...(rules ? ['modsecurity-crs'] : []),
    ...(absent(PEERS) ? PEER_PACKAGES : []),
  ];
  if (packages.length > 0) {
    say(`missing here: ${packages.join(' ')}${values.install ? '; installing' : ''}`);
    const refusal = values.install ? install(packages) : 'not installing because of --no-install';
    if (refusal !== undefined) say(refusal);
  }
  const lacking = absent(LB) ?? missing('wrk') ?? missing('nginx') ?? missingRules();
  if (lacking !== undefined) throw new Error(`${lacking}, and the bench cannot do without`);
  const reason = absent(PEERS);
  if (reason === undefined) return [...LB, ...PEERS];
  say(`nginx+ModSecurity is left out: ${reason}`);
  return LB;
}

function missingRules(): string | undefined {
  return existsSync(RULES) ? undefined : `${RULES} is not there`;
}

interface Runner {
  readonly server: Server;
  readonly child: Child;
  readonly port: number;
}

/** The folder and the processes of a run. `close` may be called at any time, also twice. */
class Session {
  readonly #dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lb-bench-waf-'));
  readonly #children = new Set<Child>();
  readonly #root = process.getuid?.() === 0;

  async run(servers: readonly Server[]): Promise<Outcome[]> {
    const [originPort] = await freePorts(1);
    const dir = this.#folder('origin');
    const child = this.#start(origin({ dir, port: originPort, root: this.#root }), dir, CORES?.load);
    await ready(child, originPort, '/hit/1k');
    const runners: Runner[] = [];
    for (const server of servers) runners.push(await this.#serve(server, originPort));
    const pairs = WORKS.flatMap((work) => runners.map((runner) => ({ runner, work })));
    const outcomes = new Map(pairs.map((pair): [typeof pair, Outcome] => [pair, outcomeOf(pair)]));
    for (const { runner, work } of pairs) {
      const { program, level } = runner.server;
      const seconds = program === 'lb' && level !== undefined ? WARM_SECONDS_OF_RULES : WARM_SECONDS;
      await this.#measure(runner, work, seconds, 0);
    }
    for (let round = 1; round <= ROUNDS; round++) {
      say(`round ${round} of ${ROUNDS}`);
      const turn = [...pairs.slice(round % pairs.length), ...pairs.slice(0, round % pairs.length)];
      for (const pair of turn) {
        outcomes.get(pair)?.samples.push(await this.#measure(pair.runner, pair.work, SECONDS, round));
      }
    }
    return [...outcomes.values()];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()));
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #serve(server: Server, originPort: number): Promise<Runner> {
    say(`starting ${server.name}`);
    const [port, adminPort] = await freePorts(2);
    const dir = this.#folder(server.name.replace(/\W+/g, '-'));
    const launch = server.launch({ dir, port, adminPort, originPort, root: this.#root });
    const child = this.#start(launch, dir, CORES?.server);
    await ready(child, port, '/hit/1k');
    return { server, child, port };
  }

  #measure({ child, port }: Runner, work: Work, seconds: number, seed: number) {
    const onWrk = (wrk: Child) => this.#own(wrk);
    return drive({ work, child, port, seconds, seed: seed + 1, cores: CORES, cwd: this.#dir, onWrk });
  }

  #folder(name: string): string {
    const dir = join(this.#dir, name);
    mkdirSync(dir);
    return dir;
  }

  #start(launch: Launch, dir: string, core: number | undefined): Child {
    return this.#own(start(launch, dir, core));
  }

  #own(child: Child): Child {
    for (const old of this.#children) if (!old.alive) this.#children.delete(old);
    this.#children.add(child);
    return child;
  }
}

function outcomeOf({ runner, work }: { runner: Runner; work: Work }): Outcome {
  return { server: runner.server, work, samples: [] };
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('this bench reads /proc: it runs on Linux only');
  const servers = prepare();
  const session = new Session();
  const outcomes = await ending(
    () => session.run(servers),
    () => session.close(),
  );
  const cores =
    CORES === undefined ? 'not pinned: expect noise' : 'wrk and the origin on core 0, the servers on core 1';
  console.log(`${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.version}, ${cores}`);
  console.log(`medians of ${ROUNDS} rounds of ${SECONDS} s`);
  for (const work of WORKS) console.log(`\n${table(work, outcomes)}`);
}

try {
  await main();
} catch (error) {
  say(`bench:waf: ${(error as Error).message}`);
  process.exitCode = 1;
}
