/**
 * The life of a disk: its folder is opened, prepared for the cache, used, given up when it fails, and tried again. No error of a
 * disk ends the thread.
 */
import { randomBytes } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { openCache } from '../cache/cache.ts';
import { Doorbells } from '../threads/doorbell.ts';
import type { DiskData, DiskPurge, DiskTerms, FindRequest, FromDisk, ToDisk } from '../threads/messages.ts';
import { errorKind, messageOf } from './errors.ts';
import { notedContents, OpenFolder } from './folder.ts';
import { OutOfStep, type Told } from './forgotten.ts';
import { FORGET, OfferRing } from './ring.ts';
import { DISK_FAILED, LOADING, SlotTable } from './slots.ts';
import { DiskStore } from './store.ts';

/** Between two turns: while there is more to do, after something was done, and when nothing was for a while; in ms. */
const BUSY = 1;
const LATELY = 10;
const IDLE = 50;
/** From a ring of the doorbell to the turn, in ms. */
const SOON = 2;
const LATELY_TURNS = 20;
/** A folder that another process has is looked at so often, in ms. */
const LOCK_LOOK = 100;
/** What failed is tried again after so long, in ms. */
const RETRY = 30_000;
/** Figures are told, and the folder is looked for, so often, in ms. */
const LOOK = 1000;
/** So many errors in a row, other than for want of room, and the disk has failed. */
const MAX_ERRORS = 3;
/** So much of what edges tell is kept while nobody has the folder open. */
const MAX_TOLD = 200_000;
const MAX_LATE = 10_000;
/** Purges that could not be kept are tried again so often, in ms. */
const KEEP_AGAIN = 1000;
/** Purges find room on a full disk by what an attempt before has given back. */
const KEEP_ATTEMPTS = 3;

export interface ThreadOptions {
  tell(message: FromDisk): void;
  /** The thread may end. */
  end(): void;
  /** When what failed is tried again, in ms. */
  retry?: number;
}

export class DiskThread {
  readonly #data: DiskData;
  readonly #options: ThreadOptions;
  readonly #session = randomBytes(8).toString('hex');
  readonly #started = performance.now();
  readonly #log = (level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void =>
    this.#options.tell({ type: 'log', level, message, details });
  #folder: OpenFolder | undefined;
  #terms: DiskTerms | undefined;
  #slots: SlotTable | undefined;
  #rings: OfferRing[] = [];
  #store: DiskStore | undefined;
  #cache: ReturnType<typeof openCache> | undefined;
  /** What edges have told, and purges, since the folder was lost. */
  #told: Told[] = [];
  #late: DiskPurge[] = [];
  /** What is in the folder is of no use: it was not told, or is damaged. */
  #empty: string | undefined;
  #sites: [name: string, number: number][] | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off. */
  #turnAt = 0;
  /** Purges that have come together are kept together. */
  #keeping: NodeJS.Immediate | undefined;
  #keepAgainAt = 0;
  #stopListening = (): void => {};
  #retryAt = 0;
  #quiet = 0;
  #errors = 0;
  #errorsInRow = 0;
  #pausedFor: string | undefined;
  #lookAt = 0;
  #applied = -1;
  #isReady = false;
  #figures = '';
  #opened = false;
  #closing = false;

  constructor(data: DiskData, options: ThreadOptions) {
    this.#data = data;
    this.#options = options;
    this.#turn();
  }

  hear(message: ToDisk): void {
    switch (message.type) {
      case 'begin':
        this.#begin(message);
        break;
      case 'purge':
        this.#late.push(...message.purges);
        this.#keeping ??= setImmediate(() => this.#keep());
        break;
      case 'sites':
        this.#sites = message.sites;
        this.#guard(() => this.#saveSites());
        break;
      case 'port':
        this.#answer(message.port);
        break;
      case 'ping':
        this.#options.tell({ type: 'pong' });
        break;
      case 'failed':
        if (this.#store !== undefined) this.#fail(message.reason);
        break;
      case 'close':
        this.#close();
    }
  }

  /** Something else than the disk is wrong: gives the folder back. */
  abort(): void {
    this.#end();
    this.#release();
  }

  #begin(terms: DiskTerms): void {
    this.#terms = terms;
    this.#cache = openCache(terms.cache, terms.worker);
    this.#slots = new SlotTable(terms.slots);
    this.#rings = terms.rings.map((ring) => new OfferRing(ring));
    this.#stopListening = new Doorbells(terms.doorbells).listen(terms.worker, () => this.#wake());
    if (this.#folder === undefined) this.#slots.state = DISK_FAILED;
    this.#schedule(0);
  }

  #turn(): void {
    if (this.#closing) return;
    this.#guard(() => {
      if (this.#folder === undefined) this.#open();
      if (this.#folder !== undefined && this.#terms !== undefined && this.#store === undefined) this.#start();
    });
    if (this.#store === undefined) this.#listen();
    let more = false;
    this.#guard(() => {
      more = this.#store?.turn() ?? false;
      this.#afterTurn();
    });
    this.#look();
    this.#quiet = more ? 0 : this.#quiet + 1;
    this.#schedule(more ? BUSY : this.#quiet < LATELY_TURNS ? LATELY : IDLE);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closing) return;
    this.#turnAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#turn(), ms);
  }

  /** There is something in a ring that was empty. More is on its way, and taken with it. */
  #wake(): void {
    this.#quiet = 0;
    if (this.#turnAt > performance.now() + SOON) this.#schedule(SOON);
  }

  #open(): void {
    const now = performance.now();
    if (now < this.#retryAt) return;
    const { folder, size, lockWait } = this.#data;
    this.#folder = OpenFolder.open(folder, size, this.#log);
    if (this.#folder !== undefined) {
      if (!this.#opened) this.#tellOpened();
      return;
    }
    this.#retryAt = now + LOCK_LOOK;
    if (this.#opened || now - this.#started < lockWait) return;
    const contents = notedContents(folder, size);
    this.#log('warn', 'a disk waits for another process that has its folder', { folder });
    this.#opened = contents !== undefined;
    this.#options.tell({ type: 'opened', contents, error: contents ? undefined : 'another process has the folder' });
    if (contents === undefined) this.#retryAt = now + this.#retry;
  }

  #tellOpened(): void {
    const contents = this.#folder?.contents();
    this.#opened = true;
    this.#options.tell({ type: 'opened', contents, error: undefined });
  }

  #start(): void {
    const folder = this.#folder as OpenFolder;
    const terms = this.#terms as DiskTerms;
    const slots = this.#slots as SlotTable;
    if (this.#empty !== undefined) folder.empty(this.#empty);
    folder.prepare(terms, this.#session, this.#late);
    // the folder has them from here on, whatever becomes of it
    terms.missed = [];
    terms.empty = false;
    this.#empty = undefined;
    this.#late = [];
    this.#saveSites();
    const cache = this.#cache as ReturnType<typeof openCache>;
    this.#listen();
    this.#store = new DiskStore({ folder, cache, slots, rings: this.#rings, forgotten: this.#told });
    this.#told = [];
    this.#isReady = false;
    this.#applied = -1;
    slots.state = LOADING;
    this.#pausedFor = undefined;
    this.#options.tell({ type: 'state', state: 'loading', reason: undefined, objects: 0 });
    this.#options.tell({ type: 'kept', sequence: folder.sequence, error: undefined });
  }

  #afterTurn(): void {
    const store = this.#store;
    if (store === undefined) return;
    if (store.applied !== this.#applied) {
      this.#applied = store.applied;
      this.#options.tell({ type: 'applied', sequence: store.applied });
    }
    if (store.isLoaded && !this.#isReady) {
      this.#isReady = true;
      this.#options.tell({ type: 'state', state: 'ready', reason: undefined, objects: store.figures().objects });
    }
    if (this.#late.length > 0 && !store.paused && performance.now() >= this.#keepAgainAt) this.#keep();
    if (!store.paused) this.#errorsInRow = 0;
    else if (performance.now() >= this.#retryAt) this.#resume(store);
  }

  /** Tries to write again. */
  #resume(store: DiskStore): void {
    store.paused = false;
    this.#retryAt = 0;
    this.#keep();
    this.#guard(() => store.probe());
    if (!store.paused && this.#pausedFor !== undefined) {
      this.#log('info', 'a disk can be written again', { folder: this.#data.folder });
      this.#pausedFor = undefined;
    }
  }

  /** Keeps what purges there are in one transaction. */
  #keep(): void {
    clearImmediate(this.#keeping);
    this.#keeping = undefined;
    this.#keepAgainAt = performance.now() + KEEP_AGAIN;
    if (this.#late.length === 0) return;
    const sequence = this.#late[this.#late.length - 1].sequence;
    if (this.#late.length > MAX_LATE) {
      this.#empty = 'it has missed purges';
      this.#late = this.#late.slice(-1);
    }
    let error: string | undefined = this.#pausedFor ?? 'the disk is not in use';
    for (let attempt = 0; attempt < KEEP_ATTEMPTS && error !== undefined; attempt++) {
      if (this.#store === undefined || this.#store.paused || this.#empty !== undefined) break;
      error = this.#guard(() => {
        this.#store?.keep(this.#late);
        this.#late = [];
      });
    }
    this.#options.tell({ type: 'kept', sequence, error });
    this.#schedule(0);
  }

  #saveSites(): void {
    if (this.#sites === undefined || this.#folder === undefined || this.#terms === undefined) return;
    if (this.#store === undefined && this.#folder.sequence < this.#terms.sequence) return;
    this.#folder.saveSites(this.#sites);
    this.#sites = undefined;
  }

  #answer(port: MessagePort): void {
    port.on('message', ({ id, lo, hi }: FindRequest) => {
      let found = false;
      this.#guard(() => {
        found = this.#store?.find(lo, hi) ?? false;
      });
      port.postMessage({ id, found });
    });
  }

  /** Takes what edges tell while there is no store. */
  #listen(): void {
    for (const ring of this.#rings) {
      ring.take(Number.POSITIVE_INFINITY, ({ kind, lo, hi, segment, offset }) => {
        if (kind === FORGET) this.#told.push({ lo, hi, segment, offset });
      });
      if (ring.lost() > 0) this.#empty = OUT_OF_STEP;
    }
    if (this.#told.length <= MAX_TOLD) return;
    this.#empty = OUT_OF_STEP;
    this.#told = [];
  }

  /** What edges wait for comes at least this often. */
  #look(): void {
    const now = performance.now();
    const store = this.#store;
    if (now < this.#lookAt || store === undefined) return;
    this.#lookAt = now + LOOK;
    this.#guard(() => {
      if (this.#folder?.isThere() === false) {
        this.#fail('its folder is not there any more');
        return;
      }
      const figures = { ...store.figures(), errors: this.#errors, paused: this.#pausedFor };
      const text = JSON.stringify(figures);
      if (text === this.#figures) return;
      this.#figures = text;
      this.#options.tell({ type: 'figures', figures });
    });
  }

  get #retry(): number {
    return this.#options.retry ?? RETRY;
  }

  /** @returns what went wrong */
  #guard(work: () => void): string | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      this.#onError(error);
      return messageOf(error);
    }
  }

  #onError(error: unknown): void {
    const reason = messageOf(error);
    this.#errors++;
    const store = this.#store;
    if (error instanceof OutOfStep) {
      this.#empty = reason;
      this.#fail(reason);
    } else if (store === undefined) this.#onClosedError(error, reason);
    else {
      store.abandon();
      const kind = errorKind(error);
      if (kind === 'corrupt') this.#empty = reason;
      if (kind === 'full' && this.#makeRoom(store)) return;
      if (kind === 'full' || kind === 'read-only') this.#pause(store, reason);
      else if (kind === 'corrupt' || kind === 'gone' || ++this.#errorsInRow >= MAX_ERRORS) this.#fail(reason);
      else this.#log('warn', 'a disk made an error', { folder: this.#data.folder, error: reason });
    }
  }

  #onClosedError(error: unknown, reason: string): void {
    const kind = errorKind(error);
    const mayOpen = kind === 'full' && this.#folder?.giveRoom() === true;
    const isDamaged = kind === 'corrupt' && this.#empty === undefined;
    this.#release();
    if (isDamaged) this.#empty = reason;
    if (mayOpen || (isDamaged && this.#opened)) {
      this.#retryAt = 0;
      return;
    }
    this.#retryAt = performance.now() + this.#retry;
    this.#log('error', 'a disk cannot be opened', { folder: this.#data.folder, error: reason });
    if (!this.#opened) this.#options.tell({ type: 'opened', contents: undefined, error: reason });
    else if (this.#terms !== undefined) this.#tellFailed(reason);
  }

  /** On a full file system what a disk has becomes its limit, less a segment for what its index still has to write. */
  #makeRoom(store: DiskStore): boolean {
    try {
      if (store.paused || !store.makeRoom()) return false;
    } catch (error) {
      store.abandon();
      this.#log('warn', 'a full disk cannot give room back', {
        folder: this.#data.folder,
        error: messageOf(error),
      });
      return false;
    }
    this.#log(
      'warn',
      'a disk is full before its limit: its oldest segment is given back, and it makes do with the rest',
      {
        folder: this.#data.folder,
      },
    );
    return true;
  }

  /** Nothing is written for a while; what is there can be read. */
  #pause(store: DiskStore, reason: string): void {
    if (store.paused) return;
    store.paused = true;
    this.#retryAt = performance.now() + this.#retry;
    if (this.#pausedFor !== undefined) return;
    this.#pausedFor = reason;
    this.#log('error', 'a disk cannot be written: what it has stays, nothing is added', {
      folder: this.#data.folder,
      error: reason,
      retry_seconds: Math.round(this.#retry / 1000),
    });
  }

  /** The disk is given up for a while. */
  #fail(reason: string): void {
    if (this.#slots !== undefined) this.#slots.state = DISK_FAILED;
    this.#told.push(...(this.#store?.told ?? []));
    this.#release();
    this.#errorsInRow = 0;
    this.#retryAt = performance.now() + this.#retry;
    this.#log('error', 'a disk has failed, and is left out until it is well again', {
      folder: this.#data.folder,
      error: reason,
      retry_seconds: Math.round(this.#retry / 1000),
    });
    this.#tellFailed(reason);
  }

  #tellFailed(reason: string): void {
    this.#options.tell({ type: 'state', state: 'failed', reason, objects: 0 });
  }

  #end(): void {
    this.#closing = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#keeping);
    this.#stopListening();
  }

  #release(): void {
    const store = this.#store;
    const folder = this.#folder;
    this.#store = undefined;
    this.#folder = undefined;
    for (const close of [() => store?.close(), () => folder?.close()]) {
      try {
        close();
      } catch {
        // it is given up anyway
      }
    }
  }

  #close(): void {
    if (this.#keeping !== undefined) this.#keep();
    this.#end();
    if (this.#slots !== undefined) this.#slots.state = DISK_FAILED;
    this.#release();
    this.#options.tell({ type: 'closed' });
    this.#options.end();
  }
}

const OUT_OF_STEP = 'too much was replaced while it was not in use';
