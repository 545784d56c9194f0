import { randomBytes } from 'node:crypto';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Cache } from '../cache/cache.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../stats/logger.ts';
import { type DiskOwner, type DiskState, DiskThread } from '../threads/disk-thread.ts';
import type { DiskContents, DiskFigures, DiskPurge, DiskTerms } from '../threads/messages.ts';
import type { Heritage } from './shared-memory.ts';

/** How long another process that has a folder is waited for, in ms; who takes over waits behind its first answers. */
const LOCK_WAIT = 500;

/** How long folders may take to tell what they hold, in ms, before lb goes on without. */
const OPEN_TIMEOUT = 10_000;

/** How long the answer to a purge waits for disks, in ms. */
const KEEP_TIMEOUT = 2000;

/** Purges that are remembered for disks that come back. */
const MAX_RECENT = 100_000;

/** A disk as the admin API shows it. */
export interface DiskReport {
  readonly folder: string;
  readonly state: DiskState;
  readonly reason: string | undefined;
  readonly restarts: number;
  readonly figures: DiskFigures | undefined;
}

/** What disks need of the rest, once the cache is made. */
export interface DisksOwner {
  /** What disk and edges share; `sequence` is the newest purge. */
  memory(disk: number): Pick<DiskTerms, 'cache' | 'worker' | 'slots' | 'rings' | 'doorbells' | 'sequence'>;
  /** Takes back what a thread held. */
  recover(worker: number): Promise<void>;
  /** Ids of the edges that run, and the way to them. */
  edges(): readonly number[];
  tellEdge(edge: number, disk: number, port: MessagePort): void;
}

/** The threads of all disk folders, and what they agree on: the secret of keys, numbers of sites, purges. */
export class Disks {
  readonly #threads: readonly DiskThread[];
  readonly #logger: Logger;
  #owner: DisksOwner | undefined;
  #contents: (DiskContents | undefined)[] = [];
  #secret: Uint8Array = randomBytes(8);
  #sequence = 0;
  #sites: [name: string, number: number][] = [];
  /** Purges that something on a disk may not have met yet, ascending and without a gap up to `#sequence`. */
  #pending: DiskPurge[] = [];
  /** The newest purges, ascending; all those after `#forgotten`. */
  #recent: DiskPurge[] = [];
  #forgotten = 0;
  /** Disks that number sites in another way than those before them, or have met other purges. */
  readonly #strange = new Set<number>();
  /** By disk, the newest purge that all it has has met. */
  readonly #applied: number[];

  constructor({ paths, size }: NonNullable<Config['disk']>, logger: Logger, takesOver: boolean) {
    this.#logger = logger;
    this.#applied = paths.map(() => 0);
    const owner: DiskOwner = {
      terms: (disk, contents) => this.#terms(disk, contents),
      begun: (disk) => this.#connectAll(disk),
      recover: async (disk) => this.#owner?.recover(this.#owner.memory(disk).worker),
      applied: (disk, sequence) => {
        this.#applied[disk] = sequence;
      },
      log: (level, message, details) => logger[level](details, message),
    };
    const lockWait = takesOver ? 0 : LOCK_WAIT;
    this.#threads = paths.map((folder, disk) => new DiskThread({ disk, folder, size, lockWait }, owner));
  }

  /** Has all folders opened, as far as they can be, and learns what they know. */
  async open(): Promise<void> {
    this.#contents = await Promise.all(this.#threads.map((thread) => beforeLong(thread.open())));
    const known = this.#contents.filter((contents) => contents !== undefined);
    this.#secret = known.find(({ secret }) => secret !== undefined)?.secret ?? this.#secret;
    this.#sites = this.#mergeSites();
    this.#findParted();
    this.#sequence = Math.max(0, ...known.map(({ sequence }) => sequence));
    const newest = known.find(({ sequence }) => sequence === this.#sequence);
    const purges = new Map(known.flatMap((contents) => contents.purges).map((purge) => [purge.sequence, purge]));
    const ascending = [...purges.values()].sort((a, b) => a.sequence - b.sequence);
    this.#recent = withoutGap(ascending, this.#sequence);
    this.#pending = this.#notApplied();
    this.#forgotten = newest?.locked === true ? this.#sequence : this.#sequence - this.#recent.length;
  }

  get count(): number {
    return this.#threads.length;
  }

  /** What the cache begins with. */
  get heritage(): Heritage {
    const tables = this.#contents.map((contents) => contents?.table);
    const open = this.#contents.map((contents) => contents?.locked === false);
    return { secret: this.#secret, sequence: this.#sequence - this.#pending.length, tables, open };
  }

  /** Names of sites with their numbers in the keys of what is stored. */
  get sites(): readonly (readonly [name: string, number: number])[] {
    return this.#sites;
  }

  /** Has a cache that began with `heritage` obey the purges that something on a disk may not have met yet. */
  putInForce({ purge }: Cache): void {
    for (const { sequence, tag, exact, ...spec } of this.#pending) {
      purge.restore(exact ? { ...spec, exact } : spec, sequence, tag);
    }
    purge.applied = () => this.#appliedByAll;
  }

  /** The newest purge that all that is on working disks has met. */
  get #appliedByAll(): number {
    const working = this.#threads.filter(({ isHealthy }) => isHealthy);
    return Math.min(Number.MAX_SAFE_INTEGER, ...working.map(({ disk }) => this.#applied[disk]));
  }

  /** The cache is made: the threads get to work. */
  begin(owner: DisksOwner): void {
    this.#owner = owner;
    this.#contents = [];
    for (const thread of this.#threads) thread.begin();
  }

  /** Has all disks keep a purge that is in force. */
  add(purge: DiskPurge): void {
    this.#recent.push(purge);
    for (const thread of this.#threads) thread.purge([purge]);
    if (this.#recent.length > MAX_RECENT) this.#forget(this.#recent[MAX_RECENT / 2].sequence);
  }

  /**
   * Waits until all disks that work have the purges up to this one for good.
   * @returns what the one who asked for the purge should know, or undefined
   */
  async keep(sequence: number): Promise<string | undefined> {
    const asked = this.#threads.map((thread) => ({ thread, kept: beforeLong(thread.keep(sequence), KEEP_TIMEOUT) }));
    const failed: string[] = [];
    const absent: string[] = [];
    for (const { thread, kept } of asked) {
      const how = await kept;
      if (how === 'absent') absent.push(thread.folder);
      else if (how !== 'kept') failed.push(thread.folder);
    }
    // one that is not there hears of it from those that are, be it in the next process
    if (absent.length + failed.length === asked.length) failed.push(...absent);
    this.#forget(Math.min(...this.#threads.map(({ kept }) => kept)));
    if (failed.length === 0) return undefined;
    this.#logger.warn({ disks: failed, sequence }, 'a purge is in force, but a disk has not kept it');
    return `in force, but not yet kept by ${failed.join(', ')}: should lb end now, it may be forgotten there`;
  }

  /** Numbers of sites by name, for the next start. */
  nameSites(sites: [name: string, number: number][]): void {
    this.#sites = sites;
    for (const thread of this.#threads) thread.sites(sites);
  }

  /** An edge has been born: it may ask all disks. */
  connect(edge: number): void {
    for (const thread of this.#threads) this.#connect(thread, edge);
  }

  /** An edge has given a disk up. */
  fail(disk: number, reason: string): void {
    this.#threads[disk]?.fail(reason);
  }

  report(): DiskReport[] {
    return this.#threads.map(({ folder, state, reason, restarts, figures }) => ({
      ...{ folder, state, reason, restarts, figures },
    }));
  }

  /** Test hook: a thread ends as by a bug. False when there is none of this number. */
  kill(disk: number): boolean {
    const thread = this.#threads[disk];
    void thread?.kill();
    return thread !== undefined;
  }

  /** Gives all folders back within `timeout` ms. Never rejects. */
  async close(timeout: number): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close(timeout)));
  }

  #notApplied(): DiskPurge[] {
    const known = this.#contents.filter((contents) => contents !== undefined);
    // what another process may still purge has its room in the sequence, and is applied before the folder is used
    if (known.some(({ locked }) => locked)) return [];
    const applied = Math.min(this.#sequence, ...known.map((contents) => contents.applied));
    return this.#recent.filter(({ sequence }) => sequence > applied);
  }

  /** Numbers that all disks have; one that has others than those before it is no use any more. */
  #mergeSites(): [name: string, number: number][] {
    const numbers = new Map<string, number>();
    const names = new Map<number, string>();
    for (const [disk, contents] of this.#contents.entries()) {
      const sites = contents?.sites ?? [];
      const isOther = ([name, number]: readonly [string, number]) =>
        (numbers.get(name) ?? number) !== number || (names.get(number) ?? name) !== name;
      if (sites.some(isOther)) this.#strange.add(disk);
      for (const [name, number] of this.#strange.has(disk) ? [] : sites) {
        numbers.set(name, number);
        names.set(number, name);
      }
    }
    return [...numbers];
  }

  /** Disks that know different purges of one sequence were each used without the other, and lack what that has met. */
  #findParted(): void {
    const known = new Map<number, { disk: number; text: string }>();
    for (const [disk, contents] of this.#contents.entries()) {
      for (const purge of contents?.purges ?? []) {
        // stands for one that the disk need not know
        if (purge.site < -1) continue;
        const text = JSON.stringify(purge);
        const other = known.get(purge.sequence);
        if (other === undefined) known.set(purge.sequence, { disk, text });
        else if (other.text !== text) this.#strange.add(disk).add(other.disk);
      }
    }
  }

  #terms(disk: number, { sequence, locked }: DiskContents): DiskTerms {
    const owner = this.#owner;
    if (owner === undefined) throw new Error('disks begin once there is a cache');
    const memory = owner.memory(disk);
    const isBehind = sequence < memory.sequence && !locked;
    const empty = this.#strange.delete(disk) || (isBehind && sequence < this.#forgotten);
    const missed = isBehind && !empty ? this.#recent.filter((purge) => purge.sequence > sequence) : [];
    return { ...memory, secret: this.#secret, missed, empty };
  }

  #forget(sequence: number): void {
    if (sequence <= this.#forgotten) return;
    this.#forgotten = sequence;
    this.#recent = this.#recent.filter((purge) => purge.sequence > sequence);
  }

  #connectAll(disk: number): void {
    this.#threads[disk].sites(this.#sites);
    for (const edge of this.#owner?.edges() ?? []) this.#connect(this.#threads[disk], edge);
  }

  #connect(thread: DiskThread, edge: number): void {
    const { port1, port2 } = new MessageChannel();
    if (thread.connect(port1)) this.#owner?.tellEdge(edge, thread.disk, port2);
  }
}

/** The end of the list that has every sequence up to this one; nothing where the last is another. */
function withoutGap(purges: DiskPurge[], sequence: number): DiskPurge[] {
  if (purges.at(-1)?.sequence !== sequence) return [];
  const from = purges.findLastIndex((purge, i) => i > 0 && purges[i - 1].sequence !== purge.sequence - 1);
  return purges.slice(Math.max(0, from));
}

/** The promise's value, or undefined where it takes too long. */
async function beforeLong<T>(promise: Promise<T>, ms = OPEN_TIMEOUT): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
