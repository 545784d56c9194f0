import { Remembered } from '../base/remembered.ts';
import type { Cache, CacheKey } from '../cache/cache.ts';
import type { BackgroundRequest, WishMessage } from '../compress/background.ts';
import { isRawDictionary } from '../compress/dcz.ts';
import {
  type ByDictionaryMessage,
  type DictionaryMessage,
  hasDictionary,
  MAX_DICTIONARY,
  storeDictionary,
} from '../compress/dictionaries.ts';
import { nameOf, unpackKey } from '../compress/key-message.ts';
import { storeVariant, type VariantCoding } from '../compress/variants.ts';
import { metaOf } from '../fill/stored.ts';
import { type Held, hold } from './held.ts';
import type { JobResult } from './jobs.ts';
import type { Work, WorkPool } from './pool.ts';
import { TaskQueue } from './queue.ts';

/** Most bytes of what is compressed, without its coding; also most bytes of a stored body that is taken up at all. */
const MAX_INPUT = 8 * 1024 * 1024;

/** A variant that saves less is not worth its memory. */
const MIN_SAVING = 0.05;

/** Requests that may wait. They hold no memory of the cache. */
const MAX_WAITING = 256;

/** Work of which it is known what comes of it. */
const REMEMBERED = 10_000;

/** For how long that is so where it is not worth it, in ms. */
const USELESS_TIME = 24 * 3600 * 1000;

/** What was made, and could not be stored or was evicted at once, is not made again before, in ms. So for what failed. */
const PAUSE = 60_000;

/** What has been done so far, for metrics. */
export interface PoolFigures {
  /** Jobs by what became of them. */
  stored: number;
  useless: number;
  /** The original had gone or changed, or there was no room. */
  outdated: number;
  failed: number;
  /** Requests that found no room in the queue. */
  dropped: number;
  waiting: number;
  /** Of what was stored: bytes of the originals as stored, and of what was made of them. */
  bytesIn: number;
  bytesOut: number;
  cpuSeconds: number;
}

/** What a piece of work is about. */
interface Subject {
  name: string;
  key: CacheKey;
  content: string;
  /** Bytes of the original as stored. */
  length: number;
}

/**
 * Main's side of work in the background: takes the requests of all edges, has the pool do them one after the other, and
 * stores what comes of them. A request holds nothing: what it is about is looked up, and held, when its turn comes.
 */
export class BackgroundWorks {
  readonly #cache: Cache;
  readonly #pool: WorkPool;
  readonly #queue: TaskQueue;
  /** Work that is not worth it, and work that is not done again soon. */
  readonly #useless = new Remembered(REMEMBERED, USELESS_TIME);
  readonly #done = new Remembered(REMEMBERED, PAUSE);
  /** Hashes of dictionaries by the name of the work that found them; the oldest go where there are too many. */
  readonly #hashes = new Map<string, string>();
  readonly #log: (message: string, details: Record<string, unknown>) => void;
  readonly #counts = { stored: 0, useless: 0, outdated: 0, failed: 0, bytesIn: 0, bytesOut: 0, cpuSeconds: 0 };

  constructor(cache: Cache, pool: WorkPool, log: (message: string, details: Record<string, unknown>) => void) {
    this.#cache = cache;
    this.#pool = pool;
    this.#queue = new TaskQueue(pool.threads, MAX_WAITING);
    this.#log = log;
  }

  /** Takes the request of an edge. What is under way, known not to be worth it, or too large is not done. */
  request(request: BackgroundRequest): void {
    const key = unpackKey(request.key);
    const { content, length } = request;
    if (length > MAX_INPUT) return;
    if (request.what === 'dictionary') {
      const subject = { name: nameOf(key, content, 'dictionary'), key, content, length };
      if (!this.#hasHash(subject)) this.#add(subject, (original) => this.#digest(subject, original, request));
    } else if (request.what === 'by-dictionary') {
      const subject = { name: nameOf(key, content, `${request.to}:${request.hash}`), key, content, length };
      this.#add(subject, (original) => this.#compressBy(subject, original, request));
    } else {
      const subject = { name: nameOf(key, content, request.to), key, content, length };
      this.#add(subject, (original) => this.#compress(subject, original, request));
    }
  }

  figures(): PoolFigures {
    return { ...this.#counts, dropped: this.#queue.dropped, waiting: this.#queue.waiting };
  }

  /** Ends all jobs and threads. */
  async close(): Promise<void> {
    this.#queue.close();
    await this.#pool.close();
  }

  #add(subject: Subject, work: (original: Held) => Promise<void>): void {
    const now = performance.now();
    if (this.#useless.has(subject.name, now) || this.#done.has(subject.name, now)) return;
    this.#queue.add(subject.name, async () => {
      const isSame = (id: number) => metaOf(this.#cache, id).content === subject.content;
      const original = hold(this.#cache, subject.key, isSame);
      if (original === undefined) {
        this.#counts.outdated++;
        return;
      }
      try {
        await work(original);
      } catch (error) {
        this.#counts.failed++;
        this.#done.add(subject.name, performance.now());
        this.#log('work in the background has failed', { error: (error as Error).message, bytes: subject.length });
      } finally {
        original.drop();
      }
    });
  }

  async #compress(subject: Subject, { id, body: input }: Held, { from, to }: WishMessage): Promise<void> {
    const result = await this.#run(subject, {
      type: 'compress',
      input,
      from,
      to,
      maxInput: MAX_INPUT,
      minSaving: MIN_SAVING,
    });
    this.#storeVariant(subject, id, to, result);
  }

  async #compressBy(
    subject: Subject,
    { id, body: input }: Held,
    { from, to, hash, dictionary }: ByDictionaryMessage,
  ): Promise<void> {
    const held = hold(this.#cache, unpackKey(dictionary));
    if (held === undefined) {
      this.#counts.outdated++;
      return;
    }
    try {
      const result = await this.#run(subject, {
        type: 'compress',
        input,
        from,
        to,
        dictionary: { bytes: held.body, hash: new Uint8Array(Buffer.from(hash, 'hex')) },
        maxInput: MAX_INPUT,
        minSaving: MIN_SAVING,
      });
      this.#storeVariant(subject, id, `${to}:${hash}`, result);
    } finally {
      held.drop();
    }
  }

  #storeVariant({ key, content, length }: Subject, id: number, to: VariantCoding, result: JobResult): void {
    if (result.outcome !== 'made') return;
    const body = new Uint8Array(result.bytes);
    this.#count(storeVariant(this.#cache, { key, id, content, to }, body), length, body.length);
  }

  async #digest(subject: Subject, { id, body: input }: Held, { from }: DictionaryMessage): Promise<void> {
    const { name, key, length } = subject;
    const result = await this.#run(subject, { type: 'digest', input, from, maxInput: MAX_DICTIONARY });
    if (result.outcome !== 'digest') return;
    const hash = Buffer.from(result.hash).toString('hex');
    const bytes = result.bytes === undefined ? Buffer.concat(input) : new Uint8Array(result.bytes);
    const isStored = isRawDictionary(bytes) && storeDictionary(this.#cache, key, id, hash, bytes);
    this.#count(isStored, length, bytes.length);
    if (!isStored) return;
    this.#hashes.delete(name);
    this.#hashes.set(name, hash);
    if (this.#hashes.size > REMEMBERED) this.#hashes.delete(this.#hashes.keys().next().value as string);
  }

  #hasHash({ name, key }: Subject): boolean {
    const hash = this.#hashes.get(name);
    return hash !== undefined && hasDictionary(this.#cache, key, hash);
  }

  async #run({ name }: Subject, work: Work): Promise<JobResult> {
    const result = await this.#pool.run(work);
    const isUseless = result.outcome === 'useless';
    this.#counts.cpuSeconds += result.cpuSeconds;
    if (isUseless) this.#counts.useless++;
    (isUseless ? this.#useless : this.#done).add(name, performance.now());
    return result;
  }

  #count(isStored: boolean, bytesIn: number, bytesOut: number): void {
    if (!isStored) {
      this.#counts.outdated++;
      return;
    }
    this.#counts.stored++;
    this.#counts.bytesIn += bytesIn;
    this.#counts.bytesOut += bytesOut;
  }
}
