import { setTimeout } from 'node:timers/promises';
import type { MessagePort, Transferable, Worker } from 'node:worker_threads';
import type { DiskContents, DiskData, DiskFigures, DiskPurge, DiskTerms, FromDisk, ToDisk } from './messages.ts';
import { spawnWorker } from './spawn.ts';

export type DiskState = 'opening' | 'loading' | 'ready' | 'failed' | 'closed';

/** What main does with a disk's thread that comes and goes. */
export interface DiskOwner {
  /** What the thread works with, once its folder has been read. */
  terms(disk: number, contents: DiskContents): DiskTerms;
  /** It knows its terms: edges may ask it. */
  begun(disk: number): void;
  /** The thread has ended without being asked to: take back what it held in shared memory. */
  recover(disk: number): Promise<void>;
  /** All that the disk has has met the purges up to `sequence`. */
  applied(disk: number, sequence: number): void;
  log(level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void;
}

/** Longest pause before a thread that keeps dying is started again, in ms. */
const MAX_PAUSE = 30_000;

/** A thread that lived this long counts as healthy, in ms. */
const HEALTHY = 60_000;

/** How long a thread that is ended is waited for, in ms. */
const END_TIMEOUT = 1000;

/** How a purge went with one disk. */
export type Kept = 'kept' | 'not kept' | 'absent';

interface Waiting {
  readonly sequence: number;
  readonly resolve: (how: Kept) => void;
}

/** The thread of one disk folder as main sees it: begun, begun again when it dies, closed at the end. */
export class DiskThread {
  readonly disk: number;
  readonly folder: string;
  state: DiskState = 'opening';
  /** Why it failed. */
  reason: string | undefined;
  figures: DiskFigures | undefined;
  restarts = 0;
  readonly #data: DiskData;
  readonly #owner: DiskOwner;
  #worker: Worker | undefined;
  #opened = Promise.withResolvers<DiskContents | undefined>();
  #contents: DiskContents | undefined;
  /** It has got its terms. */
  #begun = false;
  /** The cache is there: whatever opens from now on begins at once. */
  #started = false;
  #closing = false;
  #waiting: Waiting[] = [];
  /** The newest purge that it has said to have kept. */
  #kept = 0;
  #since = 0;
  #pause = 0;

  constructor(data: DiskData, owner: DiskOwner) {
    this.disk = data.disk;
    this.folder = data.folder;
    this.#data = data;
    this.#owner = owner;
  }

  /** Purges up to this one need not be told again, should the thread have to be begun anew. */
  get kept(): number {
    return this.#kept;
  }

  /** Whether purges count on it. */
  get isHealthy(): boolean {
    return this.#begun && (this.state === 'loading' || this.state === 'ready');
  }

  /**
   * Starts the thread. Resolves with what the folder says of itself, or with undefined where it cannot be used for now.
   * Never rejects.
   */
  open(): Promise<DiskContents | undefined> {
    this.#spawn(this.#data);
    return this.#opened.promise;
  }

  /** The cache is made: the thread gets to work. */
  begin(): void {
    this.#started = true;
    if (this.#contents !== undefined) this.#begin(this.#contents);
  }

  /** Purges, ascending. What has not begun hears of them in its terms. */
  purge(purges: DiskPurge[]): void {
    if (this.#begun) this.#tell({ type: 'purge', purges });
  }

  /** How it went with the purge, and all before it, once that is known. */
  keep(sequence: number): Promise<Kept> {
    if (!this.isHealthy) return Promise.resolve('absent');
    if (this.#kept >= sequence) return Promise.resolve('kept');
    return new Promise((resolve) => this.#waiting.push({ sequence, resolve }));
  }

  sites(sites: [name: string, number: number][]): void {
    if (this.#begun) this.#tell({ type: 'sites', sites });
  }

  /** An edge asks by this port. False where the thread answers nobody for now. */
  connect(port: MessagePort): boolean {
    if (!this.#begun) return false;
    this.#tell({ type: 'port', port }, [port]);
    return true;
  }

  /** Edges have given the disk up. */
  fail(reason: string): void {
    this.#tell({ type: 'failed', reason });
  }

  /** Test hook: the thread ends at once, as by a bug. */
  async kill(): Promise<boolean> {
    if (this.#worker === undefined) return false;
    await this.#worker.terminate();
    return true;
  }

  /** Gives the folder back within `timeout` ms. Never rejects. */
  async close(timeout: number): Promise<void> {
    this.#closing = true;
    this.#settle('absent');
    const worker = this.#worker;
    this.state = 'closed';
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#tell({ type: 'close' });
    const late = new AbortController();
    const isLate = setTimeout(timeout, true, { signal: late.signal }).catch(() => false);
    if ((await Promise.race([ended, isLate])) === true) {
      this.#owner.log('warn', 'a disk took too long to close', { disk: this.folder, timeout_ms: timeout });
      // a thread that waits for the system ends once that is done
      worker.unref();
      await Promise.race([
        worker.terminate(),
        setTimeout(END_TIMEOUT, undefined, { signal: late.signal }).catch(() => {}),
      ]);
    }
    late.abort();
  }

  #spawn(data: DiskData): void {
    const worker = spawnWorker('disk', data);
    this.#worker = worker;
    this.#since = performance.now();
    worker.on('message', (message: FromDisk) => this.#hear(message));
    worker.on('error', (error: Error) => {
      this.#owner.log('error', 'disk thread failed', { disk: this.folder, error: error.message });
    });
    worker.on('exit', (code) => this.#onExit(code));
  }

  #hear(message: FromDisk): void {
    switch (message.type) {
      case 'opened':
        this.#onOpened(message.contents, message.error);
        break;
      case 'state':
        this.#onState(message.state, message.reason);
        break;
      case 'kept':
        this.#onKept(message.sequence, message.error);
        break;
      case 'applied':
        this.#owner.applied(this.disk, message.sequence);
        break;
      case 'figures':
        this.figures = message.figures;
        break;
      // the thread ends next, and is heard of then
      case 'closed':
      case 'pong':
        break;
      case 'log':
        this.#owner.log(message.level, message.message, { disk: this.folder, ...message.details });
    }
  }

  #onOpened(contents: DiskContents | undefined, error: string | undefined): void {
    if (contents === undefined) {
      this.state = 'failed';
      this.reason = error;
      this.#owner.log('error', 'a disk cannot be used, and lb goes on without it', { disk: this.folder, error });
    } else {
      this.#contents = contents;
      if (this.state === 'failed') this.state = 'opening';
      if (this.#started && !this.#begun) this.#begin(contents);
    }
    this.#opened.resolve(contents);
  }

  #begin(contents: DiskContents): void {
    const terms = this.#owner.terms(this.disk, contents);
    this.#begun = true;
    this.#kept = Math.max(this.#kept, contents.sequence);
    this.#tell({ type: 'begin', ...terms });
    this.#owner.begun(this.disk);
  }

  #onState(state: 'loading' | 'ready' | 'failed', reason: string | undefined): void {
    if (this.#closing) return;
    this.state = state;
    this.reason = reason;
    if (state === 'failed') this.#settle('not kept');
  }

  #onKept(sequence: number, error: string | undefined): void {
    if (error === undefined) this.#kept = Math.max(this.#kept, sequence);
    const isOver = (one: Waiting) => one.sequence <= sequence;
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((one) => !isOver(one));
    for (const { resolve } of over) resolve(error === undefined ? 'kept' : 'not kept');
  }

  #settle(how: Kept): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(how);
  }

  #onExit(code: number): void {
    this.#worker = undefined;
    this.#begun = false;
    this.#contents = undefined;
    this.#settle('not kept');
    this.#opened.resolve(undefined);
    if (this.#closing) return;
    this.state = 'failed';
    this.reason = 'its thread has ended';
    const lived = performance.now() - this.#since;
    this.#pause = lived > HEALTHY || this.restarts === 0 ? 0 : Math.min(MAX_PAUSE, this.#pause * 2 + 250);
    this.restarts++;
    const details = { disk: this.folder, code, pause_ms: this.#pause };
    this.#owner.log('warn', 'disk thread ended and is replaced', details);
    void this.#replace();
  }

  async #replace(): Promise<void> {
    await this.#owner.recover(this.disk);
    await setTimeout(this.#pause, undefined, { ref: false });
    if (this.#closing) return;
    this.state = 'opening';
    // nobody waits for it as at the start
    this.#spawn({ ...this.#data, lockWait: 0 });
  }

  #tell(message: ToDisk, transfer: readonly Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}
