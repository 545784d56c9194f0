import { MAX_DELTA_SECONDS, parseDeltaSeconds } from './cache-control.ts';

/** The terms of RFC 9111 section 4.2.3, in seconds. */
export interface InitialAge {
  /** How long ago Date says that the response was made. */
  apparentAge: number;
  /** What the Age field said, 0 without one, MAX_DELTA_SECONDS for an invalid one. */
  ageValue: number;
  /** How long the exchange with the origin took. */
  responseDelay: number;
  /** ageValue + responseDelay. */
  correctedAgeValue: number;
  /** The age when the response arrived: the greater of apparentAge and correctedAgeValue. */
  correctedInitialAge: number;
}

/**
 * The Age field's value in seconds from its lines; 0 where there is none.
 *
 * Of a list the first member counts (RFC 9111 section 5.1). An invalid value makes the response as old as can be rather
 * than being ignored, and so do several lines, also when an earlier hop joined them by a comma and a space: two hops
 * disagree about who counts.
 */
export function parseAge(lines: readonly string[]): number {
  if (lines.length === 0) return 0;
  if (lines.length > 1) return MAX_DELTA_SECONDS;
  const line = lines[0];
  const comma = line.indexOf(',');
  if (comma >= 0 && !/^[\d,]+$/.test(line)) return MAX_DELTA_SECONDS;
  const seconds = parseDeltaSeconds(comma < 0 ? line : line.slice(0, comma));
  return seconds < 0 ? MAX_DELTA_SECONDS : seconds;
}

/**
 * The age of a response at its arrival (RFC 9111 section 4.2.3).
 *
 * @param date the Date field in seconds since 1970; NaN (absent or invalid) counts as the time of arrival
 * @param ageValue as from parseAge
 * @param requestTime when the request was sent, seconds since 1970, may have a fraction
 * @param responseTime when the response head arrived, likewise
 */
export function initialAge(date: number, ageValue: number, requestTime: number, responseTime: number): InitialAge {
  const apparentAge = Number.isNaN(date) ? 0 : Math.max(0, Math.floor(responseTime) - date);
  const responseDelay = Math.max(0, Math.floor(responseTime - requestTime));
  const correctedAgeValue = Math.min(ageValue + responseDelay, MAX_DELTA_SECONDS);
  const correctedInitialAge = Math.min(Math.max(apparentAge, correctedAgeValue), MAX_DELTA_SECONDS);
  return { apparentAge, ageValue, responseDelay, correctedAgeValue, correctedInitialAge };
}

/** The age at `now` in whole seconds: the initial age and the time in this cache (RFC 9111 section 4.2.3), never negative. */
export function currentAge(correctedInitialAge: number, responseTime: number, now: number): number {
  return correctedInitialAge + Math.max(0, Math.floor(now - responseTime));
}
