import type { Piscina } from 'piscina';
import type { CompressJob, DigestJob, JobResult } from './jobs.ts';

export interface PoolOptions {
  /** The file of a thread: `workers/pool`. */
  file: URL;
  /** CPU seconds per second that all threads together may use, over 0. */
  share: number;
  /** How long a thread without work stays, in ms. */
  idleTimeout?: number;
  /** Told of a thread that died without a job. */
  onError(error: Error): void;
}

/** A job before the pool has added what it decides itself. */
export type Work = Omit<CompressJob, 'share' | 'signal'> | Omit<DigestJob, 'share' | 'signal'>;

const IDLE_TIMEOUT = 10_000;

/**
 * Threads for what may take seconds. None is there until there is work, and none some time after it. Whoever gives the
 * work keeps the queue: what is given runs as soon as one of `threads` is free.
 */
export class WorkPool {
  /** Jobs that run at the same time: as many as the share needs. */
  readonly threads: number;
  readonly #options: PoolOptions;
  #piscina: Promise<Piscina> | undefined;
  readonly #running = new Set<SharedArrayBuffer>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.threads = Math.max(1, Math.ceil(options.share));
  }

  /**
   * Runs a job. Its input stays where it is, and must not change.
   * @returns `stopped` where the pool has been closed meanwhile. Rejects when the job's thread has died
   */
  async run(work: Work): Promise<JobResult> {
    if (this.#closed) return { outcome: 'stopped', cpuSeconds: 0 };
    const signal = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#running.add(signal);
    try {
      this.#piscina ??= this.#open();
      const piscina = await this.#piscina;
      if (this.#closed) return { outcome: 'stopped', cpuSeconds: 0 };
      return (await piscina.run({ ...work, share: this.#options.share / this.threads, signal })) as JobResult;
    } finally {
      this.#running.delete(signal);
    }
  }

  /** Ends what runs within a step of the work, some tenths of a second at most, and all threads. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const signal of this.#running) {
      const word = new Int32Array(signal);
      Atomics.store(word, 0, 1);
      Atomics.notify(word, 0);
    }
    // where it could not be loaded, each job has been told so
    const piscina = await this.#piscina?.catch(() => undefined);
    await piscina?.close();
  }

  /** Loaded when first needed: most of what lb does needs no pool. */
  async #open(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    const piscina = new Piscina({
      filename: this.#options.file.href,
      minThreads: 0,
      maxThreads: this.threads,
      idleTimeout: this.#options.idleTimeout ?? IDLE_TIMEOUT,
      // a thread without work is to wait in its event loop, where it can be ended
      atomics: 'disabled',
      recordTiming: false,
    });
    piscina.on('error', (error: Error) => this.#options.onError(error));
    return piscina;
  }
}
