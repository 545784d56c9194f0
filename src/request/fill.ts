import { cacheNow } from '../base/clock.ts';
import { USER_FRESH_UNTIL } from '../cache/cache.ts';
import type { FetchSink, Source } from '../fill/fetch.ts';
import { Fill } from '../fill/fill.ts';
import type { LocalFlight } from '../fill/flights.ts';
import { variantName } from '../fill/judge.ts';
import { rangeName } from '../fill/parts.ts';
import { sliceSize } from '../fill/slice-probe.ts';
import { admit } from './admit.ts';
import { giveHints } from './early-hints.ts';
import type { Exchange } from './exchange.ts';
import { passInterim } from './interim.ts';
import { isLoop } from './loop.ts';
import { dropExcessiveRange, planParts, rangeTask } from './parts.ts';
import { PassedAnswer } from './passed.ts';
import { mayAskOrigin } from './refusal.ts';
import { FOLLOW, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

/** Tries to use the cache before a request goes to the origin on its own. */
const MAX_ATTEMPTS = 3;

/**
 * Gets the answer from the origin: by a flight that other requests for the same key share, or, where the answer cannot
 * be shared, on its own.
 */
export function fill(x: Exchange): Step {
  if (!admit(x) || isLoop(x)) return RESPOND;
  if (x.retrieval) dropExcessiveRange(x);
  giveHints(x);
  x.attempts++;
  const shared = x.retrieval && !x.bypass && x.attempts <= MAX_ATTEMPTS;
  if (!shared || x.method === 'HEAD') return pass(x);
  x.range = undefined;
  const plan = x.stale === undefined && x.failure === undefined && !isSliced(x) ? planParts(x) : 'fill';
  if (plan === 'pass') return pass(x);
  if (plan === 'serve') return serveParts(x);
  if (plan !== 'fill') x.range = plan;
  return join(x);
}

/** Whether it is asked for in slices: a range is a matter of slices then, and not of parts. */
function isSliced(x: Exchange): boolean {
  const { key, marker, body } = x;
  if (sliceSize(x.context, { key, marker, client: { policy: x.policyOf(), body } }, x.now) === 0) return false;
  // these two are the origin's matter
  return x.field('range') === '' || (x.field('if-match') === '' && x.field('if-unmodified-since') === '');
}

function serveParts(x: Exchange): Step {
  x.cacheStatus = '';
  x.outcome = 'hit';
  return RESPOND;
}

function pass(x: Exchange): Step {
  if (!mayAskOrigin(x)) return withoutOrigin(x);
  const { stale } = x;
  // what HEAD says of it may bring it up to date
  if (x.method === 'HEAD' && !x.bypass) x.stale = undefined;
  x.releasePins();
  if (x.method === 'HEAD' && !x.bypass) x.stale = stale;
  if (x.outcome === 'none') x.outcome = x.bypass ? 'pass' : 'miss';
  x.detach();
  x.passed = new PassedAnswer(x);
  x.passed.start();
  return WAIT;
}

/** Leads the flight of the key, or follows one that is under way on any thread. */
function join(x: Exchange): Step {
  const { cache, flights, pools } = x.context;
  if (x.marker !== undefined) {
    const { variant = '', vary = [] } = x.marker;
    const { lo, hi } = x.key;
    x.key.set(x.host.prefix, x.target, x.keyParts + variantName(variant, vary, x.headers ?? []));
    if (x.key.lo !== lo || x.key.hi !== hi) x.releaseStale(); // it is of another variant
  }
  if (x.range !== undefined && !x.range.whole) {
    x.key.set(x.host.prefix, x.target, x.keyParts + rangeName(x.field('range')));
  }
  const claim = cache.claim(x.key);
  if (claim.id === 0) return pass(x);
  x.detach();
  const flight = flights.enter(claim);
  flight.clients.add(x);
  x.flight = flight;
  waitForDeadline(x);
  if (claim.leader && x.stale === undefined && isStoredMeanwhile(x)) return standDown(x, flight);
  if (claim.leader && !mayAskOrigin(x)) return standDown(x, flight);
  if (claim.leader) {
    if (x.outcome === 'none') x.outcome = 'miss';
    const task = {
      client: x.clientRequest(),
      key: x.key,
      parts: x.keyParts,
      marker: x.marker,
      stale: x.stale,
      range: x.range && rangeTask(x, x.range),
    };
    x.stale = x.range = undefined;
    x.fill = new Fill(x.context, flight, task, {
      inform: (status, headers) => passInterim(x, status, headers),
      takeOver: (fetch) => takeOver(x, fetch),
      takeRest: (fetch, chunk) => takeRest(x, fetch, chunk),
    });
    x.fill.start(pools.route(x.host.plan.index, task.client));
    return WAIT;
  }
  x.outcome = 'collapsed';
  x.releaseStale();
  return FOLLOW;
}

/** A stale response that may be used does not wait for long. */
function waitForDeadline(x: Exchange): void {
  if (x.stale === undefined || x.late) return;
  const { staleDeadline } = x.policyOf();
  if (staleDeadline > 0 && x.now < x.stale.lateUntil) x.startDeadline(staleDeadline);
}

/** Whether another thread has stored an answer between the look-up and the claim. */
function isStoredMeanwhile(x: Exchange): boolean {
  const { cache } = x.context;
  const id = cache.lookup(x.key);
  const fresh = id !== 0 && cacheNow() < cache.word(id, USER_FRESH_UNTIL);
  cache.unpin();
  return fresh;
}

/** The origin is not to be asked for this client now: a stale response may do, or else the client is told. */
function withoutOrigin(x: Exchange): Step {
  if (x.retrieval && !x.bypass) return LOOKUP;
  x.problem = x.failure;
  return RESPOND;
}

/** There is no need for the flight: its followers, this request among them, look up again. */
function standDown(x: Exchange, flight: LocalFlight): Step {
  x.context.flights.standDown(flight);
  x.leaveFlight();
  return LOOKUP;
}

/** The answer that this request began is not for sharing: it is passed on to this client alone. */
function takeOver(x: Exchange, fetch: Source): FetchSink {
  x.fill = undefined;
  x.leaveFlight();
  x.passed = new PassedAnswer(x, fetch);
  return x.passed;
}

/** The answer outgrew the cache: what is stored of it goes out first, then `chunk` and all that follows. */
function takeRest(x: Exchange, fetch: Source, chunk: Buffer): FetchSink {
  x.fill = undefined;
  x.rest = new PassedAnswer(x, fetch);
  x.rest.hold(chunk);
  return x.rest;
}
