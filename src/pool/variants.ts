import { Remembered } from '../base/remembered.ts';
import type { Cache, CacheKey } from '../cache/cache.ts';
import { nameOf, unpackKey, type WishMessage } from '../compress/background.ts';
import { storeVariant } from '../compress/variants.ts';
import { StoredViews } from '../fill/stored.ts';
import type { JobResult, Pieces } from './jobs.ts';
import type { WorkPool } from './pool.ts';
import { TaskQueue } from './queue.ts';

/** Most bytes of what is compressed, without its coding; also most bytes of a stored body that is taken up at all. */
const MAX_INPUT = 8 * 1024 * 1024;

/** A variant that saves less is not worth its memory. */
const MIN_SAVING = 0.05;

/** Wishes that may wait. They hold no memory of the cache. */
const MAX_WAITING = 256;

/** Variants of which it is known what becomes of them. */
const REMEMBERED = 10_000;

/** For how long that is so of those that are not worth it, in ms. */
const USELESS_TIME = 24 * 3600 * 1000;

/** One that was made, and could not be stored or was evicted at once, is not made again before, in ms. So for what failed. */
const PAUSE = 60_000;

/** What has been done so far, for metrics. */
export interface PoolFigures {
  /** Jobs by what became of them. */
  stored: number;
  useless: number;
  /** The original had gone or changed. */
  outdated: number;
  failed: number;
  /** Wishes that found no room in the queue. */
  dropped: number;
  waiting: number;
  bytesIn: number;
  bytesOut: number;
  cpuSeconds: number;
}

/**
 * Main's side of variants in the background: takes the wishes of all edges, has the pool make them one after the other,
 * and stores them. A wish holds nothing; its original is looked up, and held by main, when its turn comes.
 */
export class VariantWorks {
  readonly #cache: Cache;
  readonly #stored: StoredViews;
  readonly #pool: WorkPool;
  readonly #queue: TaskQueue;
  readonly #settled = new Remembered(REMEMBERED);
  readonly #log: (message: string, details: Record<string, unknown>) => void;
  readonly #counts = { stored: 0, useless: 0, outdated: 0, failed: 0, bytesIn: 0, bytesOut: 0, cpuSeconds: 0 };

  constructor(cache: Cache, pool: WorkPool, log: (message: string, details: Record<string, unknown>) => void) {
    this.#cache = cache;
    this.#stored = new StoredViews(cache);
    this.#pool = pool;
    this.#queue = new TaskQueue(pool.threads, MAX_WAITING);
    this.#log = log;
  }

  want(wish: WishMessage): void {
    const key = unpackKey(wish.key);
    const name = nameOf(key, wish.content, wish.to);
    if (wish.length > MAX_INPUT || this.#settled.has(name, performance.now())) return;
    this.#queue.add(name, () => this.#make(name, key, wish));
  }

  figures(): PoolFigures {
    return { ...this.#counts, dropped: this.#queue.dropped, waiting: this.#queue.waiting };
  }

  /** Ends all jobs and threads. */
  async close(): Promise<void> {
    this.#queue.close();
    await this.#pool.close();
  }

  async #make(name: string, key: CacheKey, wish: WishMessage): Promise<void> {
    const original = this.#hold(key, wish.content);
    if (original === undefined) {
      this.#counts.outdated++;
      return;
    }
    const { id, handle, body } = original;
    try {
      const result = await this.#pool.run({
        type: 'compress',
        input: body,
        from: wish.from,
        to: wish.to,
        maxInput: MAX_INPUT,
        minSaving: MIN_SAVING,
      });
      this.#counts.cpuSeconds += result.cpuSeconds;
      this.#take(result, name, { ...wish, key, id });
    } catch (error) {
      this.#counts.failed++;
      this.#settled.add(name, performance.now() + PAUSE);
      this.#log('a thread of the pool has failed', {
        error: (error as Error).message,
        length: wish.length,
        to: wish.to,
      });
    } finally {
      this.#cache.drop(handle);
    }
  }

  #take(result: JobResult, name: string, wish: Omit<WishMessage, 'key'> & { key: CacheKey; id: number }): void {
    const isUseless = result.outcome === 'useless';
    this.#settled.add(name, performance.now() + (isUseless ? USELESS_TIME : PAUSE));
    if (isUseless) this.#counts.useless++;
    if (result.outcome !== 'made') return;
    this.#counts.bytesIn += wish.length;
    if (storeVariant(this.#cache, this.#stored, wish, new Uint8Array(result.bytes))) {
      this.#counts.stored++;
      this.#counts.bytesOut += result.bytes.byteLength;
    } else this.#counts.outdated++;
  }

  /** The original by its key, under a long pin, if it still has the content. */
  #hold(key: CacheKey, content: string): { id: number; handle: number; body: Pieces } | undefined {
    const cache = this.#cache;
    const id = cache.lookup(key);
    const handle = id !== 0 && this.#stored.of(id).meta.content === content ? cache.hold(id) : -1;
    cache.unpin();
    if (handle < 0) return undefined;
    const body: Uint8Array[] = [];
    const length = cache.bodyLength(id);
    for (let at = 0; at < length; ) {
      const piece = cache.body(id, at);
      body.push(piece);
      at += piece.length;
    }
    return { id, handle, body };
  }
}
