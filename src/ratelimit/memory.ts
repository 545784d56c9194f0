import { randomBytes } from 'node:crypto';

// What all threads know of rate limits: one SharedArrayBuffer.
//
//   header     64 bytes: 0 8-byte secret | 8 Int32 workers | 12 Int32 evictions | 16 Int32 keys without a place | 24 Float64 start
//   buckets    sets of four, a cache line each; see buckets.ts
//   holds      rows of requests under way by key, then one column of Int32 a worker; see holds.ts
//   counts     a line of Float64 for each worker and limit, one writer each; see counts.ts

const HEADER = 64;

/** Keys whose rate is remembered; one of them takes `BUCKET_BYTES`. A power of two. */
export const BUCKETS = 1 << 18;
export const BUCKET_BYTES = 16;

/** Keys whose requests under way are counted. A power of two. */
export const HOLD_ROWS = 1 << 13;

/** Limits with counters of their own; further ones are counted together in the first line. */
export const COUNTED_LIMITS = 1024;
/** Float64 of a line: see `LimitEvent`. */
export const COUNT_FIELDS = 4;

/** Views of the memory. */
export interface RateLimitMemory {
  readonly secret: readonly [number, number];
  readonly workers: number;
  /** 0: evictions, 1: keys without a place; by Atomics. */
  readonly events: Int32Array;
  /** What times of buckets count from: monotonic ms. */
  readonly start: number;
  readonly words: Int32Array;
  /** The same bytes as `words`. */
  readonly pairs: BigInt64Array;
  readonly holdWords: Int32Array;
  readonly holdPairs: BigInt64Array;
  /** By worker, then by row. */
  readonly columns: Int32Array;
  readonly counts: Float64Array;
}

/**
 * Memory for the limits of all sites. Pages that are never written take none.
 * @param workers numbers of threads: 0 (main) to this one
 * @param start monotonic ms, see `monotonicNow`
 */
export function createRateLimits(workers: number, start: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(layoutOf(workers).end);
  new Uint8Array(memory, 0, 8).set(randomBytes(8));
  new Int32Array(memory, 8, 1)[0] = workers;
  new Float64Array(memory, 24, 1)[0] = start;
  return memory;
}

export function openRateLimits(memory: SharedArrayBuffer): RateLimitMemory {
  const [lo, hi, workers] = new Int32Array(memory, 0, 3);
  const { holds, columns, counts } = layoutOf(workers);
  return {
    secret: [lo, hi],
    workers,
    events: new Int32Array(memory, 12, 2),
    start: new Float64Array(memory, 24, 1)[0],
    words: new Int32Array(memory, HEADER, (BUCKETS * BUCKET_BYTES) / 4),
    pairs: new BigInt64Array(memory, HEADER, (BUCKETS * BUCKET_BYTES) / 8),
    holdWords: new Int32Array(memory, holds, HOLD_ROWS * 2),
    holdPairs: new BigInt64Array(memory, holds, HOLD_ROWS),
    columns: new Int32Array(memory, columns, (workers + 1) * HOLD_ROWS),
    counts: new Float64Array(memory, counts, (workers + 1) * COUNTED_LIMITS * COUNT_FIELDS),
  };
}

function layoutOf(workers: number) {
  const holds = HEADER + BUCKETS * BUCKET_BYTES;
  const columns = holds + HOLD_ROWS * 8;
  const counts = columns + (workers + 1) * HOLD_ROWS * 4;
  const end = counts + (workers + 1) * COUNTED_LIMITS * COUNT_FIELDS * 8;
  return { holds, columns, counts, end };
}
