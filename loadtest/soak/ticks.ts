/** When memory is measured: at the same moments in every thread and process, by the clock. */

export const PERIOD = 30_000;

/** How long before a measurement nothing new is asked, and how long after it, in ms: what is under way shall have ended. */
const BEFORE = 3000;
const AFTER = 2000;

/** The next moment after `now`, both as by Date.now(). */
export function tickAfter(now: number): number {
  return now - (now % PERIOD) + PERIOD;
}

/** How long a visitor has to rest, in ms; 0 between measurements. */
export function restAt(now: number): number {
  const since = (now + BEFORE) % PERIOD;
  return since < BEFORE + AFTER ? BEFORE + AFTER - since : 0;
}
