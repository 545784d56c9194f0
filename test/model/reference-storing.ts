/** Storing and lifetimes in the reference model: RFC 9111 sections 3 and 4.2, and what lb's documents choose. */
import type { Governing } from './reference-directives.ts';
import { delta, GREATEST_DELTA, has, httpDate, type Lines, valuesOf, varyNames } from './reference-fields.ts';

/** What a site's configuration says; times in seconds. */
export interface ModelPolicy {
  /** Lifetime of a rule, where the origin gives none, or always with `override`, or over private and no-store with `force`. */
  ruleTtl?: number;
  override?: boolean;
  force?: boolean;
  /** Lifetime of images and the like. */
  autoTtl?: number;
  /** Lifetime of 404 and 410, and of 500, 502, 503 and 504, to which nobody else gives one. */
  negativeTtl?: number;
  errorTtl?: number;
  heuristic: number;
  heuristicMax: number;
  staleWhileRevalidate: number;
  staleIfError: number;
  /** Milliseconds that a refresh may take before what is stale goes out; 0 for any time. */
  staleDeadline: number;
  clientDirectives: boolean;
  storeSetCookie: boolean;
  /** Answers to POST that say so are stored for GET. */
  storePosted: boolean;
  targets: readonly string[];
  maxVariants: number;
}

export const DEFAULT_POLICY: ModelPolicy = {
  autoTtl: 3600,
  heuristic: 0.1,
  heuristicMax: 86400,
  staleWhileRevalidate: 0,
  staleIfError: 3600,
  staleDeadline: 0,
  clientDirectives: false,
  storeSetCookie: false,
  storePosted: false,
  targets: ['lb-cache-control', 'cdn-cache-control', 'surrogate-control'],
  maxVariants: 64,
};

/** An origin's answer as the cache sees it. Times in seconds since 1970, with fractions. */
export interface Arrival {
  status: number;
  lines: Lines;
  sent: number;
  arrived: number;
}

/** What governs, and whether a targeted field says so. */
export type Targeted = Governing & { targeted: boolean };

/** Cacheable by default (RFC 9110 section 15.1). */
const BY_DEFAULT = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501];

/** Statuses to which lb's rules and its lifetime for assets apply. */
const FOR_RULES = [200, 203, 204, 300, 301, 308];

/** Never stored: of one request only, or forbidden by RFC 6585 and 8470; 304 and 206 are no whole responses. */
const NEVER = [206, 304, 400, 407, 408, 413, 425, 428, 429, 431, 511];

/** Final statuses of RFC 9110 section 15, which this cache understands; of those not in it, 451 (RFC 7725). */
const UNDERSTOOD = [
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412,
  414, 415, 416, 417, 421, 422, 451, 500, 501, 502, 503, 504, 505,
];

/** How long a response is fresh. `configured`: from its arrival, whatever its age. */
export interface Lifetime {
  seconds: number;
  configured: boolean;
  /** The configuration goes over the origin. */
  overriding: boolean;
  why: string;
}

/** The origin's own lifetime (RFC 9111 section 4.2.1). */
function explicitLifetime(answer: Arrival, says: Targeted): Lifetime | undefined {
  const own = (seconds: number, why: string) => ({ seconds, configured: false, overriding: false, why });
  if (says.sMaxage !== undefined) return own(says.sMaxage, 's-maxage');
  if (says.maxAge !== undefined) return own(says.maxAge, 'max-age');
  const expires = valuesOf(answer.lines, 'expires');
  if (expires.length === 0 || says.targeted) return undefined;
  const instants = expires.map((text) => httpDate(text, answer.arrived));
  if (instants.includes(undefined)) return own(0, 'an Expires that is no date');
  const earliest = Math.min(...(instants as number[]));
  return own(Math.min(Math.max(earliest - dateOf(answer), 0), GREATEST_DELTA), 'Expires');
}

/** Date; undefined where it is absent, unsound or repeated. */
function receivedDate(answer: Arrival): number | undefined {
  const values = valuesOf(answer.lines, 'date');
  return values.length === 1 ? httpDate(values[0], answer.arrived) : undefined;
}

/** Date, or the arrival where there is none that is sound. */
export function dateOf(answer: Arrival): number {
  return receivedDate(answer) ?? Math.floor(answer.arrived);
}

export function lifetime(answer: Arrival, says: Targeted, policy: ModelPolicy, asset: boolean): Lifetime {
  const configured = (seconds: number, why: string) => ({ seconds, configured: true, overriding: false, why });
  const ruled = policy.ruleTtl !== undefined && FOR_RULES.includes(answer.status);
  if (ruled && overrides(says, policy)) return { ...configured(policy.ruleTtl ?? 0, 'rule'), overriding: true };
  const explicit = explicitLifetime(answer, says);
  if (explicit !== undefined) return explicit;
  const none = (why: string) => ({ seconds: 0, configured: false, overriding: false, why });
  if (says.noCache) return none('no-cache');
  const pragma = valuesOf(answer.lines, 'pragma')[0];
  if (!says.said && !says.targeted && pragma !== undefined && /\bno-cache\b/i.test(pragma)) return none('Pragma');
  if (ruled) return configured(policy.ruleTtl ?? 0, 'rule');
  if (policy.autoTtl !== undefined && asset && FOR_RULES.includes(answer.status)) {
    return configured(policy.autoTtl, 'asset');
  }
  const negative = negativeLifetime(answer.status, policy);
  if (negative !== undefined) return { ...none('configured for errors'), seconds: negative };
  return heuristic(answer, says, policy) ?? none(NOBODY);
}

function overrides(says: Targeted, policy: ModelPolicy): boolean {
  return policy.force === true || (policy.override === true && !says.private && !says.noStore);
}

export const NOBODY = 'nobody says';

function negativeLifetime(status: number, policy: ModelPolicy): number | undefined {
  if (isFailure(status)) return policy.errorTtl;
  return status === 404 || status === 410 ? policy.negativeTtl : undefined;
}

/** Statuses in whose place a stale response may be used (RFC 5861 section 4). */
export function isFailure(status: number): boolean {
  return [500, 502, 503, 504].includes(status);
}

/** A part of the time since Last-Modified (RFC 9111 section 4.2.2). */
function heuristic(answer: Arrival, says: Targeted, policy: ModelPolicy): Lifetime | undefined {
  if (policy.heuristic === 0) return undefined;
  const modified = httpDate(valuesOf(answer.lines, 'last-modified')[0], answer.arrived);
  if (modified === undefined || !(BY_DEFAULT.includes(answer.status) || says.public)) return undefined;
  const seconds = Math.floor((dateOf(answer) - modified) * policy.heuristic);
  return seconds < 0 || dateOf(answer) === modified
    ? undefined
    : { seconds: Math.min(seconds, policy.heuristicMax), configured: false, overriding: false, why: 'heuristic' };
}

/** What a response allows once it is stale. Seconds after its lifetime. */
export interface Staleness {
  swr: number;
  sie: number;
  /** Never to be used stale but by the origin's own leave (RFC 9111 section 4.2.4). */
  strict: boolean;
}

/** RFC 5861; the configuration's windows are for responses that may be used stale and that somebody gave a lifetime. */
export function staleness(
  status: number,
  says: Targeted,
  policy: ModelPolicy,
  { overriding, why }: Lifetime,
): Staleness {
  const never = says.mustRevalidate || says.proxyRevalidate || (says.noCache && !overriding);
  if (never) return { swr: 0, sie: 0, strict: true };
  const strict = says.sMaxage !== undefined;
  // an error never outlives its lifetime
  if ([500, 502, 503, 504].includes(status)) return { swr: 0, sie: 0, strict };
  const own = (seconds: number) => (strict || why === NOBODY || status >= 400 ? 0 : seconds);
  return { swr: says.swr ?? own(policy.staleWhileRevalidate), sie: says.sie ?? own(policy.staleIfError), strict };
}

/** The age at the arrival (RFC 9111 section 4.2.3), in whole seconds of a clock that ticks seconds. */
export function initialAge(answer: Arrival): number {
  const date = receivedDate(answer);
  const apparent = date === undefined ? 0 : Math.max(0, Math.floor(answer.arrived) - date);
  const delay = Math.floor(answer.arrived - answer.sent);
  return Math.min(Math.max(apparent, ageValue(valuesOf(answer.lines, 'age')) + delay), GREATEST_DELTA);
}

/** What Age says; as old as can be where it is unsound or several hops contradict each other. */
export function ageValue(values: readonly string[]): number {
  if (values.length === 0) return 0;
  if (values.length > 1) return GREATEST_DELTA;
  const first = /^([0-9]+)(?:,[0-9,]*)?$/.exec(values[0]);
  return delta(first?.[1]) ?? GREATEST_DELTA;
}

/** Why a shared cache may not store an answer to a GET, or undefined where it may. `isPart`: a part was asked for; `noStore`: so the client wants it. `mine`: it holds for one request only. */
export function refusal(
  answer: Arrival,
  says: Targeted,
  policy: ModelPolicy,
  authorized: boolean,
  isPart: boolean,
  noStore: boolean,
): { why: string; mine: boolean } | undefined {
  const { status, lines } = answer;
  const no = (why: string, mine = false) => ({ why, mine });
  if (NEVER.includes(status) && !isPart) return no(`${status} is never stored`, status === 206);
  if (says.mustUnderstand && !UNDERSTOOD.includes(status)) return no('must-understand');
  if (noStore) return no('the request says no-store', true);
  const forced = policy.force === true && policy.ruleTtl !== undefined && FOR_RULES.includes(status);
  if (says.noStore && !says.mustUnderstand && !forced) return no('no-store');
  if (says.private && !forced) return no('private');
  const shared = says.public || says.mustRevalidate || says.sMaxage !== undefined;
  if (authorized && !shared) return no('Authorization', true);
  if (has(lines, 'set-cookie') && !policy.storeSetCookie && !says.withheld.includes('set-cookie'))
    return no('Set-Cookie');
  if (varyNames(lines) === undefined) return no('Vary: *');
  const given = explicitLifetime(answer, says)?.seconds ?? negativeLifetime(status, policy);
  if (!says.public && given === undefined && !BY_DEFAULT.includes(status)) {
    return no('no lifetime');
  }
  return undefined;
}
