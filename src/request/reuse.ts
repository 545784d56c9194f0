import { USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { refreshLater } from '../fill/background.ts';
import { PROXY_NAME } from '../fill/head.ts';
import { variantName } from '../fill/judge.ts';
import type { StoredMeta, StoredView } from '../fill/stored.ts';
import { decideReuse } from '../http/reuse.ts';
import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { isLoop } from './loop.ts';
import { FILL, RESPOND, type Step } from './step.ts';

/** For how long after a failed refresh the stale response goes out without waiting for the origin again, in seconds. */
const BACKOFF = 2;

/** Answers from the entry under the transient pin. */
export function useStored(x: Exchange, id: number): Step {
  x.entry = id;
  if (!x.validated) {
    x.cacheStatus = x.disk.status;
    x.outcome = 'hit';
  }
  return RESPOND;
}

/** Times of a stored response that decide about its use, in cache time. */
interface Age {
  /** Until when it is fresh, at most until a purge made it stale; 0 where it is to be validated each time. */
  freshUntil: number;
  born: number;
}

/**
 * Decides about a stored response that is not plainly fresh, or for a request whose own directives count (RFC 9111
 * section 4.2.4, RFC 5861). FILL where the origin is to be asked first: it is then kept at hand, to be validated.
 */
export function weigh(x: Exchange, id: number): Step {
  const view = x.context.stored.of(id);
  const { meta } = view;
  const age = ageOf(x, id);
  const { swr = 0, sie = 0 } = meta;
  const staleFor = x.now - age.freshUntil;
  const directives = x.clientDirectives();
  const mayServeStale = meta.strict !== true;
  const state = { ...age, alwaysRevalidate: false, mayServeStale, staleWhileRevalidate: swr };
  const reuse = decideReuse(state, x.now, directives);
  if (reuse === 'fresh') return useStored(x, id);
  // the client wants the origin's word on what is fresh
  const demanded = staleFor < 0 || directives?.noCache === true;
  const errorWindow = mayServeStale ? Math.max(sie, directives?.staleIfError ?? 0) : sie;
  if (!demanded && x.failure !== undefined && staleFor < errorWindow) return useStale(x, id, age, 'stale-if-error');
  if (!demanded && x.late && staleFor < Math.max(swr, sie)) return useStale(x, id, age, 'stale-deadline');
  if (x.failure === undefined && reuse === 'stale') return useStale(x, id, age, 'max-stale');
  if (x.failure === undefined && reuse === 'refresh') {
    return useWhileRefreshed(x, id, view, age, 'stale-while-revalidate');
  }
  if (x.failure === undefined && !demanded && view.failed + BACKOFF > x.now && staleFor < sie) {
    return useWhileRefreshed(x, id, view, age, 'stale-if-error');
  }
  const until = (window: number): number => (demanded ? 0 : age.freshUntil + window);
  keepForValidation(x, id, meta, until(errorWindow), until(Math.max(swr, sie)));
  return FILL;
}

function ageOf(x: Exchange, id: number): Age {
  const { cache } = x.context;
  const born = cache.word(id, USER_BORN);
  return { freshUntil: cache.word(id, USER_FRESH_UNTIL), born };
}

function useStale(x: Exchange, id: number, age: Age, detail: string): Step {
  x.entry = id;
  x.outcome = 'stale';
  x.cacheStatus = `${PROXY_NAME}; hit; ttl=${age.freshUntil - x.now}; detail=${detail}`;
  return RESPOND;
}

/** The client gets the stale response at once; one fill, which nobody waits for, brings it up to date. */
function useWhileRefreshed(x: Exchange, id: number, view: StoredView, age: Age, detail: string): Step {
  if (view.tried !== x.now) {
    view.tried = x.now;
    if (!admit(x)) return RESPOND;
    if (!isLoop(x)) startRefresh(x, id, view, age);
    x.problem = undefined;
  }
  return useStale(x, id, age, detail);
}

function startRefresh(x: Exchange, id: number, view: StoredView, age: Age): void {
  const { meta } = view;
  if (x.marker !== undefined && meta.variant !== undefined) {
    const { variant = '', vary = [] } = x.marker;
    if (variantName(variant, vary, x.headers ?? []) !== meta.variant) return;
  }
  const { background, cache } = x.context;
  if (!background.take(x.host.plan.index)) return;
  const handle = cache.hold(id);
  // what is stale does for the client: a limit on origin fetches only puts the refresh off
  if (handle < 0 || x.host.plan.guard?.checkOrigin(x) !== undefined) {
    if (handle >= 0) cache.drop(handle);
    background.give(x.host.plan.index);
    return;
  }
  refreshLater(x.context, {
    client: x.clientRequest(),
    key: x.key.copy(),
    parts: x.keyParts,
    marker: x.marker,
    stale: { id, handle, meta, errorUntil: age.freshUntil + Math.max(meta.swr ?? 0, meta.sie ?? 0), lateUntil: 0 },
  });
}

function keepForValidation(x: Exchange, id: number, meta: StoredMeta, errorUntil: number, lateUntil: number): void {
  x.releaseStale();
  const handle = x.context.cache.hold(id);
  if (handle >= 0) x.stale = { id, handle, meta, errorUntil, lateUntil };
}
