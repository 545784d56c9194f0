import type { RequestLine } from '../log-text.ts';
import { SpaceSaving, type Sums } from './space-saving.ts';

/** What the heaviest are heaviest by. */
export const SORT_KEYS = ['requests', 'bytes', 'errors', 'misses', 'time'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Keys of one kind that are kept. */
const CAPACITY = 2000;
/** Seconds after which what was counted counts half. */
const HALF_LIFE = 10;
/** Characters of a URL that count. */
const MAX_URL = 200;

/** One kind of key, with what it has by the second. */
export interface Ranked {
  readonly key: string;
  readonly requests: number;
  readonly bytes: number;
  readonly errors: number;
  readonly misses: number;
  /** Mean milliseconds of a request. */
  readonly duration_ms: number;
  /** Part of the rank's figure that may belong to other keys, 0 to 1. */
  readonly error: number;
}

/** Counts lines of the log in bounded memory, however many URLs and clients there are. */
export class Tally {
  readonly statuses = new Map<number, number>();
  readonly cache = new Map<string, number>();
  requests = 0;
  /** Lines that were lost on the way here. */
  lost = 0;
  readonly #sort: SortKey;
  readonly #urls = new SpaceSaving(CAPACITY);
  readonly #clients = new SpaceSaving(CAPACITY);
  /** Seconds that the counts stand for, fading as they do. */
  #seconds = 0;

  constructor(sort: SortKey) {
    this.#sort = sort;
  }

  add(line: RequestLine): void {
    const { status, cache, sample = 1 } = line as RequestLine & { sample?: number };
    const count = 1 / sample;
    this.requests += count;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + count);
    this.cache.set(cache, (this.cache.get(cache) ?? 0) + count);
    const sums: Sums = {
      requests: count,
      bytes: line.bytes * count,
      errors: status >= 500 ? count : 0,
      misses: cache === 'HIT' ? 0 : count,
      time: line.duration_ms * count,
    };
    const weight = sums[this.#sort];
    if (weight === 0) return;
    this.#urls.add(`${line.host ?? ''}${line.path ?? ''}`.slice(0, MAX_URL) || '-', weight, sums);
    if (line.client_ip !== undefined) this.#clients.add(line.client_ip, weight, sums);
  }

  /** `seconds` have passed since the last time; to be called before what is counted is shown. */
  pass(seconds: number): void {
    this.#seconds += seconds;
  }

  /** What was counted so far counts less from now on, the more so the more seconds pass. */
  fade(seconds: number): void {
    const factor = 0.5 ** (seconds / HALF_LIFE);
    this.#seconds *= factor;
    this.requests *= factor;
    for (const counts of [this.statuses, this.cache] as Map<unknown, number>[]) {
      for (const [key, count] of counts) counts.set(key, count * factor);
    }
    this.#urls.fade(factor);
    this.#clients.fade(factor);
  }

  perSecond(count: number): number {
    return this.#seconds === 0 ? 0 : count / this.#seconds;
  }

  urls(count: number): Ranked[] {
    return this.#ranked(this.#urls, count);
  }

  clients(count: number): Ranked[] {
    return this.#ranked(this.#clients, count);
  }

  #ranked(sketch: SpaceSaving, count: number): Ranked[] {
    return sketch.top(count).map(({ key, weight, error, requests, bytes, errors, misses, time }) => ({
      key,
      requests: this.perSecond(requests),
      bytes: this.perSecond(bytes),
      errors: this.perSecond(errors),
      misses: this.perSecond(misses),
      duration_ms: requests === 0 ? 0 : time / requests,
      error: error / weight,
    }));
  }
}
