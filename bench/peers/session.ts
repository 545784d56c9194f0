import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBodies } from './bodies.ts';
import { type Case, type Limits, limitsFor, MEMORY_LIMITS } from './cases.ts';
import { certificate } from './certificate.ts';
import type { Child } from './child.ts';
import { bodyOf } from './expected.ts';
import { emptyFolder, memoryFolder } from './folders.ts';
import { type LoadOptions, startLoad, startSteady } from './load.ts';
import { DISTURBED, measure, type Sample, type Target } from './measure.ts';
import { type Memory, measureMemory } from './memory.ts';
import type { Options } from './options.ts';
import { OriginCounter, originLaunch } from './origin.ts';
import type { Peer } from './peer.ts';
import { treeMemoryBytes } from './proc.ts';
import { freePorts, ready, start } from './running.ts';
import { median } from './statistics.ts';
import { buildClient, type Steady } from './steady/steady.ts';
import { storeAll } from './store-all.ts';
import { turn } from './turns.ts';
import { verify } from './verify.ts';

const REPEATS = 2;
/** Unmeasured before each measurement of a server that compiles its code: while others had their turn it has forgotten some. */
const AGAIN_SECONDS = 2;

/** What one server did in one case. */
export interface Outcome {
  server: string;
  work: string;
  /** Bytes of the response head, a part of what is compared. */
  headBytes: number;
  samples: Sample[];
  /** Latencies at half of the server's median rate, one for each round. */
  steady: Steady[];
}

/** A server that could not be measured, in one case or in all. */
export interface Skipped {
  server: string;
  work?: string;
  reason: string;
}

interface Runner extends Target {
  peer: Peer;
  dir: string;
}

/**
 * One run of the bench: its folder, origin and servers. `close` ends everything that it started and may be called at any
 * time, also twice.
 */
export class Session {
  readonly outcomes: Outcome[] = [];
  readonly skipped: Skipped[] = [];
  readonly memory: Memory[] = [];
  /** Bytes of memory of a server after the cases with these limits. */
  readonly resident: { server: string; memory: number; disk: number; bytes: number }[] = [];
  readonly #options: Options;
  readonly #say: (text: string) => void;
  readonly #pinned: boolean;
  readonly #children = new Set<Child>();
  readonly #dir: string;
  /** Where the files of disk tiers lie: on a real file system, whose page cache serves them. */
  readonly #diskDir: string;
  readonly #bodies: string;
  readonly #root = process.getuid?.() === 0;
  #counter!: OriginCounter;
  #originPort = 0;
  /** What steady/client.c was built to; undefined where it could not be. */
  #client: string | undefined;
  #closed = false;

  constructor(options: Options, pinned: boolean, say: (text: string) => void) {
    this.#options = options;
    this.#pinned = pinned;
    this.#say = say;
    this.#dir = mkdtempSync(join(memoryFolder(), 'lb-bench-'));
    this.#diskDir = mkdtempSync(join(tmpdir(), 'lb-bench-disk-'));
    this.#bodies = join(this.#dir, 'bodies');
  }

  /** Measures the peers in the cases. Throws only when the origin or wrk fails. */
  async run(peers: readonly Peer[]): Promise<void> {
    await this.#startOrigin();
    this.#client = buildClient(this.#dir);
    const { cases } = this.#options;
    for (const limits of new Set(cases.map(({ kind }) => limitsFor(kind)))) {
      await this.#runGroup(
        peers,
        cases.filter(({ kind }) => limitsFor(kind) === limits),
        limits,
      );
    }
    if (this.#options.memory) await this.#runMemory(peers);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#children].map((child) => child.stop()));
    for (const dir of [this.#dir, this.#diskDir]) rmSync(dir, { recursive: true, force: true });
  }

  async #startOrigin(): Promise<void> {
    writeBodies(this.#bodies);
    [this.#originPort] = await freePorts(1);
    const dir = emptyFolder(this.#dir, 'origin');
    const launch = originLaunch(dir, this.#bodies, this.#originPort, this.#root);
    const child = this.#own(start(launch, dir, this.#loadCore));
    await ready(child, this.#originPort, '/hit/1k').catch((error: unknown) => {
      throw new Error(`the origin does not start: ${messageOf(error)}`);
    });
    this.#counter = new OriginCounter(this.#originPort, dir);
  }

  /** Cases that share their limits: the servers are started, checked, warmed, measured in turn, and ended. */
  async #runGroup(peers: readonly Peer[], cases: readonly Case[], limits: Limits): Promise<void> {
    const wanted = peers.filter((peer) => cases.some(({ kind }) => peer.kinds.includes(kind)));
    const runners: Runner[] = [];
    for (const peer of wanted) {
      const runner = await this.#attempt(peer, undefined, () => this.#startPeer(peer, limits));
      if (runner !== undefined) runners.push(runner);
    }
    const pairs: { runner: Runner; work: Case; outcome: Outcome }[] = [];
    for (const work of cases) {
      for (const { name, cannot } of peers) {
        const reason = cannot?.[work.kind];
        if (reason !== undefined) this.skipped.push({ server: name, work: work.name, reason });
      }
      for (const runner of runners.filter(({ peer }) => peer.kinds.includes(work.kind))) {
        const outcome = await this.#attempt(runner.peer, work, () => this.#prepare(runner, work));
        if (outcome !== undefined) pairs.push({ runner, work, outcome });
      }
    }
    for (let round = 0; round < this.#options.rounds; round++) {
      for (const work of cases) {
        this.#say(`round ${round + 1} of ${this.#options.rounds}: ${work.name}`);
        const own = pairs.filter((pair) => pair.work === work);
        for (const { runner, outcome } of turn(own, round)) {
          const sample = await this.#attempt(runner.peer, work, () => this.#measureQuietly(runner, work, round));
          if (sample !== undefined) outcome.samples.push(sample);
        }
      }
    }
    await this.#measureSteady(pairs);
    for (const { peer, child } of runners) {
      const { memory, disk } = limits;
      this.resident.push({ server: peer.name, memory, disk, bytes: treeMemoryBytes(child.pid) });
      await child.stop();
      this.#children.delete(child);
    }
  }

  /** One server after the other, each alone and new: what it keeps for objects and connections. */
  async #runMemory(peers: readonly Peer[]): Promise<void> {
    for (const peer of peers.filter(({ weighed }) => weighed)) {
      const memory = await this.#attempt(peer, undefined, () => this.#weigh(peer));
      if (memory !== undefined) this.memory.push(memory);
    }
  }

  async #weigh(peer: Peer): Promise<Memory> {
    const runner = await this.#startPeer(peer, MEMORY_LIMITS);
    this.#say(`weighing ${peer.name}`);
    try {
      return await measureMemory({
        server: peer.name,
        pid: runner.child.pid,
        port: runner.port,
        dir: runner.dir,
        caches: peer.kinds.includes('hit'),
        drive: (work, seconds, seed) => {
          const load = startLoad(this.#loadOptions(runner, work, seconds, seed));
          this.#own(load.child);
          return load.finish();
        },
        forwarded: () => this.#counter.settle(),
      });
    } finally {
      await runner.child.stop();
      this.#children.delete(runner.child);
    }
  }

  async #startPeer(peer: Peer, limits: Limits): Promise<Runner> {
    this.#say(`starting ${peer.name}`);
    const [port, adminPort, tlsPort] = await freePorts(3);
    const dir = emptyFolder(limits.disk > 0 ? this.#diskDir : this.#dir, peer.name.replace(' ', '-'));
    const launch = peer.launch({
      dir,
      port,
      adminPort,
      tlsPort,
      ...certificate(this.#dir),
      originPort: this.#originPort,
      ...limits,
      bodies: this.#bodies,
      root: this.#root,
    });
    const child = this.#own(start(launch, dir, limits.threads > 1 ? undefined : this.#serverCore));
    try {
      await ready(child, port, peer.kinds.includes('hit') ? '/hit/1k' : '/miss/1');
    } catch (error) {
      await child.stop();
      throw error;
    }
    return { peer, child, port, tlsPort, dir };
  }

  async #prepare(runner: Runner, work: Case): Promise<Outcome> {
    if (work.warm !== undefined) {
      this.#say(`storing ${work.warm.length} objects: ${runner.peer.name}: ${work.name}`);
      await storeAll(runner.port, work.warm, bodyOf(work, this.#bodies), this.#counter);
      // what is written back during a measurement would be work of the machine that no server did then
      spawnSync('sync', ['-f', this.#diskDir]);
    }
    this.#say(`warming ${runner.peer.name}: ${work.name}`);
    const headBytes = await verify(work, runner, bodyOf(work, this.#bodies), this.#counter);
    const { warmup, longWarmup } = this.#options;
    await this.#measure(runner, work, work.longWarmup || runner.peer.compiles ? longWarmup : warmup, -1);
    const outcome: Outcome = { server: runner.peer.name, work: work.name, headBytes, samples: [], steady: [] };
    this.outcomes.push(outcome);
    return outcome;
  }

  /** Measures again, a few times, while something else uses the server's core; gives the least disturbed sample. */
  async #measureQuietly(target: Runner, work: Case, round: number): Promise<Sample> {
    if (target.peer.compiles) await this.#measure(target, work, AGAIN_SECONDS, round);
    let best = await this.#measure(target, work, this.#options.seconds, round);
    for (let again = 0; best.otherUse > DISTURBED && again < REPEATS; again++) {
      const sample = await this.#measure(target, work, this.#options.seconds, round);
      if (sample.otherUse < best.otherUse) best = sample;
    }
    return best;
  }

  /** Half of what each server does at most, in turn like everything else. */
  async #measureSteady(pairs: readonly { runner: Runner; work: Case; outcome: Outcome }[]): Promise<void> {
    const wanted = pairs.filter(({ work, outcome }) => work.steady && outcome.samples.length > 0);
    if (wanted.length === 0) return;
    const { steadyRounds } = this.#options;
    for (let round = 0; round < steadyRounds; round++) {
      this.#say(`latencies at half the peak: round ${round + 1} of ${steadyRounds}`);
      for (const { runner, work, outcome } of turn(wanted, round)) {
        const rate = median(outcome.samples.map(({ requestsPerSecond }) => requestsPerSecond)) / 2;
        const steady = await this.#attempt(runner.peer, work, async () => {
          const load = startSteady(this.#loadOptions(runner, work, this.#options.seconds, round), rate);
          if (load !== undefined) this.#own(load.child);
          return load?.finish();
        });
        if (steady !== undefined) outcome.steady.push(steady);
      }
    }
  }

  #loadOptions(target: Target, work: Case, seconds: number, seed: number): LoadOptions {
    return { work, target, seconds, seed, core: this.#loadCore, cwd: this.#dir, client: this.#client };
  }

  #measure(target: Target, work: Case, seconds: number, round: number): Promise<Sample> {
    return measure({
      work,
      target,
      counter: this.#counter,
      seconds,
      round,
      loadCore: this.#loadCore,
      serverCore: work.kind === 'threads' ? undefined : this.#serverCore,
      cwd: this.#dir,
      client: this.#client,
      onLoad: (load) => this.#own(load),
    });
  }

  /** Gives undefined, and notes why, when a server fails at it: the others go on. */
  async #attempt<T>(peer: Peer, work: Case | undefined, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (this.#closed) throw error;
      const reason = messageOf(error);
      this.skipped.push({ server: peer.name, work: work?.name, reason });
      this.#say(`skipping ${peer.name}${work ? ` in ${work.name}` : ''}: ${reason}`);
      return undefined;
    }
  }

  #own(child: Child): Child {
    if (this.#closed) {
      void child.stop();
      throw new Error('the bench is over');
    }
    for (const old of this.#children) if (!old.alive) this.#children.delete(old);
    this.#children.add(child);
    return child;
  }

  get #loadCore(): number | undefined {
    return this.#pinned ? this.#options.loadCore : undefined;
  }

  get #serverCore(): number | undefined {
    return this.#pinned ? this.#options.serverCore : undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
