/** Whether the reference model uses what is stored: RFC 9111 sections 4.2 and 5.2.1, RFC 5861. */
import type { Wishes } from './reference-directives.ts';
import type { Stored } from './reference-serving.ts';

/** `refresh`: used at once, and the origin is asked besides. `ask`: the origin is asked first. */
export type Use = 'fresh' | 'stale' | 'refresh' | 'ask';

/** For how long after the origin failed what may be used stale for errors goes out at once. Seconds. */
const BACKOFF = 2;

/** Until when a stored response counts as fresh where its staleness is measured. */
function freshUntil(stored: Stored, now: number): number {
  return stored.alwaysAsk ? Math.min(now, stored.freshUntil) : stored.freshUntil;
}

export function useOf(stored: Stored, time: number, wishes: Wishes | undefined): Use {
  const now = Math.floor(time);
  const wanted = byWishes(stored, now, wishes);
  if (wanted !== 'ask') return wanted;
  // refused for what the client said: nothing but the origin will do
  if (isDemanded(stored, now, wishes)) return 'ask';
  const failedLately = stored.failed !== undefined && now < stored.failed + BACKOFF;
  return failedLately && now - freshUntil(stored, now) < stored.sie ? 'refresh' : 'ask';
}

function byWishes(stored: Stored, now: number, wishes: Wishes | undefined): Use {
  if (wishes?.noCache || wishes?.noStore) return 'ask';
  const age = now - stored.born;
  if (wishes?.maxAge !== undefined && (wishes.maxAge === 0 || age > wishes.maxAge)) return 'ask';
  const left = freshUntil(stored, now) - now;
  if (left > 0) return left >= (wishes?.minFresh ?? 0) ? 'fresh' : 'ask';
  if (wishes?.minFresh !== undefined) return 'ask';
  if (wishes?.maxStale !== undefined && !stored.strict && -left <= wishes.maxStale) return 'stale';
  return -left < stored.swr ? 'refresh' : 'ask';
}

function isDemanded(stored: Stored, now: number, wishes: Wishes | undefined): boolean {
  return freshUntil(stored, now) > now || wishes?.noCache === true;
}

/** Until when a stored response may stand in for an origin that answers with a failure. */
export function errorUntil(stored: Stored, time: number, wishes: Wishes | undefined): number {
  const now = Math.floor(time);
  return isDemanded(stored, now, wishes) ? 0 : freshUntil(stored, now) + errorWindow(stored, wishes);
}

/** A client's stale-if-error is no leave where the origin forbids stale use (RFC 9111 section 4.2.4). */
function errorWindow(stored: Stored, wishes: Wishes | undefined): number {
  return stored.strict ? stored.sie : Math.max(stored.sie, wishes?.staleIfError ?? 0);
}

/** Whether it may be used now that the origin has failed. */
export function standsIn(stored: Stored, time: number, wishes: Wishes | undefined): boolean {
  const now = Math.floor(time);
  return !isDemanded(stored, now, wishes) && now - freshUntil(stored, now) < errorWindow(stored, wishes);
}

/** Whether it goes out when the origin takes too long. */
export function standsInLate(stored: Stored, time: number, wishes: Wishes | undefined): boolean {
  const now = Math.floor(time);
  return !isDemanded(stored, now, wishes) && now - freshUntil(stored, now) < Math.max(stored.swr, stored.sie);
}
