/** What `performance.now()` of this thread is behind the clock that all threads of the machine share, in ms. */
const BEHIND = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of a clock that never jumps and is the same on all threads. */
export function monotonicNow(): number {
  return performance.now() + BEHIND;
}
