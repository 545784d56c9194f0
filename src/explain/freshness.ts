import { fromCacheTime, toCacheTime } from '../base/clock.ts';
import { NO_BAN } from '../cache/cache.ts';
import type { Freshness, FreshnessSource } from '../http/freshness.ts';
import { combineHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { selectDirectives } from '../http/targeted.ts';
import type { CachePolicy } from '../site/plan.ts';
import { type Entry, isConfirmed, isCut } from './entry.ts';
import type { FreshnessPart, PolicyLine, Term } from './types.ts';

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

/** What a request is asked under. */
export interface Asked {
  headers: HeaderList;
  policy: CachePolicy;
  settings: readonly PolicyLine[];
  /** Cache time. */
  now: number;
}

export function describeFreshness(entry: Entry, judgement: Judgement, times: Times, asked: Asked): FreshnessPart {
  const { meta } = entry;
  const { headers, policy, now } = asked;
  return {
    terms: terms(entry, judgement, times, asked),
    governed_by: selectDirectives(entry.headers, policy.targets).targetedBy ?? 'cache-control',
    fresh: now < times.freshUntil,
    remaining: remainingOf(times, now),
    fresh_until: times.validatedEach ? null : isoTime(fromCacheTime(times.freshUntil)),
    stale_while_revalidate: meta.swr ?? 0,
    stale_if_error: meta.sie ?? 0,
    client_directives: policy.clientDirectives ? directivesOf(headers) : null,
  };
}

function directivesOf(request: HeaderList): string | null {
  return combineHeader(request, 'cache-control') ?? combineHeader(request, 'pragma') ?? null;
}

function terms(entry: Entry, judgement: Judgement, times: Times, { settings, now }: Asked): Term[] {
  const age = now - times.born;
  const confirmed = isConfirmed(entry, judgement);
  const start = confirmed ? confirmedTerms(entry) : arrivalTerms(entry, judgement);
  const initial = confirmed ? 0 : judgement.age.correctedInitialAge;
  return [
    ...start,
    term('resident_time', age - initial, confirmed ? 'now - the last confirmation' : 'now - response_time'),
    term('current_age', age, confirmed ? 'resident_time' : 'corrected_initial_age + resident_time'),
    lifetimeTerm(judgement.freshness, settings),
    remainingTerm(entry, judgement, confirmed, remainingOf(times, now)),
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

/** The settings behind lifetimes that the origin does not give. */
const SETTINGS: Readonly<Partial<Record<FreshnessSource, string>>> = {
  rule: 'ttl',
  auto: 'auto_ttl',
  negative: 'negative_ttl',
  error: 'error_ttl',
  heuristic: 'heuristic',
};

/** A configured lifetime says how long lb keeps a response, whatever its age at the arrival. */
function isConfigured({ source }: Freshness): boolean {
  return source === 'rule' || source === 'auto';
}

function lifetimeTerm(freshness: Freshness, settings: readonly PolicyLine[]): Term {
  const { lifetime, source, detail } = freshness;
  const name = SETTINGS[source];
  const line = name === undefined ? undefined : settings.find(({ setting }) => setting.endsWith(`.${name}`));
  const place = line === undefined ? '' : ` (${line.setting}, ${line.from === 'default' ? 'by default' : line.from})`;
  return term(
    'freshness_lifetime',
    lifetime,
    `${detail}${place}${isConfigured(freshness) ? ', from the arrival on' : ''}`,
  );
}

function remainingTerm(
  entry: Entry,
  { freshness, alwaysRevalidate }: Judgement,
  confirmed: boolean,
  remaining: number,
): Term {
  const left = (how: string): Term => term('remaining', remaining, how);
  if (alwaysRevalidate) return left('no-cache: each use needs a validation');
  if ((!confirmed && isCut(entry)) || entry.ban !== NO_BAN) return left('a purge marked it stale');
  if (entry.freshUntil === END) return left(`lb counts no further than ${isoTime(fromCacheTime(END))}`);
  return left(`freshness_lifetime - ${isConfigured(freshness) && !confirmed ? 'resident_time' : 'current_age'}`);
}

function term(name: string, value: number | string, how: string): Term {
  return { name, value, how };
}

/** @param seconds since 1970 */
export function isoTime(seconds: number | undefined): string {
  return seconds === undefined ? 'unknown' : new Date(seconds * 1000).toISOString();
}
