import type { MessagePort } from 'node:worker_threads';
import { type Cache, type LowerTier, USER_BORN } from '../cache/cache.ts';
import type { DiskFault } from '../disk/fault.ts';
import { DiskLower } from '../disk/lower.ts';
import { DiskReader, type ReaderOptions } from '../disk/reader.ts';
import { RecentReads } from '../disk/recent.ts';
import { type DiskView, openDisks } from '../disk/view.ts';
import type { Doorbells } from '../threads/doorbell.ts';
import type { EdgeDisk, FindAnswer, FindRequest } from '../threads/messages.ts';
import type { DiskTier } from './disk-load.ts';

/** How long a disk that loads its index may take to answer for one key, in ms; the origin is asked then. */
const ASK_TIMEOUT = 1000;

/** Time between two lines of the log about reads that failed, in ms. */
const LOG_INTERVAL = 1000;

/** How often files of disks that have failed are closed, in ms. */
const TIDY = 10_000;

/** What an edge does about its disks. */
export interface EdgeDisksOwner {
  /** The disk was given up because of what this thread has met. */
  failed(disk: number, reason: string): void;
  warn(message: string, details: Record<string, unknown>): void;
  /** A stored response could not be read, or is not what was written. */
  count(): void;
}

/** The disks as an edge has them: what memory drops they take, and what memory does not have they may have. */
export class EdgeDisks implements DiskTier {
  readonly reader: DiskReader;
  readonly recent: RecentReads;
  readonly #folders: readonly string[];
  readonly #owner: EdgeDisksOwner;
  readonly #ports: (MessagePort | undefined)[] = [];
  readonly #asked = new Map<number, { disk: number; answered: () => void }>();
  #id = 0;
  #logged = 0;
  #silent = 0;

  /** From here on the cache tells the disks what this thread stores and removes. */
  constructor(
    cache: Cache,
    disks: readonly EdgeDisk[],
    doorbells: Doorbells,
    readNow: ReaderOptions['readNow'],
    owner: EdgeDisksOwner,
  ) {
    const views = tellDisks(cache, disks, doorbells);
    this.#folders = disks.map(({ folder }) => folder);
    this.#owner = owner;
    this.reader = new DiskReader(views, cache.workerId, { readNow, onFault: (fault) => this.#onFault(fault) });
    this.recent = new RecentReads(cache.stats().memory);
    setInterval(() => this.reader.tidy(), TIDY).unref();
  }

  /** The thread of a disk has begun, and answers by this port. */
  connect(disk: number, port: MessagePort): void {
    this.#ports[disk]?.close();
    this.#ports[disk] = port;
    port.on('message', ({ id }: FindAnswer) => this.#answered(id));
    port.on('close', () => this.#closed(disk, port));
    port.unref();
  }

  ask(disk: number, lo: number, hi: number, then: () => void): () => void {
    const id = ++this.#id;
    const timer = setTimeout(() => this.#answered(id), this.#ports[disk] === undefined ? 0 : ASK_TIMEOUT);
    const answered = () => {
      clearTimeout(timer);
      then();
    };
    this.#asked.set(id, { disk, answered });
    this.#ports[disk]?.postMessage({ id, lo, hi } satisfies FindRequest);
    return () => {
      clearTimeout(timer);
      this.#asked.delete(id);
    };
  }

  #answered(id: number): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.answered();
  }

  /** The thread has ended: there are no more answers from it. */
  #closed(disk: number, port: MessagePort): void {
    if (this.#ports[disk] !== port) return;
    this.#ports[disk] = undefined;
    for (const [id, asked] of this.#asked) if (asked.disk === disk) this.#answered(id);
  }

  #onFault({ kind, disk, segment, message, givenUp }: DiskFault): void {
    const folder = this.#folders[disk];
    this.#owner.count();
    if (givenUp) this.#owner.failed(disk, message);
    const now = performance.now();
    if (now - this.#logged < LOG_INTERVAL && this.#logged > 0) {
      this.#silent++;
      return;
    }
    const details = { disk: folder, segment, kind, error: message };
    const others = this.#silent === 0 ? {} : { others: this.#silent };
    this.#owner.warn('a stored response cannot be read from disk, and counts as a miss', { ...details, ...others });
    this.#logged = now;
    this.#silent = 0;
  }
}

/** From here on the cache tells the disks what this thread stores and removes. */
export function tellDisks(cache: Cache, disks: readonly EdgeDisk[], doorbells: Doorbells): DiskView[] {
  const views = openDisks(disks, (disk) => doorbells.ring(disks[disk].worker));
  cache.lower = new ResponsesBelow(cache, new DiskLower(views));
  return views;
}

/** Only responses go to disks: what was never born, such as hints beside a page, is of use in memory alone. */
class ResponsesBelow implements LowerTier {
  readonly #cache: Cache;
  readonly #lower: LowerTier;

  constructor(cache: Cache, lower: LowerTier) {
    this.#cache = cache;
    this.#lower = lower;
  }

  offer(id: number, generation: number, lo: number, hi: number, again: boolean): void {
    if (this.#cache.word(id, USER_BORN) !== 0) this.#lower.offer(id, generation, lo, hi, again);
  }

  forget(lo: number, hi: number): void {
    this.#lower.forget(lo, hi);
  }
}
