import { fromCacheTime, toCacheTime } from '../base/clock.ts';
import { NO_BAN } from '../cache/cache.ts';
import { combineHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { selectDirectives } from '../http/targeted.ts';
import type { CachePolicy } from '../site/plan.ts';
import { type Entry, isConfirmed, isCut } from './entry.ts';
import type { FreshnessPart, Term } from './types.ts';

/** The times of a stored response that decide about its use, in cache time. */
export interface Times {
  born: number;
  /** Where a purge made it stale, at most now. */
  freshUntil: number;
  /** no-cache: each use needs a validation. */
  validatedEach: boolean;
}

/** Whatever lasts longer ends there. */
const END = toCacheTime(Number.POSITIVE_INFINITY);

/** Seconds that are left of the lifetime; negative once it is over. */
export function remainingOf({ freshUntil, validatedEach }: Times, now: number): number {
  return validatedEach ? 0 : freshUntil - now;
}

/** @param now cache time */
export function describeFreshness(
  entry: Entry,
  judgement: Judgement,
  times: Times,
  policy: CachePolicy,
  request: HeaderList,
  now: number,
): FreshnessPart {
  const { meta } = entry;
  return {
    terms: terms(entry, judgement, times, now),
    governed_by: selectDirectives(entry.headers, policy.targets).targetedBy ?? 'cache-control',
    fresh: now < times.freshUntil,
    remaining: remainingOf(times, now),
    fresh_until: times.validatedEach ? null : isoTime(fromCacheTime(times.freshUntil)),
    stale_while_revalidate: meta.swr ?? 0,
    stale_if_error: meta.sie ?? 0,
    client_directives: policy.clientDirectives ? directivesOf(request) : null,
  };
}

function directivesOf(request: HeaderList): string | null {
  return combineHeader(request, 'cache-control') ?? combineHeader(request, 'pragma') ?? null;
}

function terms(entry: Entry, judgement: Judgement, times: Times, now: number): Term[] {
  const age = now - times.born;
  const confirmed = isConfirmed(entry, judgement);
  const start = confirmed ? confirmedTerms(entry) : arrivalTerms(entry, judgement);
  const initial = confirmed ? 0 : judgement.age.correctedInitialAge;
  return [
    ...start,
    term('resident_time', age - initial, confirmed ? 'now - the last confirmation' : 'now - response_time'),
    term('current_age', age, confirmed ? 'resident_time' : 'corrected_initial_age + resident_time'),
    ...lifetimeTerms(entry, judgement, confirmed, remainingOf(times, now)),
  ];
}

/** RFC 9111 section 4.2.3. */
function arrivalTerms({ meta, headers }: Entry, { age }: Judgement): Term[] {
  const { ageValue, apparentAge, responseDelay, correctedAgeValue, correctedInitialAge } = age;
  return [
    term('response_time', isoTime(meta.arrived), 'when the head arrived'),
    term('date_value', isoTime(meta.date), 'Date, or the arrival where there is none'),
    term('age_value', ageValue, hasHeader(headers, 'age') ? 'Age' : 'no Age'),
    term('apparent_age', apparentAge, 'max(0, response_time - date_value)'),
    term('response_delay', responseDelay, 'response_time - request_time'),
    term('corrected_age_value', correctedAgeValue, 'age_value + response_delay'),
    term('corrected_initial_age', correctedInitialAge, 'max(apparent_age, corrected_age_value)'),
  ];
}

/** The entry was stored before, and a 304 with no other fields has begun its age anew. */
function confirmedTerms({ meta, born }: Entry): Term[] {
  return [
    term('response_time', isoTime(meta.arrived), 'when the head arrived'),
    term('confirmed', isoTime(fromCacheTime(born)), 'a 304 has confirmed it since: its age counts from there'),
  ];
}

function lifetimeTerms(
  entry: Entry,
  { freshness, alwaysRevalidate }: Judgement,
  confirmed: boolean,
  remaining: number,
): Term[] {
  const { lifetime, source, detail } = freshness;
  const configured = source === 'rule' || source === 'auto';
  const given = term('freshness_lifetime', lifetime, configured ? `${detail}, from the arrival on` : detail);
  if (alwaysRevalidate) return [given, term('remaining', remaining, 'no-cache: each use needs a validation')];
  if ((!confirmed && isCut(entry)) || entry.ban !== NO_BAN)
    return [given, term('remaining', remaining, 'a purge marked it stale')];
  if (entry.freshUntil === END) {
    return [given, term('remaining', remaining, `lb counts no further than ${isoTime(fromCacheTime(END))}`)];
  }
  const spent = configured && !confirmed ? 'resident_time' : 'current_age';
  return [given, term('remaining', remaining, `freshness_lifetime - ${spent}`)];
}

function term(name: string, value: number | string, how: string): Term {
  return { name, value, how };
}

/** @param seconds since 1970 */
export function isoTime(seconds: number | undefined): string {
  return seconds === undefined ? 'unknown' : new Date(seconds * 1000).toISOString();
}
