import type { RequestDirectives } from './cache-control.ts';

/** What is known of a stored response when a request for it arrives. All times in seconds. */
export interface StoredState {
  /** Until when it is fresh, since 1970. */
  freshUntil: number;
  /** Since when it has aged, since 1970. */
  born: number;
  /** no-cache: every reuse needs a validation. */
  alwaysRevalidate: boolean;
  /** Whether it may be used stale for a request that permits it (max-stale). */
  mayServeStale: boolean;
  /** How long after freshUntil it may be used while it is refreshed. */
  staleWhileRevalidate: number;
}

/**
 * What to do with a stored response. `fresh`: use it. `stale`: use it, the request permits that. `refresh`: use it, and
 * refresh it in the background. `validate`: ask the origin first.
 */
export type Reuse = 'fresh' | 'stale' | 'refresh' | 'validate';

/**
 * Whether a stored response may be used without asking the origin (RFC 9111 section 4), for a request whose directives
 * are to be honoured; leave them out where clients have no say.
 *
 * @param now seconds since 1970
 */
export function decideReuse(stored: StoredState, now: number, request?: Readonly<RequestDirectives>): Reuse {
  if (stored.alwaysRevalidate || request?.noCache === true || request?.noStore === true) return 'validate';
  const age = now - stored.born;
  if (request?.maxAge !== undefined && (request.maxAge === 0 || age > request.maxAge)) return 'validate';
  const remaining = stored.freshUntil - now;
  if (remaining > 0) return remaining >= (request?.minFresh ?? 0) ? 'fresh' : 'validate';
  if (request?.minFresh !== undefined) return 'validate';
  if (request?.maxStale !== undefined && stored.mayServeStale && -remaining <= request.maxStale) return 'stale';
  return -remaining < stored.staleWhileRevalidate ? 'refresh' : 'validate';
}
