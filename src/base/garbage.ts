import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of body chunks between two collections. */
const BUDGET = 8 << 20;

let collect: ((options: { type: 'minor' | 'major' }) => void) | undefined;
let passed = 0;

/**
 * Counts bytes of short-lived buffers that pass through this thread, and has the young generation collected now and
 * then. V8 does not weigh buffers that sockets read into: at 64 KB each, more than 60 MB of dead ones would pile up before
 * the few small objects beside them fill the young generation. A collection takes well under a millisecond.
 */
export function countPassing(bytes: number): void {
  passed += bytes;
  if (passed < BUDGET) return;
  passed = 0;
  collect ??= exposeCollection();
  collect({ type: 'minor' });
}

/**
 * Has V8 allocate everything in the young generation. While this thread warms up, the young generation is so small that
 * what is under way often outlives a collection; V8 then allocates objects of the same origin as old ones for good, and
 * each of these keeps what it refers to until a large collection. Of what a request makes hardly anything lives long.
 */
export function allocateYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** Collects all garbage of this thread at once, which stops it for tens of milliseconds. */
export function collectAll(): void {
  collect ??= exposeCollection();
  collect({ type: 'major' });
}

/**
 * V8's flags are the process's, not the thread's: the flag stays on, since another thread may have set it for its own
 * context that is about to be made. Only contexts made from now on show the function.
 */
function exposeCollection(): (options: { type: 'minor' | 'major' }) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;
}
