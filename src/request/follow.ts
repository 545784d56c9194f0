import { cacheNow } from '../base/clock.ts';
import { BROKEN, FAILED, REFRESHED, RELEASED, USER_AUX, WAITING } from '../cache/cache.ts';
import { ANSWERED, CONFIRMED, SLICED, WHOLE } from '../fill/flight-words.ts';
import { PROXY_NAME } from '../fill/head.ts';
import { selection, selectionOf } from '../fill/judge.ts';
import type { StoredMeta } from '../fill/stored.ts';
import { formatProxyStatus } from '../http/proxy-status.ts';
import { errorOfNumber, type OriginError } from '../origin/origin-error.ts';
import { keepStoredHints } from './early-hints.ts';
import type { Exchange } from './exchange.ts';
import type { RequestProblem } from './outcome.ts';
import { FILL, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

/** What a request that follows a flight does next, by how far the flight has come. */
export function follow(x: Exchange): Step {
  if (x.flight === undefined || x.blocked) return WAIT;
  const state = x.context.cache.flightState(x.flight.id);
  if (x.begun) return RESPOND;
  switch (state) {
    case WAITING:
      return WAIT;
    case RELEASED:
      x.leaveFlight();
      x.bypass = true;
      x.outcome = 'none';
      return FILL;
    case REFRESHED:
      return useRefreshed(x);
    case FAILED:
      return fail(x, x.context.cache.word(x.flight.id, USER_AUX));
    case BROKEN:
      if (x.rest !== undefined) return begin(x, x.flight.id);
      x.leaveFlight();
      x.outcome = 'none';
      return LOOKUP;
    default:
      return begin(x, x.flight.id);
  }
}

/** The head is there: the answer begins, unless it is another variant than this request's. */
function begin(x: Exchange, id: number): Step {
  const view = x.context.stored.read(id);
  if (!isVariantOf(x, view.meta)) {
    x.leaveFlight();
    x.outcome = 'none';
    return LOOKUP;
  }
  x.now = cacheNow();
  x.entry = id;
  x.view = view;
  x.ownLines = x.fill?.ownLines ?? '';
  if (x.fill !== undefined) keepStoredHints(x, view);
  x.cacheStatus += x.outcome === 'collapsed' ? '; collapsed' : '; stored';
  return RESPOND;
}

/** A flight that began before it was known that the resource varies may bring another client's variant. */
function isVariantOf(x: Exchange, meta: StoredMeta): boolean {
  if (meta.vary === undefined || meta.variant === undefined || x.fill !== undefined) return true;
  return selectionOf(meta.variant) === selection(meta.vary, x.headers ?? []);
}

function useRefreshed(x: Exchange): Step {
  const word = x.flight === undefined ? 0 : x.context.cache.word(x.flight.id, USER_AUX);
  const confirmed = word === CONFIRMED;
  x.wantsAll ||= word === WHOLE;
  if (word === SLICED) return useSliced(x);
  x.leaveFlight();
  if (!confirmed) return LOOKUP;
  x.validated = true;
  x.cacheStatus += '; fwd-status=304';
  if (x.outcome !== 'collapsed') x.outcome = 'revalidated';
  else x.cacheStatus += '; collapsed';
  return LOOKUP;
}

/** What is known of a large resource has just been stored: it is used however long it is fresh. */
function useSliced(x: Exchange): Step {
  x.ownLines = x.fill?.ownLines ?? '';
  x.leaveFlight();
  x.validated = true;
  x.cacheStatus += x.outcome === 'collapsed' ? '; collapsed' : '; stored';
  return LOOKUP;
}

/** The origin failed: what is stored may do, however stale, or else the client is told. */
function fail(x: Exchange, word: number): Step {
  x.leaveFlight();
  x.failure = word > ANSWERED ? answeredProblem(word - ANSWERED) : originProblem(errorOfNumber(word));
  return LOOKUP;
}

/** What is said to the client in place of an answer that is no use to it. */
export function answeredProblem(status: number): RequestProblem {
  return { status, detail: `the origin answered ${status}` };
}

/** What is said to the client when its origin gave no answer. */
export function originProblem(error: OriginError): { status: number; detail: string; proxyStatus: string } {
  return {
    status: error.status,
    detail: error.detail,
    proxyStatus: formatProxyStatus(PROXY_NAME, { error: error.type }),
  };
}
